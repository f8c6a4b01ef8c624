"""What this machine should compute pictures with: device, number format, memory format, threads; each with its reason."""

from dataclasses import dataclass

import psutil
import torch

from mom.errors import SettingsError
from mom.serving.image_server.options import AUTO, NAME, EngineOptions

BIG_UNET_BYTES = 200_000_000
# Batches on a GPU fill units that one picture leaves idle; on two CPU cores three at a time were as slow as one by one.
GPU_BATCH = 4
MEMORY_SHARE = 0.7  # of what is free now, for the pictures themselves


@dataclass(frozen=True, slots=True)
class Hardware:
    """What was chosen; `reasons` is a line of words for the log."""

    device: torch.device
    dtype: torch.dtype
    channels_last: bool
    batch: int
    reasons: str


def choose_hardware(options: EngineOptions, unet_bytes: int) -> Hardware:
    """Raises `SettingsError` where what was asked for is not there."""
    device, why_device = _choose_device(options.device)
    dtype, why_dtype = choose_dtype(unet_bytes, device)
    if options.dtype != AUTO:
        dtype, why_dtype = getattr(torch, options.dtype), "as set"
    # 8% on Stable Diffusion's UNet and 23% on its VAE, measured on a CPU; MPS gains nothing.
    channels_last = device.type != "mps" if options.memory_format == AUTO else options.memory_format == "channels_last"
    batch = (GPU_BATCH if device.type == "cuda" else 1) if options.batch == AUTO else int(options.batch)
    words = [f"{str(dtype).removeprefix('torch.')} ({why_dtype})", f"{device} ({why_device})"]
    if device.type == "cpu":
        words.append(f"{torch.get_num_threads()} threads")
    return Hardware(device, dtype, channels_last, batch, ", ".join(words))


def choose_dtype(unet_bytes: int, device: torch.device) -> tuple[torch.dtype, str]:
    """The number format for a model of this size, and the reason in words.

    bfloat16 halves memory and was measured 1.9x as fast as float32 on a CPU that has it, and far slower on one that
    emulates it. A small model gains nothing and is exact in float32. float16 has no quick CPU kernels at all.
    """
    if unet_bytes < BIG_UNET_BYTES:
        return torch.float32, "a small model"
    if device.type == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return torch.bfloat16, "a GPU with bfloat16"
        return torch.float16, "a GPU without bfloat16"
    if device.type == "mps":
        return torch.float16, "Apple's GPU"
    if not has_bfloat16():
        return torch.float32, "this CPU has no bfloat16"
    return torch.bfloat16, "a big model on a CPU with bfloat16"


def has_bfloat16() -> bool:
    """Does the CPU multiply bfloat16 in hardware (x86: AVX512-BF16 or AMX; ARM: BF16)?"""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def pixels_that_fit(device: torch.device, bytes_per_pixel: float) -> int:
    """How large a picture the memory that is free now can hold while it is decoded."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
    else:
        free = psutil.virtual_memory().available
    return int(MEMORY_SHARE * free / bytes_per_pixel)


def _choose_device(wanted: str) -> tuple[torch.device, str]:
    if wanted != AUTO:
        try:
            device = torch.device(wanted)
            torch.empty(1, device=device)
        except (RuntimeError, AssertionError) as error:  # AssertionError: "Torch not compiled with CUDA enabled"
            raise SettingsError(f"{NAME}: this machine's torch has no device {wanted!r}. Try device=cpu.") from error
        return device, "as set"
    if torch.cuda.is_available():  # ROCm answers to the same name
        return torch.device("cuda"), torch.cuda.get_device_name()
    if torch.backends.mps.is_available():
        return torch.device("mps"), "Apple's GPU"
    return torch.device("cpu"), "no GPU was found"
