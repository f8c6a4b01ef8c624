"""A program that makes a tiny Stable Diffusion pipeline with random weights: `python tiny_pipeline.py FOLDER [--plain] [--lora]`.

Its pictures are noise, but every part has its true class, so the image server cannot tell it from a real one. 64 px by
default and a few ms a step; at 1024 px a step takes about half a second, for tests that need to be in the middle of one.
`--plain` makes it no LCM model; `--lora` writes an LCM-LoRA for it into FOLDER/lora.
"""

import string
import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL, LCMScheduler, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.utils import convert_state_dict_to_diffusers
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

MAX_TOKENS = 77
NORM_GROUPS = 8


def make_tokenizer() -> CLIPTokenizer:
    """Every printable character is a token of its own; in CLIP's own order, start and end come last."""
    letters = [letter for letter in string.printable if letter.strip()]
    pieces = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=MAX_TOKENS)


def make_pipeline(*, plain: bool = False) -> StableDiffusionPipeline:
    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    text = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=MAX_TOKENS, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=16, block_out_channels=(32, 64), layers_per_block=1, norm_num_groups=NORM_GROUPS,
        cross_attention_dim=32, attention_head_dim=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(16, 16, 32), norm_num_groups=NORM_GROUPS, sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
    )  # fmt: skip
    scheduler = (PNDMScheduler if plain else LCMScheduler)(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, steps_offset=1, set_alpha_to_one=True
    )  # PNDM's last step is another by default, and its pictures would not be LCM's
    return StableDiffusionPipeline(
        vae=vae, text_encoder=CLIPTextModel(text), tokenizer=tokenizer, unet=unet, scheduler=scheduler,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def write_lora(unet: UNet2DConditionModel, folder: Path) -> None:
    """A LoRA on the attention's queries and values, with weights large enough to change every picture."""
    unet.add_adapter(LoraConfig(r=2, target_modules=["to_q", "to_v"], init_lora_weights="gaussian"))
    with torch.no_grad():
        for name, parameter in unet.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=1.0)
    layers = convert_state_dict_to_diffusers(get_peft_model_state_dict(unet))
    StableDiffusionPipeline.save_lora_weights(folder, unet_lora_layers=layers)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    pipeline = make_pipeline(plain="--plain" in sys.argv)
    pipeline.save_pretrained(target)
    if "--lora" in sys.argv:
        write_lora(pipeline.unet, target / "lora")
