"""Previews: what a picture is becoming, from its latents, for next to nothing.

A latent pixel's colour is nearly a linear function of its channels, so one small matrix replaces the decoder: 0.3 ms
against 9 s for Stable Diffusion's VAE at 512 px. A tiny VAE decodes in milliseconds, and then its picture is the preview.
"""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from PIL import Image

PREVIEW_PX = 256
JPEG_QUALITY = 80
TINY_VAE_CHANNELS = 128  # at its widest: 2 million parameters or so

# Channels by red, green, blue in [-1, 1], for the VAE that all Stable Diffusion 1.x models share; public knowledge from
# https://discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling/23204, these values as in ComfyUI's latent_formats.py.
SD15_MATRIX = (
    (0.3512, 0.2297, 0.3227),
    (0.3250, 0.4974, 0.2350),
    (-0.2829, 0.1762, 0.2721),
    (-0.2120, -0.2616, -0.7177),
)
SD15_CHANNELS, SD15_SCALING = (128, 256, 512, 512), 0.18215
SDXL_SCALING = 0.13025


@dataclass(frozen=True, slots=True)
class Preview:
    """`colours` takes latents (1, C, h, w) to the CPU; what it gives is called for RGB (3, H, W) by any thread, once the next
    step is on its way. `decoder` is the VAE that decodes them, if one does.
    """

    colours: Callable[[torch.Tensor], Callable[[], torch.Tensor]]
    kind: str
    decoder: AutoencoderKL | AutoencoderTiny | None = None


def choose_preview(vae: AutoencoderKL, tiny: AutoencoderTiny | None = None) -> Preview:
    """The preview that suits this VAE; `tiny` is asked where it is given."""
    if tiny is not None:
        return Preview(partial(_decode, tiny), "previews by the tiny autoencoder", tiny)
    if max(vae.config.block_out_channels) <= TINY_VAE_CHANNELS:  # its parameters may be elsewhere, with OpenVINO
        return Preview(partial(_decode, vae), "decoded previews", vae)
    if _is_sd15(vae):
        weights = torch.tensor((*SD15_MATRIX, (0.0, 0.0, 0.0)))
        return Preview(partial(_apply, weights), "linear previews")
    return Preview(partial(_apply, fit_matrix(vae)), "linear previews, fitted")


def _is_sd15(vae: AutoencoderKL) -> bool:
    """XL's VAE has the same shape, but other colours and another scale."""
    same_shape = (
        vae.config.latent_channels == len(SD15_MATRIX) and tuple(vae.config.block_out_channels) == SD15_CHANNELS
    )
    return same_shape and math.isclose(vae.config.scaling_factor, SD15_SCALING)


def decode_latents(vae: AutoencoderKL | AutoencoderTiny, latents: torch.Tensor) -> torch.Tensor:
    """Latents (1, C, h, w) as the model makes them -> RGB (3, H, W), float32 in [-1, 1]."""
    shift = getattr(vae.config, "shift_factor", None) or 0.0
    own, wide_enough = vae.dtype, decoding_dtype(vae)
    scaled = (latents / vae.config.scaling_factor + shift).to(wide_enough)
    if wide_enough is own:
        decoded: torch.Tensor = vae.decode(scaled, return_dict=False)[0]
    else:
        try:
            decoded = vae.to(wide_enough).decode(scaled, return_dict=False)[0]
        finally:
            vae.to(own)
    return decoded[0].float().clamp(-1, 1).cpu()


def decoding_dtype(vae: AutoencoderKL | AutoencoderTiny) -> torch.dtype:
    """The VAE's own, but float32 for XL's where float16 does not suffice it: numbers inside go beyond 65,504. (1.5's says the
    same of itself by default, and does not need it.) diffusers' pipelines do so where they decode; here they give latents.
    """
    is_xl = math.isclose(vae.config.scaling_factor, SDXL_SCALING)
    return torch.float32 if vae.dtype is torch.float16 and is_xl and vae.config.force_upcast else vae.dtype


def fit_matrix(vae: AutoencoderKL, *, samples: int = 12, side: int = 8) -> torch.Tensor:
    """Least squares from latent pixels to the mean colours of what they decode to: (C + 1, 3), the last row the bias.

    The random latents are half flat and half noise: decoders see areas, not single pixels.
    """
    channels, parameter = vae.config.latent_channels, next(vae.parameters())
    generator = torch.Generator().manual_seed(0)
    flat = torch.randn(samples, channels, 1, 1, generator=generator)
    latents = (flat + torch.randn(samples, channels, side, side, generator=generator)) / 2**0.5
    colours = [decode_latents(vae, latent[None].to(parameter.device)) for latent in latents]
    means = torch.stack([torch.nn.functional.adaptive_avg_pool2d(colour, side) for colour in colours])
    means = means.nan_to_num()  # else the fit fails, and nothing is drawn for want of previews
    pixels = latents.permute(0, 2, 3, 1).reshape(-1, channels)
    return torch.linalg.lstsq(_with_ones(pixels), means.permute(0, 2, 3, 1).reshape(-1, 3)).solution


def make_jpeg(rgb: torch.Tensor) -> bytes:
    """RGB (3, H, W) in [-1, 1] -> a JPEG whose longer side is `PREVIEW_PX`."""
    picture = make_picture(rgb)
    scale = PREVIEW_PX / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    buffer = io.BytesIO()
    picture.resize((width, height), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def make_picture(rgb: torch.Tensor) -> Image.Image:
    """RGB (3, H, W) in [-1, 1] -> a Pillow picture."""
    levels = ((rgb + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return Image.fromarray(levels.permute(1, 2, 0).contiguous().numpy())


def _decode(vae: AutoencoderKL | AutoencoderTiny, latents: torch.Tensor) -> Callable[[], torch.Tensor]:
    rgb = decode_latents(vae, latents)
    return lambda: rgb


def _apply(weights: torch.Tensor, latents: torch.Tensor) -> Callable[[], torch.Tensor]:
    here = latents[0].cpu()  # waits for the step: so no more than one is under way when it is asked whether to stop
    return partial(_multiply, weights, here)


def _multiply(weights: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
    """Latents (C, h, w) -> RGB (3, h, w)."""
    channels, height, width = latents.shape
    pixels = latents.float().permute(1, 2, 0).reshape(-1, channels)
    return (_with_ones(pixels) @ weights).clamp(-1, 1).reshape(height, width, 3).permute(2, 0, 1)


def _with_ones(pixels: torch.Tensor) -> torch.Tensor:
    return torch.cat([pixels, torch.ones(len(pixels), 1)], dim=1)
