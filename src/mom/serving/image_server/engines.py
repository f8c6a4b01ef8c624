"""Chooses what runs the networks of the configured model, OpenVINO or PyTorch, and loads it so."""

import importlib.util
import logging
import sys
from importlib.metadata import requires

import torch
from packaging.requirements import Requirement

from mom.errors import SettingsError
from mom.serving.image_server.checkpoint import Checkpoint, Family
from mom.serving.image_server.compiling import compile_blocks
from mom.serving.image_server.config import ServerConfig
from mom.serving.image_server.drawing import UnfitError
from mom.serving.image_server.engine import DiffusersEngine
from mom.serving.image_server.hardware import BIG_UNET_BYTES, Hardware, choose_hardware
from mom.serving.image_server.loading import load_pipeline, load_tiny_autoencoder
from mom.serving.image_server.options import NAME, EngineOptions
from mom.serving.image_server.quickening import choose_attention, quicken
from mom.serving.image_server.recording import record_networks
from mom.serving.programs import usable_cores

log = logging.getLogger(__name__)


def load_engine(config: ServerConfig, checkpoint: Checkpoint) -> DiffusersEngine:
    """Load the configured model. Raises `ModelFileError`, `SettingsError`."""
    options = EngineOptions.from_pairs(config.options)
    torch.set_num_threads(usable_cores())
    hardware = choose_hardware(options, checkpoint.unet_bytes)
    why_torch = _why_torch(options, hardware, checkpoint, config)
    if why_torch is None:
        from mom.serving.image_server.openvino_engine import load_with_openvino  # noqa: PLC0415 -- where it is installed

        try:
            return load_with_openvino(config, checkpoint, options, hardware)
        except UnfitError as error:
            why_torch = str(error)
            log.warning("PyTorch goes on drawing: %s", why_torch)
    return _load_with_torch(config, checkpoint, options, hardware, why_torch)


def _load_with_torch(
    config: ServerConfig, checkpoint: Checkpoint, options: EngineOptions, hardware: Hardware, why: str
) -> DiffusersEngine:
    pipeline = load_pipeline(checkpoint, hardware, lora=config.lora, safety=options.safety == "on")
    tiny = load_tiny_autoencoder(options.taesd, hardware) if options.taesd else None
    with torch.inference_mode():
        quicken(pipeline, checkpoint.family, hardware, options)
        attention = choose_attention(hardware, options)
        recordings = record_networks(pipeline, tiny, hardware, options)
        engine = DiffusersEngine(
            pipeline,
            checkpoint.family,
            hardware,
            options,
            tiny,
            edits=config.edits,
            attention=attention,
            recordings=recordings,
        )
    engine.runs_on = f"PyTorch ({why}), {compile_blocks(engine, options, hardware.device)}"
    return engine


def _why_torch(options: EngineOptions, hardware: Hardware, checkpoint: Checkpoint, config: ServerConfig) -> str | None:
    """The reason, or None where OpenVINO is to be tried. Raises `SettingsError` where it was asked for and cannot be."""
    if options.engine == "torch":
        return "as set"
    if options.compile == "on":
        return "as compile=on is set"
    impossible = _why_no_openvino(hardware, checkpoint, config)
    if options.engine == "openvino":
        if impossible is not None:
            raise SettingsError(f"{NAME}: engine=openvino cannot be: {impossible}.")
        return None
    if impossible is None and checkpoint.unet_bytes < BIG_UNET_BYTES:
        return "a small model, which is not worth converting"
    return impossible


def _why_no_openvino(hardware: Hardware, checkpoint: Checkpoint, config: ServerConfig) -> str | None:
    if importlib.util.find_spec("openvino") is None:
        return f"OpenVINO is not installed; {sys.executable} -m pip install {_openvino_pin()} brings it"
    if hardware.device.type != "cpu":
        return f"OpenVINO computes on the CPU here, not on {hardware.device}"
    if hardware.dtype is torch.float16:
        return "OpenVINO computes in float32 or bfloat16 on a CPU, not in float16"
    if checkpoint.family is Family.FLUX:
        return "FLUX is not converted"
    if config.conversions_folder is None:
        return "there is no folder to keep the converted model in"
    return None


def _openvino_pin() -> str:
    extras = [Requirement(text) for text in requires("mom") or []]
    pins = (f"{each.name}{each.specifier}" for each in extras if each.name == "openvino")
    return next(pins, "openvino")
