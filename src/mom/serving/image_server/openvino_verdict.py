"""Converts a model for OpenVINO, and finds out whether its pictures are PyTorch's."""

import gc
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from mom.serving.image_server.checkpoint import find_checkpoint
from mom.serving.image_server.config import ServerConfig
from mom.serving.image_server.conversions import Verdict
from mom.serving.image_server.drawing import Drawn, PictureSpec, StepDone
from mom.serving.image_server.engine import DiffusersEngine
from mom.serving.image_server.hardware import choose_hardware
from mom.serving.image_server.loading import load_pipeline
from mom.serving.image_server.openvino_conversion import convert_pipeline
from mom.serving.image_server.openvino_engine import TOLERANCE, OpenVinoModel
from mom.serving.image_server.options import EngineOptions
from mom.serving.programs import usable_cores

CHECK_PROMPT = "a red apple on a wooden table"
CHECK_STRENGTH = 0.6
# The networks themselves are compared, whatever a person has set to be done around them.
CHECK_OPTIONS = EngineOptions(preview="none")


def convert(config: ServerConfig) -> None:
    """Write what OpenVINO needs of the model, and keep it with the verdict on its pictures."""
    torch.set_num_threads(usable_cores())
    checkpoint = find_checkpoint(config.model, has_lora=config.lora is not None)
    hardware = choose_hardware(EngineOptions.from_pairs(config.options), checkpoint.unet_bytes)
    model = OpenVinoModel(config, checkpoint, CHECK_OPTIONS, hardware)
    with model.conversions.begin() as folder:
        specs, wanted = _write(model, folder)
        gc.collect()
        difference = max(map(_differ, wanted, _draw(model.open(), specs)))
        model.conversions.keep(Verdict(agrees=difference <= TOLERANCE, difference=difference))


def _write(model: OpenVinoModel, folder: Path) -> tuple[list[PictureSpec], list[bytes]]:
    """Convert into `folder`; what to draw to compare, and what PyTorch draws of it in float32."""
    pipeline = load_pipeline(model.checkpoint, model.hardware, lora=model.config.lora)
    engine = model.engine_of(pipeline)
    specs = [_spec_of(engine, model.config.steps)]
    wanted = _draw(engine, specs)
    if model.config.edits:
        specs.append(replace(specs[0], source=wanted[0], strength=CHECK_STRENGTH, seed=2))
        wanted += _draw(engine, specs[1:])
    del engine
    convert_pipeline(pipeline, folder, half=model.precision != "f32")
    return specs, wanted


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
