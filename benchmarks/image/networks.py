"""Each network alone, in the process settings and memory format of the image server, and what the machine can do at most.

Run by `benchmarks.image` in a process of its own. The rate is the best of the matrix products and convolutions that the
UNet is made of at its three widths; work is counted on the meta device, at 2 floating point
operations per multiply-add, of the networks as they are written, however their layers are quickened. On a GPU, where one
such product takes microseconds, the rate is of many in a row, and a product that fills the whole chip is among them.
"""

import json
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.image.asked import Asked
from mom.serving.image_server.checkpoint import find_checkpoint
from mom.serving.image_server.hardware import choose_hardware
from mom.serving.image_server.loading import load_pipeline, load_tiny_autoencoder
from mom.serving.image_server.options import EngineOptions
from mom.serving.image_server.preview import choose_preview, make_jpeg
from mom.serving.image_server.quickening import choose_attention, quicken
from mom.serving.image_server.recording import record_networks
from mom.serving.programs import usable_cores

PRODUCTS = ((4096, 320, 2560), (1024, 640, 5120), (256, 1280, 10240))  # rows, inner, columns: its feed-forward layers
CONVOLUTIONS = ((320, 64), (640, 32), (1280, 16))  # channels, side: its residual blocks
LARGE_PRODUCT = (8192, 8192, 8192)  # for a GPU
RATE_ROUNDS, IN_A_ROW_ON_GPU = 8, 50
TEXT_TOKENS, GUIDANCE_WIDTH = 77, 256


class Bench:
    """One loaded pipeline, its networks asked one by one."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        checkpoint = find_checkpoint(asked.model)
        torch.set_num_threads(usable_cores())
        options = EngineOptions.from_pairs(asked.options)
        self._hardware = choose_hardware(options, checkpoint.unet_bytes)
        self._pipeline = load_pipeline(checkpoint, self._hardware)
        with torch.inference_mode():
            quicken(self._pipeline, checkpoint.family, self._hardware, options)
            record_networks(self._pipeline, None, self._hardware, options)
        self._attention = choose_attention(self._hardware, options) or nullcontext()
        self._device, self._dtype = self._hardware.device, self._hardware.dtype
        side = asked.size // 8
        self._latents = self._fill(1, 4, side, side)

    def measure(self) -> dict[str, Any]:
        measures: dict[str, Callable[[], dict[str, Any]]] = {
            "rate": self._rate, "text": self._text, "unet": self._unet, "vae": self._vae, "taesd": self._taesd,
            "preview": self._preview,
        }  # fmt: skip
        with torch.inference_mode(), self._attention:
            return {name: measures[name]() for name in self._asked.parts}

    def _rate(self) -> dict[str, Any]:
        best: dict[str, float] = {}
        is_gpu = self._device.type == "cuda"
        for rows, inner, columns in (*PRODUCTS, LARGE_PRODUCT) if is_gpu else PRODUCTS:
            left, right = self._fill(rows, inner), self._fill(columns, inner)
            seconds = self._time_one(lambda left=left, right=right: torch.nn.functional.linear(left, right))
            best[f"{rows}x{inner}x{columns}"] = 2 * rows * inner * columns / seconds
        for channels, side in CONVOLUTIONS:
            kernel = self._fill(channels, channels, 3, 3).to(memory_format=torch.channels_last)
            picture = self._fill(1, channels, side, side).to(memory_format=torch.channels_last)
            seconds = self._time_one(lambda picture=picture, kernel=kernel: torch.conv2d(picture, kernel, padding=1))
            best[f"3x3 of {channels} at {side}x{side}"] = 2 * 9 * channels**2 * side**2 / seconds
        rates = {name: round(rate / 1e9) for name, rate in best.items()}
        return {"gflop_per_s": max(rates.values()), "dtype": self._dtype_name, "shapes": rates}

    def _time_one(self, do: Callable[[], object]) -> float:
        """The best seconds for one."""
        many = IN_A_ROW_ON_GPU if self._device.type == "cuda" else 1

        def do_many() -> None:
            for _ in range(many):
                do()

        return min(self._time(do_many, RATE_ROUNDS)) / many

    def _text(self) -> dict[str, Any]:
        tokens = torch.ones(1, TEXT_TOKENS, dtype=torch.long, device=self._device)
        return self._alone(self._pipeline.text_encoder, lambda network, to: network(tokens.to(to)))

    def _unet(self) -> dict[str, Any]:
        unet = self._pipeline.unet
        words, guidance = self._fill(1, TEXT_TOKENS, unet.config.cross_attention_dim), self._fill(1, GUIDANCE_WIDTH)
        moment = torch.tensor([499], device=self._device)
        return self._alone(
            unet,
            lambda network, to: network(
                self._latents.to(to), moment.to(to), words.to(to), timestep_cond=guidance.to(to), return_dict=False
            ),
        )

    def _vae(self) -> dict[str, Any]:
        return self._alone(self._pipeline.vae, lambda network, to: network.decode(self._latents.to(to)))

    def _taesd(self) -> dict[str, Any]:
        tiny = load_tiny_autoencoder(self._asked.taesd, self._hardware)
        return self._alone(tiny, lambda network, to: network.decode(self._latents.to(to)))

    def _preview(self) -> dict[str, Any]:
        linear = choose_preview(self._pipeline.vae)
        tiny = choose_preview(self._pipeline.vae, load_tiny_autoencoder(self._asked.taesd, self._hardware))
        found = {
            "kind": linear.kind,
            "s": statistics.median(self._time(lambda: make_jpeg(linear.colours(self._latents)()), 20)),
        }
        by_tiny = statistics.median(self._time(lambda: make_jpeg(tiny.colours(self._latents)()), self._asked.rounds))
        return found | {"by_taesd_s": by_tiny}

    def _alone(self, network: Any, ask: Callable[[Any, torch.device], object]) -> dict[str, Any]:  # noqa: ANN401 -- diffusers is untyped
        began = time.perf_counter()
        ask(network, self._device)  # reads the weights from the disk, and lets kernels be chosen
        self._synchronize()
        first_s = time.perf_counter() - began
        seconds = self._time(lambda: ask(network, self._device), self._asked.rounds)
        return {
            "s": statistics.median(seconds),
            "best_s": min(seconds),
            "first_s": first_s,
            "flop": count(network, ask),
        }

    def _time(self, do: Callable[[], object], rounds: int) -> list[float]:
        seconds = []
        for _ in range(rounds):
            self._synchronize()
            began = time.perf_counter()
            do()
            self._synchronize()
            seconds.append(time.perf_counter() - began)
        return seconds

    def _synchronize(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize()

    def _fill(self, *shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(self._device, self._dtype)

    @property
    def _dtype_name(self) -> str:
        return str(self._dtype).removeprefix("torch.")


def count(network: Any, ask: Callable[[Any, torch.device], object]) -> int:  # noqa: ANN401 -- diffusers is untyped
    """Floating point operations of one pass."""
    meta = torch.device("meta")
    with meta:
        twin = (
            type(network)(network.config)
            if hasattr(network, "embeddings")
            else type(network).from_config(network.config)
        )
    twin = twin.to(network.dtype)
    with FlopCounterMode(display=False) as counter:
        ask(twin, meta)
    return counter.get_total_flops()


if __name__ == "__main__":
    print(json.dumps(Bench(Asked.from_command_line()).measure()))
