"""Reads a GGUF file that `export.py` wrote back into torch, so that training can go on from the shipped model."""

from pathlib import Path
from typing import Any

import gguf
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor

from training.llm.chat import SPECIAL
from training.llm.tensor_names import our_name


def read_weights(path: Path) -> dict[str, Tensor]:
    """The file's tensors in float32, under our model's names."""
    tensors = gguf.GGUFReader(str(path)).tensors
    return {our_name(tensor.name): torch.tensor(gguf.dequantize(tensor.data, tensor.tensor_type)) for tensor in tensors}


def read_tokenizer(path: Path) -> Tokenizer:
    """The file's tokenizer."""
    fields = gguf.GGUFReader(str(path)).fields
    tokens, merges = (_strings(fields[f"tokenizer.ggml.{name}"]) for name in ("tokens", "merges"))
    pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in merges)]
    tokenizer = Tokenizer(models.BPE({token: index for index, token in enumerate(tokens)}, pairs))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def _strings(field: Any) -> list[str]:  # noqa: ANN401 - gguf is untyped
    return [bytes(field.parts[index]).decode() for index in field.data]
