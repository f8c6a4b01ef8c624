"""Tiny pipelines of the other classes, with random weights: SDXL as Turbo, FLUX as schnell, TAESD, a safety checker."""

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    EulerAncestralDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    T5Config,
    T5EncoderModel,
)

from tests.serving.tiny_pipeline import MAX_TOKENS, make_pipeline, make_tokenizer


def text_config(**more: object) -> CLIPTextConfig:
    tokenizer = make_tokenizer()
    return CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=MAX_TOKENS, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, **more,
    )  # fmt: skip


def make_vae(channels: tuple[int, int] = (16, 32), **more: object) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=channels, norm_num_groups=8, sample_size=32,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, **more,
    )  # fmt: skip


def write_sdxl_turbo(folder: Path, vae: AutoencoderKL | None = None) -> Path:
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=16, block_out_channels=(32, 64), layers_per_block=1, norm_num_groups=8, attention_head_dim=(2, 4),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=8,
        transformer_layers_per_block=1, projection_class_embeddings_input_dim=6 * 8 + 32, cross_attention_dim=64,
    )  # fmt: skip
    scheduler = EulerAncestralDiscreteScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, steps_offset=1, timestep_spacing="trailing"
    )
    StableDiffusionXLPipeline(
        vae=vae or make_vae(), text_encoder=CLIPTextModel(text_config()), tokenizer=make_tokenizer(),
        text_encoder_2=CLIPTextModelWithProjection(text_config(projection_dim=32)), tokenizer_2=make_tokenizer(),
        unet=unet, scheduler=scheduler, add_watermarker=False,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def make_wide_vae() -> AutoencoderKL:
    """Of XL's scale, too large to decode previews with, and with numbers inside that float16 cannot hold."""
    vae = make_vae(channels=(16, 136), scaling_factor=0.13025)
    with torch.no_grad():
        vae.decoder.conv_in.weight *= 100_000
    return vae


def write_flux_schnell(folder: Path) -> Path:
    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    transformer = FluxTransformer2DModel(
        in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=(4, 4, 8), guidance_embeds=False,
    )  # fmt: skip
    t5 = T5Config(vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=64, num_layers=1, num_heads=4)
    FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.0), vae=make_vae(latent_channels=4, shift_factor=0.1),
        text_encoder=CLIPTextModel(text_config()), tokenizer=tokenizer, text_encoder_2=T5EncoderModel(t5),
        tokenizer_2=tokenizer, transformer=transformer,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def write_taesd(folder: Path) -> Path:
    torch.manual_seed(0)
    AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8), decoder_block_out_channels=(8, 8, 8), num_encoder_blocks=(1, 1, 1),
        num_decoder_blocks=(1, 1, 1), upsampling_scaling_factor=2,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def write_inpainting_sd(folder: Path) -> Path:
    """Its UNet takes a mask and a picture beside the latents."""
    pipeline = make_pipeline()
    pipeline.register_modules(unet=UNet2DConditionModel.from_config(pipeline.unet.config, in_channels=9))
    pipeline.save_pretrained(folder)
    return folder


def write_checked_sd(folder: Path, *, objects: bool) -> Path:
    """Stable Diffusion with a safety checker that objects to everything, or to nothing."""
    plain = make_pipeline()
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 32,
    }
    config = CLIPConfig(
        text_config=text_config().to_dict(), vision_config={**vision, "patch_size": 8}, projection_dim=16
    )
    checker = StableDiffusionSafetyChecker(config)
    for threshold in (checker.concept_embeds_weights, checker.special_care_embeds_weights):
        threshold.data.fill_(-10.0 if objects else 10.0)
    size = {"height": 32, "width": 32}
    pipeline = StableDiffusionPipeline(
        vae=plain.vae, text_encoder=plain.text_encoder, tokenizer=plain.tokenizer, unet=plain.unet,
        scheduler=plain.scheduler, safety_checker=checker,
        feature_extractor=CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=size),
    )  # fmt: skip
    pipeline.save_pretrained(folder)
    return folder
