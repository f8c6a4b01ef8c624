"""Makes the tokenizer: byte-level BPE as CLIP's, with a vocabulary learned from this project's own prompts.

Words of the prompts become one token each; any other word falls apart into pieces, at worst into bytes.
"""

from __future__ import annotations

import json
import random

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import CLIPTokenizer

from training.image.prompts import write_prompt
from training.image.scenes import random_scene

VOCABULARY = 1400
PROMPTS = 20_000
MAX_TOKENS = 48
START, END = "<|startoftext|>", "<|endoftext|>"


def build_tokenizer() -> CLIPTokenizer:
    """Learn the merges from random prompts and return the tokenizer; the same on every call."""
    rng = random.Random(7)
    corpus = [write_prompt(random_scene(rng), rng) for _ in range(PROMPTS)]
    blank = CLIPTokenizer().backend_tokenizer
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.normalizer, learner.pre_tokenizer = blank.normalizer, blank.pre_tokenizer
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    alphabet = letters + [letter + "</w>" for letter in letters]
    learner.train_from_iterator(
        corpus,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY - len(letters) - 2,
            initial_alphabet=letters,
            end_of_word_suffix="</w>",
            show_progress=False,
        ),
    )
    learned = json.loads(learner.to_str())["model"]
    merges = [tuple(merge) for merge in learned["merges"]]
    pieces = dict.fromkeys([*alphabet, *("".join(merge) for merge in merges), START, END])
    return CLIPTokenizer(
        vocab={piece: index for index, piece in enumerate(pieces)},
        merges=merges,
        model_max_length=MAX_TOKENS,
    )


def encode_prompts(tokenizer: CLIPTokenizer, prompts: list[str]) -> Tensor:
    """Token ids as StableDiffusionPipeline makes them: (prompts, MAX_TOKENS), padded and cut."""
    batch = tokenizer(prompts, padding="max_length", max_length=MAX_TOKENS, truncation=True, return_tensors="pt")
    ids: Tensor = batch.input_ids
    return ids
