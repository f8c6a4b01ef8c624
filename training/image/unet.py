"""The denoiser and its scheduler: Stable Diffusion's architecture, two hundred times smaller."""

from __future__ import annotations

import torch
from diffusers import LCMScheduler, UNet2DConditionModel

from training.image.grid import GRID
from training.image.latents import CHANNELS
from training.image.text import WIDTH

MAX_STEPS = 8


def build_unet() -> UNet2DConditionModel:
    """3.2 million weights; looks at the words at 4 x 4, where every cell sees the whole picture, and works that out up to 16 x 16.

    It takes a guidance embedding (`time_cond_proj_dim`), as LCM models do, with its weights at zero: a caller's guidance scale
    then changes nothing and never doubles the batch.
    """
    unet = UNet2DConditionModel(
        sample_size=GRID,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        block_out_channels=(48, 92, 96),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=4,
        time_cond_proj_dim=32,
    )
    torch.nn.init.zeros_(unet.time_embedding.cond_proj.weight)
    unet.time_embedding.cond_proj.requires_grad_(requires_grad=False)
    return unet


def build_scheduler() -> LCMScheduler:
    """LCM with a model that predicts the clean latents themselves, and with very little noise after the first step.

    The first step starts from pure noise whatever the schedule says. With Stable Diffusion's own betas the second of four steps
    (timestep 759) keeps 5 % of the first answer's power, so it loses what the first step read from the tied noise. These betas keep
    98 % there: the later steps mend the answer instead of making it anew.
    """
    return LCMScheduler(
        beta_start=0.0000001,
        beta_end=0.000006,
        beta_schedule="linear",
        prediction_type="sample",
        original_inference_steps=50,
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
    )


def timesteps_in_use(scheduler: LCMScheduler) -> list[int]:
    """Every timestep after the first that a picture of up to eight steps visits; the first is always 999."""
    visited: set[int] = set()
    for steps in range(1, MAX_STEPS + 1):
        scheduler.set_timesteps(steps)
        visited |= {int(t) for t in scheduler.timesteps}
    return sorted(visited - {999})
