"""Looks at a model on disk before anything of it is opened: what it is, whether it is safe, whether it fits.

Nothing here imports torch, so that a wrong model is refused at once and in plain words.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

from mom.errors import ModelFileError
from mom.serving.image_server.weights import SD_TEXT_ENCODER, SDXL_TEXT_ENCODER, count_parameters, read_names


class Family(StrEnum):
    """The architectures that run here; which pipeline classes they are is `loading.py`'s matter."""

    SD = "Stable Diffusion"
    SDXL = "Stable Diffusion XL"
    FLUX = "FLUX"


PIPELINES = {
    "StableDiffusionPipeline": Family.SD,
    "LatentConsistencyModelPipeline": Family.SD,  # the same with LCM built in
    "StableDiffusionXLPipeline": Family.SDXL,
    "FluxPipeline": Family.FLUX,
}
DENOISERS = {Family.SD: "unet", Family.SDXL: "unet", Family.FLUX: "transformer"}
LIBRARIES = {"diffusers", "transformers"}
# The safety checker is loaded only when it is asked for: 1.2 GB that see finished pictures, and nothing between steps.
LEFT_OUT = {"safety_checker", "feature_extractor", "image_encoder"}
PICKLES = {".ckpt", ".pt", ".pth", ".bin", ".pkl"}
# A tokenizer is read without complaint where its vocabulary is missing, and then no word of a prompt is.
VOCABULARIES = ({"tokenizer.json"}, {"vocab.json", "merges.txt"}, {"spiece.model"})
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`path` is a diffusers folder or one `.safetensors` file; `unet_bytes` is the size of the denoiser's weights on disk
    (of everything, where it is one file); `variant` is diffusers' word for weights with an infix, such as `fp16`.
    `unet_parameters` counts the same weights.
    """

    path: Path
    unet_bytes: int
    variant: str | None = None
    family: Family = Family.SD
    unet_parameters: int = 0

    @property
    def is_folder(self) -> bool:
        return self.path.is_dir()


def find_checkpoint(model: str, *, has_lora: bool = False) -> Checkpoint:
    """Find and check the model. Raises `ModelFileError` with what is wrong and what to do."""
    path = Path(model).expanduser()
    if path.is_dir():
        return _look_at_folder(path, has_lora=has_lora)
    if path.suffix in PICKLES:
        raise ModelFileError(
            f"{path.name} is a pickle, and opening one can run any code in it. Use the model's .safetensors file."
        )
    if path.is_file():
        if path.suffix != ".safetensors":
            raise ModelFileError(
                f"{path.name} is not a .safetensors file, the only kind of file that the image server reads."
            )
        family = _look_into_file(path)
        return Checkpoint(path, path.stat().st_size, family=family, unet_parameters=count_parameters(path))
    if HUB_ID.fullmatch(model) and not model.startswith("."):
        return _look_at_folder(find_in_hub_cache(model), has_lora=has_lora)
    raise ModelFileError(f"There is no image model at {model}.")


def find_lora(lora: str) -> Path:
    """A LoRA's file or folder, checked. Raises `ModelFileError`."""
    path = Path(lora).expanduser()
    if not path.exists():
        path = find_in_hub_cache(lora)
    files = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
    if not files or any(file.suffix != ".safetensors" for file in files):
        raise ModelFileError(f"The LoRA {path.name} is no .safetensors file, and none of another kind is opened.")
    if not any("lora" in name for file in files for name in read_names(file)):
        raise ModelFileError(f"{path.name} is no LoRA. Name another file in MOM_IMAGE_LORA.")
    return path


def find_in_hub_cache(repository: str) -> Path:
    try:
        return Path(snapshot_download(repository, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise ModelFileError(
            f"{repository} is neither here nor downloaded from the hub. Run: hf download {repository}"
        ) from error


def _look_into_file(path: Path) -> Family:
    """The architecture, by the names that its weights have in the original code's files."""
    names = read_names(path)
    if any(name.startswith(SDXL_TEXT_ENCODER) for name in names):
        return Family.SDXL
    if any(name.startswith(SD_TEXT_ENCODER) for name in names):
        return Family.SD
    if any("double_blocks.0." in name for name in names):
        raise ModelFileError(f"{path.name} is one file of FLUX without its text encoders. Use the diffusers folder.")
    kind = (
        "a LoRA, not a model: name it in MOM_IMAGE_LORA" if any("lora" in name for name in names) else "another model"
    )
    raise ModelFileError(f"{path.name} is {kind}. A whole Stable Diffusion 1.x or XL checkpoint is needed.")


def _look_at_folder(folder: Path, *, has_lora: bool) -> Checkpoint:
    index = _read_json(folder / "model_index.json")
    pipeline = index.get("_class_name")
    family = PIPELINES.get(str(pipeline))
    if family is None:
        raise ModelFileError(
            f"{folder.name} holds a {pipeline}; this image server runs Stable Diffusion 1.x, XL and FLUX.1-schnell."
        )
    for name, entry in index.items():
        library = entry[0] if isinstance(entry, list) and entry else None
        if library is None or name in LEFT_OUT:
            continue
        if library not in LIBRARIES:
            raise ModelFileError(
                f"{folder.name} brings its own code for its {name} ({library}), which is not run here."
            )
        _check_part(folder / name)
    denoiser = DENOISERS[family]
    if not has_lora:
        _check_few_steps(folder, family)
    weights = _find_weights(folder / denoiser)
    variant = "fp16" if all(".fp16." in file.name for file in weights) else None
    if variant is None:
        weights = [file for file in weights if ".fp16." not in file.name]
    for file in (*weights, *folder.glob("*/*.safetensors")):
        read_names(file)
    size, parameters = sum(file.stat().st_size for file in weights), sum(map(count_parameters, weights))
    return Checkpoint(folder, size, variant, family, parameters)


def _check_part(part: Path) -> None:
    files = {file.name for file in part.glob("*")}
    if part.name.startswith("tokenizer"):
        is_there = "tokenizer_config.json" in files and any(needed <= files for needed in VOCABULARIES)
    else:
        is_there = bool(files)
    if not is_there:
        raise ModelFileError(f"{part} is missing or lacks files: the model is incomplete. Download it again.")


def _find_weights(folder: Path) -> Sequence[Path]:
    weights = sorted(folder.glob("*.safetensors"))
    if not weights and any(file.suffix in PICKLES for file in folder.glob("*")):
        raise ModelFileError(
            f"The weights in {folder} are pickles, and opening one can run any code in it. Use a model with .safetensors."
        )
    if not weights:
        raise ModelFileError(f"There are no weights in {folder}: the model is incomplete. Download it again.")
    return weights


def _check_few_steps(folder: Path, family: Family) -> None:
    # A plain model drawn in four steps gives grey mush, which nobody would trace back to its cause.
    scheduler = _read_json(folder / "scheduler" / "scheduler_config.json")
    if _is_made_for_few_steps(folder, family, scheduler):
        return
    raise ModelFileError(
        f"{folder.name} is not made for few steps. Use an LCM model such as SimianLuo/LCM_Dreamshaper_v7, or name an "
        "LCM-LoRA in MOM_IMAGE_LORA."
    )


def _is_made_for_few_steps(folder: Path, family: Family, scheduler: Mapping[str, Any]) -> bool:
    if family is Family.FLUX:  # the model of many steps is guided by an input, which schnell has not
        return not _read_json(folder / "transformer" / "config.json").get("guidance_embeds")
    if scheduler.get("_class_name") == "LCMScheduler" or scheduler.get("timestep_spacing") == "trailing":  # the Turbos
        return True
    return _read_json(folder / "unet" / "config.json").get("time_cond_proj_dim") is not None


def _read_json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelFileError(f"{file} is missing: this diffusers folder is incomplete. Download it again.") from error
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{file} is not JSON: the model is damaged. Download it again.") from error
    if not isinstance(value, dict):
        raise ModelFileError(f"{file} does not hold what it should: the model is damaged. Download it again.")
    return value
