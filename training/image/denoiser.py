"""Trains the UNet and the text encoder together to answer noise and a prompt with the clean latents.

Each step has two halves, as a picture has. First the step every picture begins with: pure noise, tied to the picture, at timestep
999. Then one of the later steps: the clean latents, or what the first half just answered, noised again; so that the model learns
to mend its own mistakes and not only to remove noise from perfect latents.

Pictures of two different shapes wait until the model draws one kind of shape: from the start they kept it from learning to count.
"""

from __future__ import annotations

import copy
import random
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextModel, CLIPTokenizer

from training.image.budget import Budget, progress_bar, show
from training.image.latents import Dataset
from training.image.muon import Muon
from training.image.noise import tied_noise
from training.image.prompts import write_prompt
from training.image.tokenizer import encode_prompts
from training.image.unet import build_scheduler, build_text_encoder, build_unet, timesteps_in_use

PEAK_RATE = 2e-3
BATCH = 20
LATER_BATCH = 12
AVERAGING = 0.995
OWN_ANSWERS = 0.75
PAIRS_FROM = 0.4
SAVE_EVERY_S = 120.0


class Denoiser:
    """The UNet with its text encoder: token ids and noisy latents in, clean latents out."""

    def __init__(self, vocabulary: int) -> None:
        self.unet: UNet2DConditionModel = build_unet()
        self.text_encoder: CLIPTextModel = build_text_encoder(vocabulary)
        self.weights = nn.ModuleDict({"unet": self.unet, "text_encoder": self.text_encoder})

    def read(self, tokens: Tensor) -> Tensor:
        """The words' states, as the pipeline computes them."""
        states: Tensor = self.text_encoder(tokens).last_hidden_state
        return states

    def __call__(self, noisy: Tensor, timesteps: Tensor, states: Tensor) -> Tensor:
        clean: Tensor = self.unet(noisy, timesteps, states).sample
        return clean


def train_denoiser(
    out: Path, data: Dataset, tokenizer: CLIPTokenizer, minutes: float, device: torch.device, seed: int = 2
) -> Denoiser:
    """Train for `minutes`, resuming from `out`/denoiser.pt; returns the averaged weights."""
    torch.manual_seed(seed)
    model = Denoiser(len(tokenizer))
    average = copy.deepcopy(model)
    model.weights.to(device)
    average.weights.to(device)
    average.weights.eval()
    weights = [weight for weight in model.weights.parameters() if weight.requires_grad]
    matrices, others = split_weights(model.weights)
    muon = Muon(matrices)
    adam = torch.optim.AdamW(others, lr=PEAK_RATE, betas=(0.9, 0.99), weight_decay=0.01)
    checkpoint = out / "denoiser.pt"
    budget, step = Budget(minutes), 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        model.weights.load_state_dict(state["model"])
        average.weights.load_state_dict(state["average"])
        adam.load_state_dict(state["adam"])
        muon.averages = state["muon"]
        budget, step = Budget(minutes, used_s=state["used_s"]), state["step"]
    rng = random.Random(seed + step)
    torch.manual_seed(seed + step)
    saved_at = budget.elapsed_s
    everything = range(len(data.scenes))
    without_pairs = [i for i in everything if len(data.scenes[i].groups) != 2]
    losses = [0.0, 0.0]
    bar = progress_bar("denoiser", budget)
    while budget.fraction < 1:
        rate = budget.learning_rate(PEAK_RATE)
        for group in adam.param_groups:
            group["lr"] = rate
        picked = rng.sample(everything if budget.fraction > PAIRS_FROM else without_pairs, BATCH)
        first, later = denoising_losses(model, data, picked, tokenizer, rng, device)
        model.weights.zero_grad()
        (first + LATER_BATCH / BATCH * later).backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        adam.step()
        muon.step(rate)
        step += 1
        _follow(average.weights, model.weights, min(AVERAGING, step / (step + 50)))
        for i, loss in enumerate((first, later)):
            losses[i] = loss.item() if step == 1 else 0.98 * losses[i] + 0.02 * loss.item()
        show(bar, budget, f"step {step} first {losses[0]:.4f} later {losses[1]:.4f}")
        if budget.elapsed_s - saved_at > SAVE_EVERY_S or budget.fraction >= 1:
            saved_at = budget.elapsed_s
            parts = {"model": model.weights, "average": average.weights, "adam": adam}
            state = {name: part.state_dict() for name, part in parts.items()}
            torch.save({**state, "muon": muon.averages, "used_s": saved_at, "step": step}, checkpoint)
    bar.close()
    return average


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
    model: Denoiser,
    data: Dataset,
    picked: list[int],
    tokenizer: CLIPTokenizer,
    rng: random.Random,
    device: torch.device,
) -> tuple[Tensor, Tensor]:
    """Mean squared errors of the first step and of a random later one, on the picked scenes."""
    scheduler = build_scheduler()
    later_steps = torch.tensor(timesteps_in_use(scheduler))
    clean = data.latents[picked].to(device)
    states = model.read(encode_prompts(tokenizer, [write_prompt(data.scenes[i], rng) for i in picked]).to(device))

    beginning = torch.full((BATCH,), 999, device=device)
    answer = model(tied_noise(data.jitters[picked].to(device)), beginning, states)

    part = slice(LATER_BATCH)
    timesteps = later_steps[torch.randint(len(later_steps), (LATER_BATCH,))].to(device)
    own = torch.rand(LATER_BATCH, 1, 1, 1, device=device) < OWN_ANSWERS
    base = torch.where(own, answer[part].detach(), clean[part])
    noisy = scheduler.add_noise(base, torch.randn_like(base), timesteps)
    again = model(noisy, timesteps, states[part])
    return functional.mse_loss(answer, clean), functional.mse_loss(again, clean[part])


def _follow(average: nn.Module, model: nn.Module, keep: float) -> None:
    with torch.no_grad():
        for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
            slow.lerp_(fast, 1 - keep)
