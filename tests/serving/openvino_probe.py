"""A program that draws with OpenVINO beside PyTorch, and prints what it found as JSON: `python openvino_probe.py FOLDER`."""

import io
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL
from PIL import Image, ImageChops

from mom.errors import SettingsError
from mom.serving.image_server.checkpoint import find_checkpoint
from mom.serving.image_server.config import ServerConfig
from mom.serving.image_server.drawing import DrawingStoppedError, Drawn, PictureSpec, StopCheck
from mom.serving.image_server.engine import DiffusersEngine
from mom.serving.image_server.engines import load_engine
from mom.serving.image_server.memory import is_out_of_memory
from mom.serving.image_server.openvino_verdict import convert
from tests.serving.tiny_families import write_checked_sd, write_sdxl_turbo, write_taesd
from tests.serving.tiny_pipeline import make_pipeline, write_lora

SPEC = PictureSpec(prompt="a red circle", seed=1, steps=2, width=64, height=64)


class Log(logging.Handler):
    """What was logged since it was last asked."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def take(self) -> str:
        taken, self.lines = self.lines, []
        return "\n".join(taken)


class Probe:
    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, Log()
        logging.getLogger().setLevel(logging.INFO)
        logging.getLogger().addHandler(self.log)

    def config_of(self, model: Path, lora: Path | None = None, **options: str) -> ServerConfig:
        return ServerConfig(
            port=0, model=str(model), model_name=model.name, api_key="", options=options,
            lora=str(lora) if lora else None, conversions_folder=str(self.folder / "conversions"),
        )  # fmt: skip

    def convert(self, model: Path, lora: Path | None = None, **options: str) -> Path:
        """As the child process does it, without the seconds that one takes to start."""
        convert(self.config_of(model, lora, **options))
        return model

    def engine_of(self, model: Path, lora: Path | None = None, **options: str) -> DiffusersEngine:
        config = self.config_of(model, lora, **options)
        return load_engine(config, find_checkpoint(config.model, has_lora=lora is not None))

    def conversion_of(self, model: Path) -> Path:
        (folder,) = (self.folder / "conversions").glob(f"{model.name}-*")
        return folder

    def compare(
        self, engine: DiffusersEngine, model: Path, *specs: PictureSpec, lora: Path | None = None, **options: str
    ) -> list[int]:
        """How far the engine's pictures are from PyTorch's, in float32."""
        torchs = self.engine_of(model, lora, engine="torch", **options)
        return [apart(draw(engine, spec), draw(torchs, spec)) for spec in specs]

    def after(self, damage: Callable[[Path], object], model: Path) -> dict[str, Any]:
        """What is said and drawn at the start after a damage, and at the next."""
        damage(self.conversion_of(model))
        engine = self.engine_of(model, engine="openvino")
        said = self.log.take()
        self.engine_of(model, engine="openvino")
        return {"anew": "converting" in said, "png": draw(engine, SPEC), "kept": "converting" not in self.log.take()}


def draw(engine: DiffusersEngine, spec: PictureSpec) -> bytes:
    told: list[Any] = []
    engine.draw([spec], check=lambda: None, tell=lambda _, event: told.append(event))
    assert isinstance(told[-1], Drawn)
    return told[-1].png


def apart(one: bytes, other: bytes) -> int:
    """The largest difference of any pixel, of 255."""
    difference = ImageChops.difference(Image.open(io.BytesIO(one)), Image.open(io.BytesIO(other)))
    return max(highest for _, highest in difference.getextrema())


def source_of(spec: PictureSpec) -> bytes:
    """No plain area: its variance is nothing but rounding, which the encoder's group norms would blow up."""
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((spec.width, spec.height)).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def count_colours(png: bytes) -> int:
    return len(Image.open(io.BytesIO(png)).getcolors(SPEC.width * SPEC.height))


def draw_with_taesd(probe: Probe, model: Path, without: bytes) -> dict[str, Any]:
    """Decoded and shown by a tiny autoencoder, whose folder is that of PyTorch's, too."""
    options = {"taesd": str(write_taesd(probe.folder / "taesd")), "decoder": "taesd", "preview": "taesd"}
    engine = probe.engine_of(model, engine="openvino", **options)
    (apart_by,) = probe.compare(engine, model, SPEC, **options)
    return {"apart": apart_by, "differs": apart(draw(engine, SPEC), without), "description": engine.description}


def flip_a_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def write_chaotic(folder: Path) -> Path:
    """A model whose decoder turns the least difference into black or white, so that bfloat16 shows."""
    pipeline = make_pipeline()
    with torch.no_grad():
        pipeline.vae.decoder.conv_out.weight.mul_(1e5)
    pipeline.save_pretrained(folder)
    return folder


def write_wide(folder: Path) -> Path:
    """A model whose VAE is too large to be asked for every preview."""
    pipeline = make_pipeline()
    pipeline.vae = AutoencoderKL(
        block_out_channels=(16, 16, 160), norm_num_groups=8, sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
    )  # fmt: skip
    pipeline.save_pretrained(folder)
    return folder


def with_little_memory(probe: Probe, model: Path) -> dict[str, Any]:
    """As with a model that is larger than any machine's memory."""
    config = probe.config_of(model, engine="openvino")
    engine = load_engine(config, replace(find_checkpoint(config.model), unet_parameters=10**15))
    return {"description": engine.description, "log": probe.log.take()}


def refusal_without_openvino(probe: Probe, model: Path) -> dict[str, str]:
    """As on a machine where it is not installed."""
    known = sys.modules.pop("openvino", None)
    sys.modules["openvino"] = None
    try:
        probe.engine_of(model, engine="openvino")
    except SettingsError as error:
        return {"refusal": error.message, "auto": probe.engine_of(model).description}
    finally:
        del sys.modules["openvino"]
        if known is not None:
            sys.modules["openvino"] = known
    return {}


def ask_for_too_much_memory() -> bool:
    """OpenVINO's own words, for a matrix of 8 TB."""
    import numpy as np
    import openvino
    from openvino import opset13 as ops

    row = ops.parameter([-1, -1], np.float32)
    compiled = openvino.Core().compile_model(
        openvino.Model([ops.matmul(row, row, transpose_a=True, transpose_b=False)], [row]), "CPU"
    )
    try:
        compiled([np.zeros((1, 2**21), np.float32)])
    except (RuntimeError, MemoryError) as error:
        return is_out_of_memory(error)
    return False


def read_turned(folder: Path) -> bool:
    """Does a network read an input whose rows do not stand in memory one after the other, so that it is copied first?"""
    import numpy as np
    import openvino
    from openvino import opset13 as ops

    from mom.serving.image_server.openvino_networks import OpenVinoNetwork

    rows = ops.parameter([-1, -1], np.float32, name="x")
    openvino.save_model(openvino.Model([ops.relu(rows)], [rows]), folder / "turned.xml", compress_to_fp16=False)
    values = torch.arange(4096.0 * 4096).reshape(4096, 4096).T
    return torch.equal(OpenVinoNetwork(folder / "turned.xml", {}, StopCheck())(values), values)


def stop_within(folder: Path) -> dict[str, Any]:
    """A network of 64 matrix products, stopped at the third check after its start: is its output there, and is it at the next run?"""
    import numpy as np
    import openvino
    from openvino import opset13 as ops

    from mom.serving.image_server.openvino_networks import OpenVinoNetwork

    value = row = ops.parameter([1024, 1024], np.float32, name="x")
    weights = ops.constant(np.eye(1024, dtype=np.float32))
    for _ in range(64):
        value = ops.relu(ops.matmul(value, weights, transpose_a=False, transpose_b=False))
    openvino.save_model(openvino.Model([value], [row]), folder / "long.xml", compress_to_fp16=False)
    stop, checks = StopCheck(), iter(range(1, 10_000))
    network = OpenVinoNetwork(folder / "long.xml", {}, stop)

    def check() -> None:
        if next(checks) == 3:
            raise DrawingStoppedError

    ones = torch.ones(1024, 1024)
    try:
        with stop.asking(check):
            network(ones)
    except DrawingStoppedError:
        finished = bool((network._request.output_tensors[0].data == 1).all())
        return {"finished": finished, "afterwards": float(network(ones).max())}
    raise AssertionError("it was never asked")


if __name__ == "__main__":
    probe = Probe(Path(sys.argv[1]))
    plain = probe.folder / "sd"
    pipeline = make_pipeline()
    pipeline.save_pretrained(plain)
    write_lora(pipeline.unet, plain.with_name("lora"))
    lora = plain.with_name("lora") / "pytorch_lora_weights.safetensors"
    without = refusal_without_openvino(probe, plain)
    probe.log.take()
    without["little_memory"] = with_little_memory(probe, plain)
    first = probe.engine_of(plain, engine="openvino")
    first_log, first_png = probe.log.take(), draw(first, SPEC)
    second = probe.engine_of(plain, engine="openvino")
    findings = {
        **without,
        "first": {"log": first_log, "description": first.description},
        "second": {"log": probe.log.take(), "description": second.description, "same": draw(second, SPEC) == first_png},
        "auto": probe.engine_of(plain).description,
        "telemetry": sys.modules["openvino.tools.ovc.telemetry_utils"].tm.__name__,
        "apart": probe.compare(
            second,
            plain,
            SPEC,
            replace(SPEC, width=72, height=88),
            replace(SPEC, width=200, height=136),
            replace(SPEC, source=source_of(SPEC), strength=0.5),
            replace(SPEC, negative_prompt="a blue square", cfg_scale=3.0),
        ),
        "damaged": probe.after(lambda folder: flip_a_byte(folder / "unet.bin"), plain),
        "taesd": draw_with_taesd(probe, plain, first_png),
    }
    findings["damaged"]["same"] = findings["damaged"].pop("png") == first_png
    without_lora = probe.conversion_of(plain)
    probe.convert(plain, lora)
    with_lora = probe.engine_of(plain, lora, engine="openvino")
    findings["lora"] = {
        "anew": probe.conversion_of(plain) != without_lora,
        "differs": apart(draw(with_lora, SPEC), first_png),
        "apart": probe.compare(with_lora, plain, SPEC, lora=lora),
    }
    sdxl = probe.convert(write_sdxl_turbo(probe.folder / "sdxl"))
    findings["sdxl"] = probe.compare(
        probe.engine_of(sdxl, engine="openvino"), sdxl, SPEC, replace(SPEC, source=source_of(SPEC))
    )
    chaotic = probe.convert(write_chaotic(probe.folder / "chaotic"), dtype="bfloat16")
    probe.log.take()
    refused = [probe.engine_of(chaotic, engine="openvino", dtype="bfloat16") for _ in range(2)]
    findings["disagreement"] = {
        "log": probe.log.take(),
        "descriptions": [engine.description for engine in refused],
        "kept": sorted(file.name for file in probe.conversion_of(chaotic).iterdir()),
    }
    wide = probe.convert(write_wide(probe.folder / "wide"))
    findings["wide"] = probe.engine_of(wide, engine="openvino").description
    options = {"engine": "openvino", "safety": "on"}
    checked = probe.engine_of(
        probe.convert(write_checked_sd(probe.folder / "checked", objects=True), **options), **options
    )
    findings["checked"] = {"description": checked.description, "colours": count_colours(draw(checked, SPEC))}
    findings["stopped"] = stop_within(probe.folder)
    findings["reads_turned"] = read_turned(probe.folder)
    findings["knows_out_of_memory"] = ask_for_too_much_memory()
    print(json.dumps(findings))
