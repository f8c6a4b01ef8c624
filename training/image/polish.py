"""Teaches the decoder to draw what the UNet answers, not only what the encoder would have said.

Prompt and noise determine a picture (`noise.py`), so for each answer of the UNet the true picture is known. Training the decoder on
such pairs makes edges crisp again where the answers are a little off. The UNet and the text encoder stay as they are.
"""

from __future__ import annotations

import random
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTokenizer

from training.image.budget import Budget, progress_bar, show
from training.image.denoiser import Denoiser
from training.image.latents import to_tensor
from training.image.noise import tied_noise
from training.image.pictures import draw_picture
from training.image.prompts import write_prompt
from training.image.scenes import random_jitter, random_scene
from training.image.tokenizer import encode_prompts
from training.image.unet import build_scheduler

PEAK_RATE = 1.5e-3
BATCH = 6
OFTEN_STEPS = (1, 2, 4, 4, 4, 8)


def polish_decoder(
    out: Path, vae: AutoencoderKL, denoiser: Denoiser, tokenizer: CLIPTokenizer, minutes: float, device: torch.device
) -> None:
    """Train the decoder of `vae` for `minutes` on the denoiser's answers, resuming from `out`/polished.pt."""
    torch.manual_seed(3)
    trained = nn.ModuleList([vae.decoder, vae.post_quant_conv])
    optimizer = torch.optim.AdamW(trained.parameters(), lr=PEAK_RATE, betas=(0.9, 0.99), weight_decay=1e-4)
    checkpoint = out / "polished.pt"
    budget, step, average = Budget(minutes), 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        trained.load_state_dict(state["weights"])
        budget, step = Budget(minutes, used_s=state["used_s"]), state["step"]
    rng = random.Random(3 + step)
    bar = progress_bar("polish", budget)
    while budget.fraction < 1:
        scenes = [random_scene(rng) for _ in range(BATCH)]
        jitters = [random_jitter(rng) for _ in scenes]
        truth = torch.stack([to_tensor(draw_picture(s, j)) for s, j in zip(scenes, jitters, strict=True)]).to(device)
        prompts = [write_prompt(scene, rng) for scene in scenes]
        latents = answer(
            denoiser, tokenizer, prompts, tied_noise(torch.tensor(jitters)).to(device), rng.choice(OFTEN_STEPS)
        )
        for group in optimizer.param_groups:
            group["lr"] = budget.learning_rate(PEAK_RATE)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            drawn = vae.decode(latents).sample
        error = functional.l1_loss(drawn.float(), truth)
        optimizer.zero_grad()
        (error + functional.mse_loss(drawn.float(), truth)).backward()
        nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
        optimizer.step()
        step += 1
        average = error.item() if average == 0 else 0.98 * average + 0.02 * error.item()
        show(bar, budget, f"step {step} l1 {average:.4f}")
    bar.close()
    torch.save({"weights": trained.state_dict(), "used_s": budget.elapsed_s, "step": step}, checkpoint)


def answer(denoiser: Denoiser, tokenizer: CLIPTokenizer, prompts: list[str], noise: Tensor, steps: int) -> Tensor:
    """The clean latents for the prompts in `steps` steps of LCM, as the pipeline computes them."""
    scheduler = build_scheduler()
    scheduler.set_timesteps(steps, device=noise.device)
    latents = clean = noise
    with torch.no_grad():
        states = denoiser.read(encode_prompts(tokenizer, prompts).to(noise.device))
        for timestep in scheduler.timesteps:
            predicted = denoiser(latents, timestep, states)
            latents, clean = scheduler.step(predicted, timestep, latents, return_dict=False)
    return clean
