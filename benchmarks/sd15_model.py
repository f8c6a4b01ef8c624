"""Writes a model with random weights in the true shape of Stable Diffusion 1.5: `python -m benchmarks.sd15_model FOLDER`."""

import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL, LCMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from tests.serving.tiny_pipeline import make_tokenizer

VOCABULARY = 49_408  # CLIP's; the tokenizer itself is a tiny one, whose ids are all below it


def write_model(folder: Path) -> None:
    """The shapes of stable-diffusion-v1-5, and of LCM_Dreamshaper_v7's UNet, which takes guidance as an input."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    tokenizer = make_tokenizer()
    text = CLIPTextConfig(
        vocab_size=VOCABULARY, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, time_cond_proj_dim=256)
    vae = AutoencoderKL(
        block_out_channels=(128, 256, 512, 512), layers_per_block=2, sample_size=512,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    scheduler = LCMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, steps_offset=1)
    StableDiffusionPipeline(
        vae=vae, text_encoder=CLIPTextModel(text), tokenizer=tokenizer, unet=unet, scheduler=scheduler,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder)  # fmt: skip


if __name__ == "__main__":
    write_model(Path(sys.argv[1]))
