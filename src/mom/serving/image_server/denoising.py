"""Asks a diffusers pipeline for the latents of pictures, from words alone or from a picture to begin with."""

import io
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from PIL import Image

from mom.serving.image_server.abilities import is_distilled
from mom.serving.image_server.checkpoint import Family
from mom.serving.image_server.drawing import PictureSpec
from mom.serving.image_server.loading import denoiser_of, make_editor

# An LCM-distilled UNet takes guidance as an input (8 is what its authors use); any other must not be guided unless it is
# asked for: guidance above 1 doubles the UNet's work. https://arxiv.org/abs/2310.04378
EMBEDDED_GUIDANCE = 8.0
NO_GUIDANCE = 1.0
FLUX_TOKENS = 256  # what FLUX.1-schnell's text encoder was trained to read


class Denoising:
    """Gives latents as (N, C, h, w), whatever the family works on. `edits`: may a picture be begun from?"""

    def __init__(self, pipeline: Any, family: Family, *, edits: bool) -> None:  # noqa: ANN401 -- diffusers is untyped
        self._pipeline = pipeline
        self._family = family
        self._editor = make_editor(pipeline, family) if edits else None

    def run(self, specs: Sequence[PictureSpec], after_step: Callable[..., dict[str, Any]]) -> torch.Tensor:
        """The latents of pictures that can share a batch; `after_step` is diffusers' callback."""
        first = specs[0]
        asked: dict[str, Any] = {
            "prompt": [spec.prompt for spec in specs],
            "num_inference_steps": first.steps,
            "guidance_scale": self.guidance(first),
            # On the CPU also for a GPU: the same seed is the same picture everywhere.
            "generator": [torch.Generator("cpu").manual_seed(spec.seed) for spec in specs],
            "output_type": "latent",
            "callback_on_step_end": after_step,
        }
        if first.negative_prompt:
            asked["negative_prompt"] = [spec.negative_prompt for spec in specs]
        if self._family is Family.FLUX:
            asked["max_sequence_length"] = FLUX_TOKENS
        if first.source is None or self._editor is None:
            return self._unpack(self._pipeline(**asked, width=first.width, height=first.height).images, first)
        asked |= {"image": Image.open(io.BytesIO(first.source)), "strength": first.strength}
        asked["num_inference_steps"] = count_schedule(first.steps, first.strength)
        if self._family is Family.FLUX:
            asked |= {"width": first.width, "height": first.height}
        return self._unpack(self._editor(**asked).images, first)

    def predicted(self, spec: PictureSpec) -> torch.Tensor:
        """What the last step takes the finished latents of such a picture's batch to be."""
        return self._unpack(self._pipeline.scheduler.denoised, spec)

    def _unpack(self, latents: torch.Tensor, spec: PictureSpec) -> torch.Tensor:
        """Latents (N, C, h, w); FLUX works on rows of 2 x 2 patches."""
        if self._family is not Family.FLUX:
            return latents
        unpacked: torch.Tensor = self._pipeline._unpack_latents(  # noqa: SLF001 -- as its own decoding does
            latents, spec.height, spec.width, self._pipeline.vae_scale_factor
        )
        return unpacked

    def guidance(self, spec: PictureSpec) -> float:
        """What is asked for, or else what suits the model."""
        if spec.cfg_scale is not None:
            return spec.cfg_scale
        return EMBEDDED_GUIDANCE if is_distilled(denoiser_of(self._pipeline)) else NO_GUIDANCE


def count_schedule(steps: int, strength: float) -> int:
    """How long a schedule has to be for its last `strength` to have `steps` steps: diffusers skips the others."""
    length = math.ceil(steps / strength)
    return length if int(length * strength) >= steps else length + 1
