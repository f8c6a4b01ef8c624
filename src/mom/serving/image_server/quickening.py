"""Less work for a CPU, and the same pictures but for rounding: what of it suits this machine and this model."""

import platform
from typing import Any

import torch

from mom.serving.image_server.attention import AttentionByRows
from mom.serving.image_server.checkpoint import Family
from mom.serving.image_server.doubling import fold_doubling
from mom.serving.image_server.hardware import Hardware, has_bfloat16
from mom.serving.image_server.loading import denoiser_of
from mom.serving.image_server.options import AUTO, EngineOptions
from mom.serving.image_server.packing import pack_weights


def quicken(pipeline: Any, family: Family, hardware: Hardware, options: EngineOptions) -> None:  # noqa: ANN401 -- diffusers is untyped
    """Exchange layers of the networks for quicker ones."""
    if not _is_eager_on_cpu(hardware, options):
        return
    for network in (denoiser_of(pipeline), pipeline.vae):
        fold_doubling(network)
    if _multiplies_bfloat16(hardware) and family is not Family.FLUX:  # its 24 GB had better stay in their file
        pack_weights(denoiser_of(pipeline))


def choose_attention(hardware: Hardware, options: EngineOptions) -> AttentionByRows | None:
    """What is to be entered while the networks run, if anything."""
    suits = _is_eager_on_cpu(hardware, options) and _multiplies_bfloat16(hardware)
    return AttentionByRows() if suits and options.attention == AUTO else None


def _is_eager_on_cpu(hardware: Hardware, options: EngineOptions) -> bool:
    return hardware.device.type == "cpu" and options.compile != "on"


def _multiplies_bfloat16(hardware: Hardware) -> bool:
    """By oneDNN, on the processors on which it was measured."""
    has_onednn = torch.backends.mkldnn.is_available() and platform.machine() in {"x86_64", "AMD64"}
    return hardware.dtype is torch.bfloat16 and has_bfloat16() and has_onednn
