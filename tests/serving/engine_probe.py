"""A program that asks the engine itself, and prints what it found as JSON: `python engine_probe.py FOLDER torch|openvino`.

It is no test, because diffusers warns when it is imported, and here warnings are errors.
"""

import io
import json
import math
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from PIL import Image, ImageChops
from torch.utils._pytree import tree_leaves

from mom.errors import PartBrokenError
from mom.serving.image_server.checkpoint import find_checkpoint
from mom.serving.image_server.config import ServerConfig
from mom.serving.image_server.denoising import count_schedule
from mom.serving.image_server.drawing import (
    DrawingStoppedError,
    Drawn,
    NotEnoughMemoryError,
    PictureSpec,
    StepDone,
    Tell,
)
from mom.serving.image_server.engine import DiffusersEngine
from mom.serving.image_server.engines import load_engine
from mom.serving.image_server.memory import is_out_of_memory
from mom.serving.image_server.preview import fit_matrix
from mom.serving.image_server.recording import Recordings, Run

TRUTH = torch.tensor([[0.1, 0.0, 0.05], [0.0, 0.1, 0.0], [0.02, 0.0, -0.1], [0.0, -0.05, 0.03], [0.1, -0.1, 0.2]])
APPLES_WORDS = (
    "MPS backend out of memory (MPS allocated: 17.71 GiB, other allocations: 1.20 GiB, max allowed: 18.13 GiB).",
    "Invalid buffer size: 20.25 GiB",
)
SPEC = PictureSpec(prompt="a red circle", seed=1, steps=2, width=64, height=64)


def _each_step(steps: list[int]) -> Tell:
    return lambda _, told: steps.append(told.step) if isinstance(told, StepDone) else None


def draw(engine: DiffusersEngine, *specs: PictureSpec) -> list[Drawn]:
    """The finished pictures, in the specs' order."""
    drawn: dict[int, Drawn] = {}
    engine.draw(
        specs, check=lambda: None, tell=lambda i, told: drawn.update({i: told} if isinstance(told, Drawn) else {})
    )
    return [drawn[number] for number in range(len(specs))]


def count_checks(engine: DiffusersEngine) -> dict[str, int]:
    """How often the engine asks whether to go on, within steps and after the last."""
    checks: list[int] = []
    steps: list[int] = [0]
    engine.draw([SPEC], check=lambda: checks.append(steps[-1]), tell=_each_step(steps))
    return {"within_first_step": checks.count(0), "while_decoding": checks.count(SPEC.steps)}


def stop_at(engine: DiffusersEngine, number: int) -> list[int]:
    """The steps that were told of before the `number`th check stopped the drawing."""
    steps: list[int] = []
    checks = iter(range(1, 10_000))

    def check() -> None:
        if next(checks) == number:
            raise DrawingStoppedError

    try:
        engine.draw([SPEC], check=check, tell=_each_step(steps))
    except DrawingStoppedError:
        return steps
    raise AssertionError("the drawing went on")


def fit_known_matrix(truth: torch.Tensor) -> torch.Tensor:
    """The fitted preview for a decoder that is linear: with `truth` (5, 3), whose last row is the bias."""

    def decode(latents: torch.Tensor, **_: Any) -> tuple[torch.Tensor]:
        colours = torch.einsum("bchw,cr->brhw", latents, truth[:4]) + truth[4][:, None, None]
        return (torch.nn.functional.interpolate(colours, scale_factor=4),)

    config = SimpleNamespace(latent_channels=4, scaling_factor=1.0, shift_factor=None)
    vae = SimpleNamespace(config=config, decode=decode, dtype=torch.float32, parameters=lambda: iter([torch.zeros(1)]))
    return fit_matrix(vae)


def draw_without_numbers(engine: DiffusersEngine) -> str:
    """What is said of a picture that is none."""
    hook = engine.pipeline.vae.decoder.register_forward_hook(lambda _module, _inputs, pixels: pixels * math.nan)
    try:
        draw(engine, SPEC)
    except PartBrokenError as error:
        return error.message
    finally:
        hook.remove()
    return "drawn"


def draw_together_and_alone(engine: DiffusersEngine) -> float:
    """The largest difference, of 255, between pictures drawn in one batch and one by one."""
    specs = [replace(SPEC, prompt=prompt, seed=seed) for prompt, seed in (("a red circle", 1), ("a blue square", 2))]
    together, alone = draw(engine, *specs), [draw(engine, spec)[0] for spec in specs]
    return max(apart(one.png, other.png) for one, other in zip(together, alone, strict=True))


def apart(one: bytes, other: bytes) -> float:
    difference = ImageChops.difference(Image.open(io.BytesIO(one)), Image.open(io.BytesIO(other)))
    return max(highest for _, highest in difference.getextrema())


@contextmanager
def memory_for(module: Any, limit: int) -> Iterator[None]:
    """The allocator's own refusal, as soon as `module` is asked to work on more than `limit` numbers."""

    def refuse(_module: object, inputs: tuple[torch.Tensor, ...]) -> None:
        if inputs[0].numel() > limit:
            torch.empty(2**50)

    hook = module.register_forward_pre_hook(refuse)
    try:
        yield
    finally:
        hook.remove()


def run_out_of_memory(engine: DiffusersEngine) -> dict[str, Any]:
    large = replace(SPEC, width=128, height=128)
    whole, (sides) = draw(engine, large)[0], 4 * (128 // 4) ** 2
    with memory_for(engine.pipeline.vae.decoder, sides - 1):
        tiled = draw(engine, large)[0]
    refused = []
    for module, limit, specs in (
        (engine.pipeline.vae.decoder, 10, [large]),
        (engine.pipeline.unet, 10, [large]),
        (engine.pipeline.unet, 4 * 16 * 16, [SPEC, SPEC]),
    ):
        with memory_for(module, limit):
            try:
                draw(engine, *specs)
            except NotEnoughMemoryError:
                refused.append(True)
    return {
        "tiled_apart": apart(whole.png, tiled.png),
        "refused": refused,
        "whole_again": draw(engine, large)[0].png == whole.png,
    }


def run_out_of_memory_beside_recordings(engine: DiffusersEngine) -> dict[str, Any]:
    """Each network in turn fits only as long as nothing is recorded; a stand-in records, as CUDA graphs need a GPU.

    The steps that were told of, and whether the picture is the one that is drawn without recordings.
    """
    unet, spec, found = engine.pipeline.unet, replace(SPEC, steps=4), {}
    wanted = draw(engine, spec)[0].png
    for name, network in (("unet", unet), ("decoder", engine.pipeline.vae.decoder)):
        recordings, told = Recordings(torch.device("cpu"), _record_anew), []
        own, engine._recordings = unet.forward, recordings
        unet.forward = recordings.of("denoiser", own)
        hook = network.register_forward_pre_hook(
            lambda _module, _inputs, held=recordings._kept: torch.empty(2**50) if any(held.values()) else None
        )
        try:
            engine.draw([spec], check=lambda: None, tell=lambda _, event, told=told: told.append(event))
            found[name] = [[each.step for each in told[:-1]], told[-1].png == wanted]
        except NotEnoughMemoryError:
            found[name] = "refused"
        finally:
            hook.remove()
            unet.forward, engine._recordings = own, None
    return found


def _record_anew(run: Run) -> tuple[Any, Callable[[], None]]:
    result = run()

    def replay() -> None:
        for place, new in zip(tree_leaves(result), tree_leaves(run()), strict=True):
            place.copy_(new)

    return result, replay


def ask_for_too_much_memory() -> RuntimeError:
    try:
        torch.empty(2**50)
    except RuntimeError as error:
        return error
    raise AssertionError("there was enough")


def draw_as_for_a_gpu(engine: DiffusersEngine) -> dict[str, Any]:
    """What of the CPU's work is done beside the drawing there: the same pictures and previews, told in the same order?"""
    specs = [SPEC, replace(SPEC, seed=2)]

    def told() -> list[list[StepDone | Drawn]]:
        events: list[list[StepDone | Drawn]] = [[], []]
        engine.draw(specs, check=lambda: None, tell=lambda number, event: events[number].append(event))
        return events

    here = told()
    own, engine._device = engine._device, torch.device("mps")
    there = told()
    engine._device = own
    return {
        "same_steps": [each[:-1] for each in here] == [each[:-1] for each in there],
        "apart": max(apart(one[-1].png, other[-1].png) for one, other in zip(here, there, strict=True)),
    }


def tells_a_step_within_the_next(engine: DiffusersEngine) -> bool:
    """Beside a GPU's drawing a step is told once the next was launched: at the third, the first one has to be known."""
    first_is_told, known, calls = threading.Event(), [], count(1)

    def tell(_number: int, event: StepDone | Drawn) -> None:
        if isinstance(event, StepDone) and event.step == 1:
            first_is_told.set()

    hook = engine.pipeline.unet.register_forward_pre_hook(
        lambda _module, _inputs: known.append(first_is_told.wait(20)) if next(calls) == 3 else None
    )
    own, engine._device = engine._device, torch.device("mps")
    with hook:
        engine.draw([replace(SPEC, steps=3)], check=lambda: None, tell=tell)
    engine._device = own
    return known == [True]


def free_memory_of_apples_gpu(engine: DiffusersEngine) -> int:
    """How often it is asked to, by an engine that is on one."""
    asked: list[bool] = []
    torch.mps.empty_cache = lambda: asked.append(True)
    own, engine._device = engine._device, torch.device("mps")
    engine._free_memory()
    engine._device = own
    return len(asked)


if __name__ == "__main__":
    folder, kind = sys.argv[1:]
    kept = str(Path(folder).with_name("conversions"))
    config = ServerConfig(
        port=0, model=folder, model_name="tiny", api_key="", options={"engine": kind}, conversions_folder=kept
    )
    engine = load_engine(config, find_checkpoint(folder))
    before = draw(engine, SPEC)[0].png
    findings = {
        "kind": kind,
        "checks": count_checks(engine),
        "steps_before_stop": [stop_at(engine, number) for number in (1, 2, 4)],
        "same_after_stops": draw(engine, SPEC)[0].png == before,
        "remembers_the_prediction": engine.pipeline.scheduler.denoised is not None,
        "fit_error": float((fit_known_matrix(TRUTH) - TRUTH).abs().max()),
        "fit_without_numbers": float(fit_known_matrix(TRUTH * math.nan).abs().max()),
        "drawn_without_numbers": draw_without_numbers(engine),
        "knows_out_of_memory": [
            is_out_of_memory(error)
            for error in (ask_for_too_much_memory(), *map(RuntimeError, APPLES_WORDS), RuntimeError("of another size"))
        ],
        "frees_apples_gpu": free_memory_of_apples_gpu(engine),
        "as_for_a_gpu": draw_as_for_a_gpu(engine),
        "tells_in_time": tells_a_step_within_the_next(engine),
        "batch_apart": draw_together_and_alone(engine),
        "out_of_memory": run_out_of_memory(engine),
        "out_of_memory_beside_recordings": run_out_of_memory_beside_recordings(engine),
        "schedules": all(int(count_schedule(n, s / 100) * s / 100) == n for n in range(1, 9) for s in range(20, 101)),
        "default_size": engine.abilities.default_size,
    }
    print(json.dumps(findings))
