"""Teaches the text encoder to read: before it meets a picture, it learns to say what a prompt asks for, question by question.

The answers are read from the states at the padding behind the words, where every word has been seen; the UNet looks at the same states.
Reading is quicker learned from questions than from pictures, and the UNet then has only to draw.
"""

from __future__ import annotations

import random
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from training.image.backdrops import BACKGROUNDS, COLOURS, PLACES
from training.image.glyphs import NAMES
from training.image.prompts import write_prompt
from training.image.run import Run
from training.image.scenes import ACROSS, DOWN, EMBLEM, MOST, MOST_IN_PAIR, SIZES, Scene, random_scene
from training.image.tokenizer import MAX_TOKENS, encode_prompts
from training.muon import AS_ADAMW, Muon

WIDTH = 128
LAYERS = 3
PEAK_RATE = 3e-3
BATCH = 128
SEED = 4
_COLOURS = tuple(COLOURS)

# How many answers each question has.
QUESTIONS = {
    "first thing": len(NAMES) + 1, "first colour": len(COLOURS), "how many": MOST,
    "second thing": len(NAMES) + 1, "second colour": len(COLOURS) + 1, "how many more": MOST_IN_PAIR + 1,
    "size": len(SIZES), "across": len(ACROSS), "down": len(DOWN), "stacked": 2,
    "background": len(BACKGROUNDS), "place": len(PLACES) + 1,
}  # fmt: skip


def answers(scene: Scene) -> list[int]:
    """What the scene answers to each of the questions; the last thing and colour mean none, or the emblem."""
    first, second = scene.groups[0], scene.groups[1] if len(scene.groups) == 2 else None
    known = scene.groups != EMBLEM.groups
    return [
        NAMES.index(first.glyph) if known else len(NAMES),
        _COLOURS.index(first.colour) if known else 0,
        first.count - 1,
        NAMES.index(second.glyph) if second else len(NAMES),
        _COLOURS.index(second.colour) if second else len(COLOURS),
        second.count if second else 0,
        SIZES.index(scene.size),
        ACROSS.index(scene.across),
        DOWN.index(scene.down),
        int(scene.stacked),
        BACKGROUNDS.index(scene.background),
        (*PLACES, "").index(scene.place),
    ]


def build_text_encoder(vocabulary: int) -> CLIPTextModel:
    """Three layers of CLIP's text transformer; the last two tokens of the vocabulary are start and end.

    Words start out nearly orthogonal and not small, so that no two are mistaken for each other at first.
    """
    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=WIDTH,
            intermediate_size=3 * WIDTH,
            projection_dim=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=4,
            max_position_embeddings=MAX_TOKENS,
            bos_token_id=vocabulary - 2,
            eos_token_id=vocabulary - 1,
            pad_token_id=vocabulary - 1,
        )
    )
    embeddings = model.text_model.embeddings if hasattr(model, "text_model") else model.embeddings
    nn.init.normal_(embeddings.token_embedding.weight, std=0.3)
    nn.init.normal_(embeddings.position_embedding.weight, std=0.1)
    return model


def train_text_encoder(out: Path, tokenizer: CLIPTokenizer, minutes: float, device: torch.device) -> CLIPTextModel:
    """Train for `minutes`, resuming from `out`/text.pt."""
    torch.manual_seed(SEED)
    model = build_text_encoder(len(tokenizer)).to(device)
    model.set_attn_implementation("eager")  # measured: half the time of the fused one in bfloat16 on a CPU
    heads = nn.Linear(WIDTH, sum(QUESTIONS.values())).to(device)
    both = nn.ModuleDict({"model": model, "heads": heads})
    inner = [w for name, w in model.named_parameters() if w.ndim == 2 and "embedding" not in name]
    others = [w for name, w in both.named_parameters() if w.ndim < 2 or "embedding" in name or "heads" in name]
    muon = Muon(inner, PEAK_RATE, weight_decay=0.01, adjust_lr_fn=AS_ADAMW)
    adam = torch.optim.AdamW(others, betas=(0.9, 0.99), weight_decay=0.0)
    run = Run(out / "text.pt", minutes, PEAK_RATE, both, muon, adam)
    rng = random.Random(SEED + run.step)
    for _ in run.steps():
        loss, right = reading_loss(model, heads, tokenizer, rng, device)
        run.learn(loss, {"loss": loss.item(), "all right": right})
    return model


def reading_loss(
    model: CLIPTextModel, heads: nn.Linear, tokenizer: CLIPTokenizer, rng: random.Random, device: torch.device
) -> tuple[Tensor, float]:
    """Cross entropy over all questions on fresh prompts, and the share of prompts with every answer right.

    The questions are asked at the last state and at a random one of the padding.
    """
    scenes = [random_scene(rng) for _ in range(BATCH)]
    tokens = encode_prompts(tokenizer, [write_prompt(scene, rng) for scene in scenes]).to(device)
    wanted = torch.tensor([answers(scene) for scene in scenes], device=device)
    with torch.autocast(device.type, dtype=torch.bfloat16):
        states = model(tokens).last_hidden_state.float()
    first_end = (tokens == len(tokenizer) - 1).int().argmax(1)
    spread = torch.rand(BATCH, device=device) * (MAX_TOKENS - first_end)
    places = torch.stack([first_end + spread.long(), torch.full_like(first_end, MAX_TOKENS - 1)])
    answered = heads(states[torch.arange(BATCH, device=device), places]).split(list(QUESTIONS.values()), dim=-1)
    losses = [functional.cross_entropy(a.flatten(0, 1), w.repeat(2)) for a, w in zip(answered, wanted.T, strict=True)]
    right = torch.stack([a[1].argmax(-1) for a in answered], dim=1) == wanted
    return torch.stack(losses).sum(), right.all(1).float().mean().item()
