"""A program that draws with each other kind of pipeline, and prints what it found as JSON: `python families_probe.py FOLDER`."""

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageChops

from mom.errors import ModelFileError, SettingsError
from mom.serving.image_server.checkpoint import find_checkpoint
from mom.serving.image_server.config import ServerConfig
from mom.serving.image_server.drawing import Drawn, PictureSpec, StepDone
from mom.serving.image_server.engine import DiffusersEngine
from mom.serving.image_server.engines import load_engine
from mom.serving.image_server.hardware import has_bfloat16
from tests.serving.tiny_families import (
    make_wide_vae,
    write_checked_sd,
    write_flux_schnell,
    write_inpainting_sd,
    write_sdxl_turbo,
    write_taesd,
)
from tests.serving.tiny_pipeline import make_pipeline, write_lora

SPEC = PictureSpec(prompt="a red circle", seed=1, steps=2, width=64, height=64)


def engine_of(model: Path, lora: str | None = None, **options: str) -> DiffusersEngine:
    config = ServerConfig(port=0, model=str(model), model_name="tiny", api_key="", lora=lora, options=options)
    return load_engine(config, find_checkpoint(config.model))


def draw(engine: DiffusersEngine, spec: PictureSpec) -> tuple[Drawn, list[StepDone]]:
    told: list[Any] = []
    engine.draw([spec], check=lambda: None, tell=lambda _, event: told.append(event))
    return told[-1], told[:-1]


def source_of(spec: PictureSpec) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (spec.width, spec.height), "teal").save(buffer, "PNG")
    return buffer.getvalue()


def look_at(engine: DiffusersEngine) -> dict[str, Any]:
    """What every kind of pipeline has to do."""
    drawn, steps = draw(engine, SPEC)
    again, _ = draw(engine, SPEC)
    edited, edit_steps = draw(engine, replace(SPEC, source=source_of(SPEC), strength=0.5))
    *_, shown = (step.preview for step in steps if step.preview)
    last_preview = Image.open(io.BytesIO(shown)).resize((64, 64), Image.Resampling.BOX)
    return {
        "size": Image.open(io.BytesIO(drawn.png)).size,
        "same": drawn.png == again.png,
        "edit_differs": edited.png != drawn.png,
        "steps": [step.step for step in steps],
        "edit_steps": [step.step for step in edit_steps],
        "preview_apart": abs(brightness(last_preview) - brightness(Image.open(io.BytesIO(drawn.png)))),
        "scheduler": drawn.scheduler,
        "cfg_scale": drawn.cfg_scale,
        "dropped_tail": draw(engine, replace(SPEC, prompt="a " * 300 + "bird"))[0].dropped_tail[-4:],
        "multiple": engine.abilities.side_multiple,
        "guidance": engine.abilities.max_guidance,
        "description": engine.description,
    }


def brightness(picture: Image.Image) -> float:
    grey = picture.convert("L")
    return sum(level * count for level, count in enumerate(grey.histogram())) / (grey.width * grey.height)


def apart(one: bytes, other: bytes) -> int:
    """The largest difference of any pixel, of 255."""
    difference = ImageChops.difference(Image.open(io.BytesIO(one)), Image.open(io.BytesIO(other)))
    return max(highest for _, highest in difference.getextrema())


def draw_in_float16(folder: Path) -> dict[str, Any]:
    """XL with a VAE that needs float32, before and after an edit; and how far from a picture that is all float32."""
    torch.manual_seed(0)
    model = write_sdxl_turbo(folder, make_wide_vae())
    exact, _ = draw(engine_of(model, dtype="float32"), SPEC)
    engine = engine_of(model, dtype="float16")
    drawn, _ = draw(engine, SPEC)
    draw(engine, replace(SPEC, source=source_of(SPEC), strength=0.5))
    return {
        "apart": apart(drawn.png, exact.png),
        "same": draw(engine, SPEC)[0].png == drawn.png,
        "kept_as": str(engine.pipeline.vae.dtype),
        "description": engine.description,
    }


def refusal_of(*arguments: Any, **options: str) -> str:
    try:
        engine_of(*arguments, **options)
    except (ModelFileError, SettingsError) as error:
        return error.message
    return ""


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    plain = folder / "sd"
    make_pipeline().save_pretrained(plain)
    taesd = write_taesd(folder / "taesd")
    write_lora(make_pipeline().unet, lora := folder / "lora")
    strict, lenient = (write_checked_sd(folder / str(objects), objects=objects) for objects in (True, False))
    as_it_is, _ = draw(engine_of(plain), SPEC)
    by_taesd = engine_of(plain, taesd=str(taesd), decoder="taesd", preview="taesd")
    tiny_png = draw(by_taesd, SPEC)[0].png
    hidden, shown = (draw(engine_of(model, safety="on"), SPEC)[0] for model in (strict, lenient))
    findings = {
        "sdxl": look_at(engine_of(write_sdxl_turbo(folder / "sdxl"))),
        "flux": look_at(engine_of(write_flux_schnell(folder / "flux"))),
        "float16": draw_in_float16(folder / "wide"),
        "taesd": {"description": by_taesd.description, "differs": tiny_png != as_it_is.png},
        "safety": {
            "hidden": [hidden.hidden, shown.hidden],
            "colours": Image.open(io.BytesIO(hidden.png)).getcolors(),
            "shown_is_plain": shown.png == as_it_is.png,
            "missing": refusal_of(plain, safety="on"),
        },
        "tiled": draw(engine_of(plain, tiling="on", memory_format="contiguous"), SPEC)[0].png == as_it_is.png,
        "sliced_apart": apart(draw(engine_of(plain, attention="sliced"), SPEC)[0].png, as_it_is.png),
        "bfloat16": engine_of(plain, dtype="bfloat16", preview="none").description,
        "multiplies_bfloat16": has_bfloat16(),
        "no_such_device": refusal_of(plain, device="cuda:7"),
        "no_taesd": refusal_of(plain, taesd=str(plain), decoder="taesd"),
        "inpainting": refusal_of(write_inpainting_sd(folder / "inpainting")),
        "foreign_lora": refusal_of(folder / "sdxl", lora=str(lora)),
    }
    print(json.dumps(findings))
