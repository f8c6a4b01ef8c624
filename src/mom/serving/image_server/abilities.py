"""What a loaded pipeline can be asked for."""

from typing import Any

from mom.serving.image_server.checkpoint import Family
from mom.serving.image_server.drawing import Abilities
from mom.serving.image_server.hardware import Hardware, pixels_that_fit
from mom.serving.image_server.loading import denoiser_of
from mom.serving.image_server.preview import decoding_dtype

MOST_STEPS = 50
MAX_EMBEDDED_GUIDANCE, MAX_GUIDANCE = 20.0, 10.0


def find_abilities(pipeline: Any, family: Family, hardware: Hardware, *, edits: bool) -> Abilities:  # noqa: ANN401 -- diffusers is untyped
    """`edits`: the engine can begin from a picture."""
    vae, denoiser = pipeline.vae, denoiser_of(pipeline)
    if family is Family.FLUX:
        size = (pipeline.default_sample_size * pipeline.vae_scale_factor,) * 2
    else:
        side = denoiser.config.sample_size
        height, width = (side, side) if isinstance(side, int) else side
        size = (width * pipeline.vae_scale_factor, height * pipeline.vae_scale_factor)
    # The decoder's last but one stage runs at full size, and about four of its tensors live at the same time.
    bytes_per_pixel = 4 * vae.config.block_out_channels[1] * decoding_dtype(vae).itemsize
    most_steps = pipeline.scheduler.config.get("original_inference_steps", MOST_STEPS)  # LCM's schedule has no more
    guided = family is not Family.FLUX
    return Abilities(
        default_size=size,
        max_steps=most_steps,
        max_pixels=max(pixels_that_fit(hardware.device, bytes_per_pixel), size[0] * size[1]),
        side_multiple=16 if family is Family.FLUX else 8,
        batch=hardware.batch,
        max_guidance=(MAX_EMBEDDED_GUIDANCE if is_distilled(denoiser) else MAX_GUIDANCE) if guided else 0.0,
        negative_prompts=guided and not is_distilled(denoiser),
        edits=edits,
    )


def is_distilled(denoiser: Any) -> bool:  # noqa: ANN401 -- diffusers is untyped
    """Whether it was distilled to take guidance as an input, as LCM's own models are."""
    return denoiser.config.get("time_cond_proj_dim") is not None
