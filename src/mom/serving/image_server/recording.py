"""A network's work for a GPU, recorded once for inputs of a shape and then given to it whole: CUDA graphs.

A step of Stable Diffusion's UNet is a thousand small kernels. To launch them one by one took a CPU 37 to 50 ms beside an H200,
which had done its own part long before.
"""

import functools
import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import torch
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

from mom.serving.image_server.hardware import Hardware
from mom.serving.image_server.loading import denoiser_of, first_line
from mom.serving.image_server.options import EngineOptions
from mom.serving.image_server.preview import decoding_dtype

log = logging.getLogger(__name__)

MOST_KEPT = 8
# Numbers of the first input: the latents of four pictures of 512 px, or one of 1,024. More keeps a GPU busy by itself,
# and what is recorded keeps its memory.
LARGEST = 4 * 4 * 64 * 64

Run = Callable[..., Any]
# Takes what is to be recorded and gives its result, which each call of what it gives beside it computes anew.
Record = Callable[[Callable[[], Any]], tuple[Any, Callable[[], None]]]


@dataclass(frozen=True, slots=True)
class Recording:
    inputs: list[torch.Tensor]
    result: Any
    replay: Callable[[], None]


class Recordings:
    """Of the networks of one pipeline. For one thread; what is recorded is void where weights move.

    `failure` says why nothing is recorded any more, or is empty.
    """

    def __init__(self, device: torch.device, record: Record) -> None:
        self.failure = ""
        self._is_paused = False
        self._device = device.type
        self._record = record
        self._kept: OrderedDict[Hashable, Recording | None] = OrderedDict()

    def of(self, network: str, run: Run) -> Run:
        """`run` as it is where it is first met with inputs of a shape, which chooses its kernels; recorded from then on."""

        @functools.wraps(run)
        def recorded(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            leaves, form = tree_flatten((arguments, named))
            tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
            if self.failure or self._is_paused or not self._suit(tensors):
                return run(*arguments, **named)
            key = (network, form, tuple(map(_key_of, leaves)))
            if key not in self._kept:
                self._keep(key, None)
                return run(*arguments, **named)
            kept = self._kept[key]
            if kept is None:
                kept = self._make(run, leaves, form)
                if kept is None:
                    return run(*arguments, **named)
            self._keep(key, kept)
            for place, given in zip(kept.inputs, tensors, strict=True):
                place.copy_(given)
            kept.replay()
            return tree_map(_own, kept.result)

        return recorded

    def forget(self) -> bool:
        """Gives back the memory. Was there any?"""
        held = any(self._kept.values())
        self._kept.clear()
        return held

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Everything is run as it is meanwhile: what is recorded takes memory of its own."""
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False

    def _suit(self, tensors: list[torch.Tensor]) -> bool:
        return (
            bool(tensors)
            and tensors[0].numel() <= LARGEST
            and all(each.device.type == self._device for each in tensors)
        )

    def _keep(self, key: Hashable, recording: Recording | None) -> None:
        self._kept[key] = recording
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def _make(self, run: Run, leaves: list[Any], form: Any) -> Recording | None:  # noqa: ANN401
        """None where it fails: from then on everything is run as it is."""
        places = [leaf.clone() if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
        arguments, named = tree_unflatten(places, form)
        try:
            result, replay = self._record(lambda: run(*arguments, **named))
        except RuntimeError as error:  # a GPU's memory that is used up is one of these, too
            log.warning("the networks' work cannot be recorded", exc_info=error)
            self.failure = first_line(error)
            self.forget()
            return None
        return Recording([place for place in places if isinstance(place, torch.Tensor)], result, replay)


class GraphRecorder:
    """Records CUDA graphs, which share the memory that they compute in."""

    def __init__(self, device: torch.device) -> None:
        self._device, self._stream = device, torch.cuda.Stream(device)
        self._graphs: WeakSet[torch.cuda.CUDAGraph] = WeakSet()

    def __call__(self, run: Callable[[], Any]) -> tuple[Any, Callable[[], None]]:
        # Memory to share is one that lives: once all its graphs are gone, CUDACachingAllocator.cpp refuses it for ever.
        living = next(iter(self._graphs), None)
        pool, graph = living.pool() if living else None, torch.cuda.CUDAGraph()
        # Both on the networks' own device: of a capture on another one the graph is empty, and replays change nothing.
        with (
            torch.cuda.device(self._device),
            torch.cuda.graph(graph, pool=pool, stream=self._stream, capture_error_mode="thread_local"),
        ):
            result = run()
        self._graphs.add(graph)
        return result, graph.replay


def record_networks(
    pipeline: Any,  # noqa: ANN401 -- diffusers is untyped
    tiny: Any,  # noqa: ANN401 -- diffusers is untyped
    hardware: Hardware,
    options: EngineOptions,
) -> Recordings | None:
    """Those of the pipeline, and the tiny decoder, where a GPU computes them."""
    if hardware.device.type != "cuda" or options.graphs == "off":
        return None
    recordings = Recordings(hardware.device, GraphRecorder(hardware.device))
    networks = {"denoiser": denoiser_of(pipeline)}
    if decoding_dtype(pipeline.vae) is pipeline.vae.dtype:  # else its weights are moved for each decoding
        networks["decoder"] = pipeline.vae.decoder
    if tiny is not None:
        networks["tiny decoder"] = tiny.decoder
    for name, network in networks.items():
        network.forward = recordings.of(name, network.forward)
    return recordings


def _key_of(leaf: Any) -> Hashable:  # noqa: ANN401
    return (leaf.shape, leaf.dtype, leaf.stride()) if isinstance(leaf, torch.Tensor) else leaf


def _own(leaf: Any) -> Any:  # noqa: ANN401
    return leaf.clone() if isinstance(leaf, torch.Tensor) else leaf
