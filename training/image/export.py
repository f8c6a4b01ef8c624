"""Writes the trained parts as a diffusers folder that `StableDiffusionPipeline.from_pretrained` loads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline
from transformers import CLIPTokenizer

from training.image.denoiser import Denoiser
from training.image.known_words import write_known_words
from training.image.unet import build_scheduler


def export_pipeline(folder: Path, vae: AutoencoderKL, denoiser: Denoiser, tokenizer: CLIPTokenizer) -> None:
    """Write model_index.json and all parts, weights as fp16 safetensors, replacing what was in `folder`.

    Also writes vocab.json and merges.txt, which older versions of transformers read.
    """
    shutil.rmtree(folder, ignore_errors=True)
    pipeline = StableDiffusionPipeline(
        vae=vae.cpu(),
        text_encoder=denoiser.text_encoder.cpu(),
        tokenizer=tokenizer,
        unet=denoiser.unet.cpu().to(memory_format=torch.contiguous_format),
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(dtype=torch.float16)
    vae.register_to_config(force_upcast=False)
    pipeline.save_pretrained(folder, safe_serialization=True)
    learned = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    (folder / "tokenizer" / "vocab.json").write_text(json.dumps(learned["vocab"], ensure_ascii=False), encoding="utf-8")
    merges = "\n".join(" ".join(merge) for merge in learned["merges"])
    (folder / "tokenizer" / "merges.txt").write_text(f"#version: 0.2\n{merges}\n", encoding="utf-8")
    write_known_words(folder)
