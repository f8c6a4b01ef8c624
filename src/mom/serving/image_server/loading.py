"""Loads a diffusers pipeline from a checked checkpoint: with its LoRA fused in, and a scheduler for few steps."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from huggingface_hub.errors import LocalEntryNotFoundError

from mom.errors import ModelFileError
from mom.serving.image_server.checkpoint import Checkpoint, Family, find_in_hub_cache, find_lora
from mom.serving.image_server.hardware import Hardware
from mom.serving.image_server.scheduler import BY_NAME, RememberingLCMScheduler

log = logging.getLogger(__name__)

# By name, as each is a second's import: from words, and from a picture.
CLASSES = {
    Family.SD: ("StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline"),
    Family.SDXL: ("StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline"),
    Family.FLUX: ("FluxPipeline", "FluxImg2ImgPipeline"),
}
# What damaged or unfitting files raise, by file and library.
UNREADABLE = (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError)


def load_pipeline(
    checkpoint: Checkpoint,
    hardware: Hardware,
    *,
    lora: str | None = None,
    safety: bool = False,
    parts: Mapping[str, Any] | None = None,
) -> Any:  # noqa: ANN401 -- diffusers is untyped
    """The pipeline, ready to draw. `parts` take the places of the checkpoint's own, which are not read then; a LoRA has to
    be in them already. Raises `ModelFileError`.
    """
    parts = parts or {}
    for library in (transformers, diffusers):
        library.utils.logging.disable_progress_bar()
    try:
        pipeline = _read(checkpoint, hardware.dtype, safety=safety, parts=parts)
        _check_draws_from_words(pipeline, checkpoint)
        if lora is not None and not parts:
            _fuse(pipeline, lora)
        pipeline.scheduler = _choose_scheduler(pipeline, has_lora=lora is not None)
        pipeline.to(hardware.device)
    except LocalEntryNotFoundError as error:  # of one file alone: folders are read without the hub
        raise ModelFileError(
            f"{checkpoint.path.name} is one file, whose configuration and vocabulary (2 MB) are on the hub, which cannot be "
            "reached. Start once with a connection, or use the model's diffusers folder."
        ) from error
    except UNREADABLE as error:
        log.exception("The model cannot be read")
        raise ModelFileError(f"The image model {checkpoint.path.name} cannot be read: {first_line(error)}") from error
    if hardware.channels_last:
        for part in (denoiser_of(pipeline), pipeline.vae):
            part.to(memory_format=torch.channels_last)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def make_editor(pipeline: Any, family: Family) -> Any:  # noqa: ANN401 -- diffusers is untyped
    """The pipeline that begins from a picture, made of the same parts."""
    extra = {"requires_safety_checker": False} if family is Family.SD else {}
    editor = getattr(diffusers, CLASSES[family][1])(**pipeline.components, **extra)
    editor.set_progress_bar_config(disable=True)
    return editor


def denoiser_of(pipeline: Any) -> Any:  # noqa: ANN401 -- diffusers is untyped
    """The network that takes the steps: a UNet, or FLUX's transformer."""
    return getattr(pipeline, "unet", None) or pipeline.transformer


def load_tiny_autoencoder(source: str, hardware: Hardware) -> Any:  # noqa: ANN401 -- diffusers is untyped
    """TAESD or its kin, from a folder or the hub's cache. Raises `ModelFileError`."""
    folder = Path(source).expanduser()
    folder = folder if folder.is_dir() else find_in_hub_cache(source)
    try:
        tiny = diffusers.AutoencoderTiny.from_pretrained(
            str(folder), dtype=hardware.dtype, use_safetensors=True, local_files_only=True
        )
        return tiny.to(
            hardware.device, memory_format=torch.channels_last if hardware.channels_last else torch.preserve_format
        )
    except UNREADABLE as error:
        raise ModelFileError(f"The tiny autoencoder {source} cannot be read: {first_line(error)}") from error


def _read(checkpoint: Checkpoint, dtype: torch.dtype, *, safety: bool, parts: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- diffusers is untyped
    # It takes nothing that is no module of its own library, but leaves out what is None.
    options = {name: part if isinstance(part, diffusers.ModelMixin) else None for name, part in parts.items()}
    pipeline = _read_files(checkpoint, safety=safety, options=options | {"dtype": dtype})
    for name, part in parts.items():
        setattr(pipeline, name, part)
    return pipeline


def _read_files(checkpoint: Checkpoint, *, safety: bool, options: dict[str, Any]) -> Any:  # noqa: ANN401 -- diffusers is untyped
    kind = getattr(diffusers, CLASSES[checkpoint.family][0])
    if checkpoint.family is Family.SD:
        options |= {"requires_safety_checker": False} | ({} if safety else {"safety_checker": None})
    if not checkpoint.is_folder:
        # One file holds weights only: its configuration and vocabulary (2 MB) come from the hub's cache, or the hub.
        return kind.from_single_file(str(checkpoint.path), **options)
    if checkpoint.family is not Family.FLUX:
        options |= {"image_encoder": None} | ({} if safety else {"feature_extractor": None})
    return kind.from_pretrained(
        str(checkpoint.path),
        variant=checkpoint.variant,
        use_safetensors=True,  # never a pickle, whatever lies in the folder
        local_files_only=True,
        **_read_text_encoders(checkpoint, options),
        **options,
    )


def _read_text_encoders(checkpoint: Checkpoint, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those that `options` do not name. Read here, as transformers puts random numbers in the place of weights that are missing, and
    tells nobody but its caller. Raises `ModelFileError`.
    """
    index = json.loads((checkpoint.path / "model_index.json").read_text(encoding="utf-8"))
    encoders = {}
    for name in sorted({"text_encoder", "text_encoder_2"} & index.keys() - options.keys()):
        folder, kind = checkpoint.path / name, index[name][1]
        if kind is None:
            continue
        encoders[name], report = getattr(transformers, kind).from_pretrained(
            str(folder),
            variant=checkpoint.variant if any(folder.glob(f"*.{checkpoint.variant}.*")) else None,
            dtype=options["dtype"],
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
        if missing := report["missing_keys"]:
            raise ModelFileError(
                f"{folder} lacks {len(missing)} of its weights: the model is incomplete. Download it again."
            )
    return encoders


def _check_draws_from_words(pipeline: Any, checkpoint: Checkpoint) -> None:  # noqa: ANN401 -- diffusers is untyped
    if checkpoint.family is Family.FLUX:
        return
    reads, given = denoiser_of(pipeline).config.in_channels, pipeline.vae.config.latent_channels
    if reads != given:
        raise ModelFileError(
            f"{checkpoint.path.name} is made to paint into pictures (its UNet reads {reads} channels, not {given}). Use a "
            "model that draws from words alone."
        )


def _choose_scheduler(pipeline: Any, *, has_lora: bool) -> Any:  # noqa: ANN401 -- diffusers is untyped
    """Its own where that is one for few steps (LCM, Turbo, FLUX), otherwise LCM's."""
    config = pipeline.scheduler.config
    own = BY_NAME.get(type(pipeline.scheduler).__name__)
    if own is None or has_lora or (own is not RememberingLCMScheduler and not _is_own_for_few_steps(config)):
        return RememberingLCMScheduler.from_config(config)
    return own.from_config(config)


def _is_own_for_few_steps(config: Any) -> bool:  # noqa: ANN401 -- diffusers is untyped
    return config.get("timestep_spacing") == "trailing" or "shift" in config  # the Turbos; flow matching


def _fuse(pipeline: Any, lora: str) -> None:  # noqa: ANN401 -- diffusers is untyped
    path = find_lora(lora)
    where = {"weight_name": path.name} if path.is_file() else {}
    source = str(path.parent if path.is_file() else path)
    try:
        pipeline.load_lora_weights(source, use_safetensors=True, local_files_only=True, **where)
        pipeline.fuse_lora()
    except UNREADABLE as error:
        log.exception("The LoRA cannot be fused")
        raise ModelFileError(
            f"The LoRA {path.name} does not fit this model: it is made for another kind, or damaged. Name another in "
            "MOM_IMAGE_LORA."
        ) from error
    pipeline.unload_lora_weights()
    log.info("fused the LoRA %s", lora)


def first_line(error: BaseException) -> str:
    """Of what it says, or its name where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
