"""What does not fit into memory: how that is told, and a way to decode that needs less."""

from typing import Any

import torch

from mom.serving.image_server.preview import decode_latents


def decode_in_tiles(vae: Any, latents: torch.Tensor) -> torch.Tensor:  # noqa: ANN401 -- diffusers is untyped
    """RGB (3, H, W) of latents (1, C, h, w), a quarter of the picture at a time at most, blended where tiles meet."""
    before = (vae.use_tiling, vae.tile_sample_min_size, vae.tile_latent_min_size)
    scale = before[1] // before[2]
    side = max(8, min(before[2], max(latents.shape[-2:]) // 2))
    try:
        vae.use_tiling, vae.tile_latent_min_size, vae.tile_sample_min_size = True, side, side * scale
        return decode_latents(vae, latents)
    finally:
        vae.use_tiling, vae.tile_sample_min_size, vae.tile_latent_min_size = before


def is_out_of_memory(error: BaseException) -> bool:
    """The allocators of PyTorch for CPUs (c10/core/impl/alloc_cpu.cpp) and Apple's GPUs (aten/src/ATen/mps/MPSAllocator.mm),
    OpenVINO's (intel_cpu/src/cpu_memory.cpp) and those of cuBLAS and cuDNN have no exception of their own: these are their words.
    """
    words = (
        "can't allocate memory",
        "out of memory",
        "Invalid buffer size",
        "Failed to allocate",
        "STATUS_ALLOC_FAILED",
    )
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(each in str(error) for each in words)
