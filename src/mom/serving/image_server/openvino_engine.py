"""Loads a model to be drawn with by OpenVINO: converted and compared with PyTorch once, opened from the disk ever after."""

import gc
import io
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from diffusers import AutoencoderKL
from diffusers.configuration_utils import FrozenDict
from PIL import Image
from safetensors.torch import load_file

from mom.serving.image_server.checkpoint import Checkpoint
from mom.serving.image_server.config import ServerConfig
from mom.serving.image_server.conversions import Conversions, Verdict
from mom.serving.image_server.drawing import Drawn, PictureSpec, StepDone, StopCheck
from mom.serving.image_server.engine import DiffusersEngine
from mom.serving.image_server.hardware import Hardware, count_cores
from mom.serving.image_server.loading import load_pipeline, load_tiny_autoencoder
from mom.serving.image_server.openvino_conversion import (
    CONFIGS,
    DECODER,
    ENCODER,
    TEXT_ENCODERS,
    UNET,
    VAE_REST,
    convert_pipeline,
)
from mom.serving.image_server.openvino_networks import OpenVinoNetwork, OpenVinoTextEncoder, OpenVinoUNet
from mom.serving.image_server.openvino_quiet import openvino
from mom.serving.image_server.options import EngineOptions
from mom.serving.image_server.unfit import UnfitError

log = logging.getLogger(__name__)

NAME_AND_VERSION = f"OpenVINO {openvino.__version__.split('-')[0]}"
PACKAGES = ("openvino", "torch", "diffusers", "transformers")
PRECISIONS = {torch.float32: "f32", torch.bfloat16: "bf16"}
TOLERANCE = 8.0  # levels of 255, root mean square over a picture: 30 dB
# Measured: 6 GB for the 0.86 billion of Stable Diffusion's UNet.
CONVERSION_BYTES_PER_PARAMETER = 8
CHECK_PROMPT = "a red apple on a wooden table"
CHECK_STRENGTH = 0.6


def load_with_openvino(
    config: ServerConfig, checkpoint: Checkpoint, options: EngineOptions, hardware: Hardware
) -> DiffusersEngine:
    """Raises `UnfitError` where it does not draw as PyTorch does, `ModelFileError`."""
    return _Loading(config, checkpoint, options, hardware).load()


class _Loading:
    def __init__(
        self, config: ServerConfig, checkpoint: Checkpoint, options: EngineOptions, hardware: Hardware
    ) -> None:
        self._config, self._checkpoint, self._options, self._chosen = config, checkpoint, options, hardware
        # What is left to PyTorch is small, and exact in float32, which also is what the networks take and give.
        self._hardware = replace(hardware, dtype=torch.float32, channels_last=False)
        self._precision = PRECISIONS[hardware.dtype]
        lora = [Path(config.lora).expanduser()] if config.lora else []
        root = Path(config.conversions_folder or ".")
        how = " ".join([self._precision, *(f"{package}-{version(package)}" for package in PACKAGES)])
        self._conversions = Conversions(root, config.model_name, [checkpoint.path, *lora], how)

    def load(self) -> DiffusersEngine:
        verdict = self._conversions.read()
        if verdict is None:
            return self._convert()
        if not verdict.agrees:
            raise UnfitError(_tell(verdict))
        try:
            return self._open(verdict)
        except (RuntimeError, OSError, ValueError, KeyError):
            log.exception("the converted model cannot be opened: it is made anew")
            return self._convert()

    def _convert(self) -> DiffusersEngine:
        needed = CONVERSION_BYTES_PER_PARAMETER * self._checkpoint.unet_parameters
        if psutil.virtual_memory().available < needed:  # else the system may end this process, again and again
            raise UnfitError(f"converting this model for OpenVINO needs {needed / 1e9:.0f} GB of free memory")
        log.info("converting %s for OpenVINO: this takes minutes, once", self._config.model_name)
        try:
            with self._conversions.begin() as folder:
                specs, wanted = self._write(folder)
                gc.collect()
                engine = self._open(None)
                difference = max(map(_differ, wanted, _draw(engine, specs)))
                verdict = Verdict(difference <= TOLERANCE, difference)
                log.info("converted: %s", _tell(verdict))
                self._conversions.keep(verdict)
        except (RuntimeError, OSError, ValueError, MemoryError) as error:
            log.exception("the model cannot be converted for OpenVINO")
            raise UnfitError(f"OpenVINO cannot convert this model ({str(error).strip().splitlines()[-1]})") from error
        if not verdict.agrees:
            raise UnfitError(_tell(verdict))
        engine.runs_on = f"{NAME_AND_VERSION}: {_tell(verdict)}"
        return engine

    def _write(self, folder: Path) -> tuple[list[PictureSpec], list[bytes]]:
        """Convert into `folder`; what to draw to compare, and what PyTorch draws of it in float32."""
        pipeline = load_pipeline(self._checkpoint, self._hardware, lora=self._config.lora)
        engine = self._engine_of(pipeline)
        specs = [_spec_of(engine, self._config.steps)]
        wanted = _draw(engine, specs)
        if self._config.edits:
            specs.append(replace(specs[0], source=wanted[0], strength=CHECK_STRENGTH, seed=2))
            wanted += _draw(engine, specs[1:])
        del engine
        convert_pipeline(pipeline, folder, half=self._precision != "f32")
        return specs, wanted

    def _open(self, verdict: Verdict | None) -> DiffusersEngine:
        folder = self._conversions.folder
        configs = json.loads((folder / CONFIGS).read_text(encoding="utf-8"))
        stop = StopCheck()
        properties = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": count_cores(),
            "INFERENCE_PRECISION_HINT": self._precision,
            "ENABLE_CPU_PINNING": False,  # the language models' threads want the same cores
        }
        unet = OpenVinoUNet(folder / UNET, properties, stop, FrozenDict(configs["unet"]))
        encoder, decoder = (OpenVinoNetwork(folder / file, properties, stop) for file in (ENCODER, DECODER))
        texts = {
            name: OpenVinoTextEncoder(folder / f"{name}.xml", properties, stop, configs[name])
            for name in TEXT_ENCODERS
            if name in configs
        }
        for network in (unet, *texts.values(), *([] if self._options.decoder == "taesd" else [decoder])):
            _ = network.compiled  # the encoder is, when a first picture is begun from
        parts = {"unet": unet, "vae": _make_vae(configs["vae"], folder, encoder, decoder), **texts}
        pipeline = load_pipeline(
            self._checkpoint,
            self._hardware,
            lora=self._config.lora,
            safety=self._options.safety == "on",
            parts=parts,
        )
        return self._engine_of(pipeline, f"{NAME_AND_VERSION}{f': {_tell(verdict)}' if verdict else ''}", stop)

    def _engine_of(self, pipeline: Any, runs_on: str = "", stop: StopCheck | None = None) -> DiffusersEngine:  # noqa: ANN401 -- diffusers is untyped
        tiny = load_tiny_autoencoder(self._options.taesd, self._chosen) if self._options.taesd else None
        with torch.inference_mode():
            return DiffusersEngine(
                pipeline, self._checkpoint.family, self._hardware, self._options, tiny,
                edits=self._config.edits, runs_on=runs_on, stop=stop,
            )  # fmt: skip


def _make_vae(config: dict[str, Any], folder: Path, encoder: torch.nn.Module, decoder: torch.nn.Module) -> Any:  # noqa: ANN401 -- diffusers is untyped
    """The class of diffusers, which knows scaling and tiles, around OpenVINO's networks."""
    with torch.device("meta"):
        vae = AutoencoderKL.from_config(config)
    vae.encoder, vae.decoder = encoder, decoder
    vae.load_state_dict(load_file(folder / VAE_REST), assign=True)
    return vae


def _spec_of(engine: DiffusersEngine, steps: int) -> PictureSpec:
    """Half as wide and high as the model's pictures: a quarter of the work."""
    width, height = (max(64, side // 2 // 64 * 64) for side in engine.abilities.default_size)
    return PictureSpec(prompt=CHECK_PROMPT, seed=1, steps=steps, width=width, height=height)


def _draw(engine: DiffusersEngine, specs: Sequence[PictureSpec]) -> list[bytes]:
    """One by one."""
    pictures: list[bytes] = []

    def tell(_index: int, told: StepDone | Drawn) -> None:
        if isinstance(told, Drawn):
            pictures.append(told.png)

    for spec in specs:
        engine.draw([spec], check=lambda: None, tell=tell)
    return pictures


def _differ(one: bytes, other: bytes) -> float:
    """Root mean square, in levels of 255."""
    levels = [np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float32) for png in (one, other)]
    return float(np.sqrt(np.mean((levels[0] - levels[1]) ** 2)))


def _tell(verdict: Verdict) -> str:
    return (
        f"its pictures are {verdict.difference:.1f} of 255 levels from PyTorch's in float32, "
        f"{'within' if verdict.agrees else 'beyond'} {TOLERANCE:g}"
    )
