"""Trains the UNet to answer noise and a prompt with the clean latents; the text encoder has learned to read before (`text.py`).

Each step has two halves, as a picture has. First the step every picture begins with: pure noise, tied to the picture, at timestep
999. Then one of the later steps: the clean latents, or what the first half just answered, noised a little; so that the model learns
to mend its own mistakes and not only to remove noise from perfect latents.
"""

from __future__ import annotations

import copy
import random
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from training.image.latents import BEHIND, BORDERS, CHANNELS, CODE, COLOUR, GROUNDS, INSIDE, latents_of
from training.image.noise import tied_noise
from training.image.prompts import write_prompt
from training.image.run import Run
from training.image.scenes import Scene, random_jitter, random_scene
from training.image.tokenizer import encode_prompts
from training.image.unet import build_scheduler, build_unet, timesteps_in_use
from training.muon import AS_ADAMW, Muon

PEAK_RATE = 3e-3
BATCH = 24
LATER_BATCH = 8
AVERAGING = 0.998
OWN_ANSWERS = 0.75
# The later steps join at this share of the time: they have little to learn before the first step draws.
LATER_FROM = 0.6
SEED = 2
# Numbers about a thing matter where it is, and hardly elsewhere.
OUTSIDE = 0.12
WEIGHTS = ((INSIDE, 4.0), (CODE, 1.0), (COLOUR, 8.0), (BEHIND, 10.0), (GROUNDS, 3.0), (BORDERS, 8.0))


class Denoiser:
    """The UNet with its text encoder: token ids and noisy latents in, clean latents out."""

    def __init__(self, text_encoder: CLIPTextModel) -> None:
        self.unet: UNet2DConditionModel = build_unet()
        self.text_encoder = text_encoder.requires_grad_(requires_grad=False).eval()

    def read(self, tokens: Tensor) -> Tensor:
        """The words' states, as the pipeline computes them."""
        with torch.no_grad():
            states: Tensor = self.text_encoder(tokens).last_hidden_state
        return states

    def __call__(self, noisy: Tensor, timesteps: Tensor, states: Tensor) -> Tensor:
        clean: Tensor = self.unet(noisy, timesteps, states).sample
        return clean


def train_denoiser(
    out: Path, text_encoder: CLIPTextModel, tokenizer: CLIPTokenizer, minutes: float, device: torch.device
) -> Denoiser:
    """Train for `minutes`, resuming from `out`/denoiser.pt; returns the averaged weights."""
    torch.manual_seed(SEED)
    model = Denoiser(text_encoder.to(device))
    model.unet.to(device, memory_format=torch.channels_last)
    average = copy.deepcopy(model.unet).requires_grad_(requires_grad=False).eval()
    matrices, others = split_weights(model.unet)
    muon = Muon(matrices, PEAK_RATE, weight_decay=0.01, adjust_lr_fn=AS_ADAMW)
    adam = torch.optim.AdamW(others, betas=(0.9, 0.99), weight_decay=0.01)
    both = nn.ModuleDict({"unet": model.unet, "average": average})
    run = Run(out / "denoiser.pt", minutes, PEAK_RATE, both, muon, adam)
    rng = random.Random(SEED + run.step)
    torch.manual_seed(SEED + run.step)
    for step in run.steps():
        first, later = denoising_losses(model, tokenizer, rng, device, both=run.fraction >= LATER_FROM)
        run.learn(first + LATER_BATCH / BATCH * later, {"first": first.item(), "later": later.item()})
        _follow(average, model.unet, min(AVERAGING, step / (step + 50)))
    model.unet = average
    return model


def split_weights(model: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The inner layers' matrices, which Muon steps, and all other trained weights, which AdamW does."""
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, weight in model.named_parameters():
        outer = any(part in name for part in ("embedding", "conv_in", "conv_out"))
        if weight.requires_grad:
            (others if outer or weight.ndim < 2 else matrices).append(weight)
    return matrices, others


def denoising_losses(
    model: Denoiser, tokenizer: CLIPTokenizer, rng: random.Random, device: torch.device, *, both: bool
) -> tuple[Tensor, Tensor]:
    """Weighted squared errors of the first step and, if `both`, of a random later one, on fresh scenes."""
    scheduler = build_scheduler()
    later_steps = torch.tensor(timesteps_in_use(scheduler))
    scenes: list[Scene] = [random_scene(rng) for _ in range(BATCH)]
    jitters = [random_jitter(rng) for _ in scenes]
    clean = torch.stack([latents_of(s, j) for s, j in zip(scenes, jitters, strict=True)]).to(device)
    states = model.read(encode_prompts(tokenizer, [write_prompt(scene, rng) for scene in scenes]).to(device))

    beginning = torch.full((BATCH,), 999, device=device)
    with torch.autocast(device.type, dtype=torch.bfloat16):
        answer = model(tied_noise(torch.tensor(jitters, device=device)), beginning, states).float()
    error = weighted_error(answer, clean)
    if not both:
        return error, torch.zeros(())

    part = slice(LATER_BATCH)
    timesteps = later_steps[torch.randint(len(later_steps), (LATER_BATCH,))].to(device)
    own = torch.rand(LATER_BATCH, 1, 1, 1, device=device) < OWN_ANSWERS
    base = torch.where(own, answer[part].detach(), clean[part])
    noisy = scheduler.add_noise(base, torch.randn_like(base), timesteps)
    with torch.autocast(device.type, dtype=torch.bfloat16):
        again = model(noisy, timesteps, states[part]).float()
    return error, weighted_error(again, clean[part])


def weighted_error(answer: Tensor, clean: Tensor) -> Tensor:
    """The mean squared error, each channel with its weight, and what is said of things weighed by how near they are."""
    weights = torch.ones(CHANNELS, 1, 1, device=clean.device)
    for channels, weight in WEIGHTS:
        weights[channels] = weight
    near = (clean[:, 2:3] > 0).float() * (1 - OUTSIDE) + OUTSIDE
    spread = torch.ones_like(clean)
    spread[:, INSIDE.start : COLOUR.stop] = near
    spread[:, 2] = 0.5
    return ((answer - clean).square() * weights * spread).mean()


def _follow(average: nn.Module, model: nn.Module, keep: float) -> None:
    with torch.no_grad():
        for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
            slow.lerp_(fast, 1 - keep)
