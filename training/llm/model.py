"""A small Llama in plain torch: the same arithmetic that llama.cpp runs for `general.architecture = llama`."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of the model; the defaults are those of the shipped one."""

    vocabulary: int = 1536
    width: int = 288
    layers: int = 8
    heads: int = 9
    hidden: int = 768
    context: int = 2048
    rope_base: float = 10_000.0
    norm_epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        return self.width // self.heads


class RMSNorm(nn.Module):  # type: ignore[misc] # torch is untyped to the type checker
    """Root mean square norm with a gain (Zhang & Sennrich 2019, arXiv 1910.07467)."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.epsilon)


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotary positions on neighbouring pairs (x0, x1), (x2, x3), ...: llama.cpp's order for llama, so that
    the exported matrices need no permutation. `x` is (batch, heads, tokens, head width).
    """
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), dim=-1)
    return turned.flatten(-2)


class Block(nn.Module):  # type: ignore[misc] # torch is untyped to the type checker
    """One layer: attention, then a gated feed-forward part, each normed first and added to the stream."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        width, hidden = shape.width, shape.hidden
        self.attention_norm = RMSNorm(width, shape.norm_epsilon)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.feed_norm = RMSNorm(width, shape.norm_epsilon)
        self.gate = nn.Linear(width, hidden, bias=False)
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def attend(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        batch, tokens, width = x.shape

        def split(part: Tensor) -> Tensor:
            return part.view(batch, tokens, self.heads, width // self.heads).transpose(1, 2)

        query = rotate(split(self.query(x)), cosine, sine)
        key = rotate(split(self.key(x)), cosine, sine)
        value = split(self.value(x))
        if x.is_cuda:
            mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        else:  # written out: for such short texts this is quicker on a CPU than the fused kernel's backward pass
            scores = (query @ key.transpose(-1, -2)) * (width // self.heads) ** -0.5
            future = torch.full((tokens, tokens), -1e4, dtype=scores.dtype, device=x.device).triu(1)
            mixed = torch.softmax(scores + future, dim=-1).to(value.dtype) @ value
        return self.output(mixed.transpose(1, 2).reshape(batch, tokens, width))

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        x = x + self.attend(self.attention_norm(x), cosine, sine)
        fed = self.feed_norm(x)
        return x + self.down(functional.silu(self.gate(fed)) * self.up(fed))


class Llama(nn.Module):  # type: ignore[misc] # torch is untyped to the type checker
    """Token ids in, logits out; input and output embeddings are one matrix."""

    cosine: Tensor
    sine: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = RMSNorm(shape.width, shape.norm_epsilon)
        frequencies = shape.rope_base ** (-torch.arange(0, shape.head_width, 2) / shape.head_width)
        angles = torch.outer(torch.arange(shape.context), frequencies)
        self.register_buffer("cosine", angles.cos(), persistent=False)
        self.register_buffer("sine", angles.sin(), persistent=False)
        self.start()

    def start(self) -> None:
        """Starting weights: small normal ones; what writes into the stream starts at zero, so that each layer
        begins as the identity.
        """
        nn.init.normal_(self.embedding.weight, std=0.05)
        for name, parameter in self.blocks.named_parameters():
            if "norm" in name:
                continue
            if "output" in name or "down" in name:
                nn.init.zeros_(parameter)
            else:
                nn.init.normal_(parameter, std=self.shape.width**-0.5)

    def hidden(self, ids: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """The normed last states, (batch, tokens, width), of ids (batch, tokens)."""
        x = self.embedding(ids).to(dtype)
        cosine, sine = self.cosine[: ids.shape[1]].to(x.dtype), self.sine[: ids.shape[1]].to(x.dtype)
        for block in self.blocks:
            x = block(x, cosine, sine)
        return self.norm(x)

    def forward(self, ids: Tensor) -> Tensor:
        return functional.linear(self.hidden(ids), self.embedding.weight)

    def greedy(self, ids: list[int], stop: int, limit: int) -> list[int]:
        """The likeliest continuation, at most `limit` tokens, without the stop token."""
        device = self.embedding.weight.device
        made: list[int] = []
        while len(made) < limit:
            with torch.inference_mode():
                logits = self(torch.tensor([ids + made], device=device))
            best = int(logits[0, -1].argmax())
            if best == stop:
                break
            made.append(best)
        return made
