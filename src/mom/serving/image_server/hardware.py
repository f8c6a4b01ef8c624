"""How many threads and which number format this machine should compute pictures with, and why."""

import os

import psutil
import torch

BIG_UNET_BYTES = 200_000_000


def count_cores() -> int:
    """Physical cores that this process may use: hyper-threads share the units that matrix products are made on."""
    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, allowed))


def choose_dtype(unet_bytes: int) -> tuple[torch.dtype, str]:
    """The number format for a model of this size, and the reason in words.

    bfloat16 halves memory and was measured 1.9x as fast as float32 on a CPU that has it, and far slower on one that
    emulates it. A small model gains nothing and is exact in float32. float16 has no quick CPU kernels at all.
    """
    if unet_bytes < BIG_UNET_BYTES:
        return torch.float32, "a small model"
    if not has_bfloat16():
        return torch.float32, "this CPU has no bfloat16"
    return torch.bfloat16, "a big model on a CPU with bfloat16"


def has_bfloat16() -> bool:
    """Does the CPU multiply bfloat16 in hardware (x86: AVX512-BF16 or AMX; ARM: BF16)?"""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
