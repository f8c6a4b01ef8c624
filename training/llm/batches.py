"""Batches of equal shape: examples sorted into lengths, padded, with a weight for every token that is to be learned."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from training.llm.chat import PAD, Task
from training.llm.data import SHARES, mixed_examples
from training.llm.tokenizer import encode, special_id

LENGTHS = (24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 256, 320, 768)
POOL = 2048
# A decision is one token among the dozens of an answer: it must not drown.
WEIGHTS: dict[Task, float] = {"route": 4.0, "draw": 1.0, "answer": 0.7}


@dataclass(frozen=True, slots=True)
class Batch:
    """`ids` (rows, length); `places` are the flat positions whose next token `targets` is learned, with `weights`."""

    ids: Tensor
    places: Tensor
    targets: Tensor
    weights: Tensor

    def to(self, device: torch.device) -> "Batch":
        parts = (self.ids, self.places, self.targets, self.weights)
        return Batch(*(part.to(device, non_blocking=True) for part in parts))

    @property
    def rows(self) -> Tensor:
        """Which row each of the places is in."""
        return self.places // self.ids.shape[1]

    def only(self, chosen: Tensor) -> "Batch":
        """The batch of these rows alone, whose numbers rise."""
        kept = torch.isin(self.rows, chosen)
        moved = torch.searchsorted(chosen, self.rows[kept]) - self.rows[kept]
        places = self.places[kept] + moved * self.ids.shape[1]
        return Batch(self.ids[chosen], places, self.targets[kept], self.weights[kept])


Row = tuple[list[int], list[float]]


def make_batch(rows: list[Row], length: int, pad: int) -> Batch:
    """Rows of (ids, weight of each id) as tensors."""
    ids = torch.full((len(rows), length), pad)
    weights = torch.zeros((len(rows), length))
    for index, (row, weight) in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
        weights[index, : len(row) - 1] = torch.tensor(weight[1:])
    following = torch.cat((ids[:, 1:], ids[:, :1]), dim=1).flatten()
    places = weights.flatten().nonzero().flatten()
    return Batch(ids, places, following[places], weights.flatten()[places])


class Batches(IterableDataset):  # type: ignore[misc] # torch is untyped to the type checker
    """Endless batches of about `tokens` tokens, each with the number of the pool it was filled from (to resume there).

    Workers of a `DataLoader` take the pools in turn.
    """

    def __init__(
        self, tokenizer: Tokenizer, seed: int, tokens: int, pool: int = 0, shares: Sequence[float] = SHARES
    ) -> None:
        self.tokenizer, self.seed, self.tokens, self.pool, self.shares = tokenizer, seed, tokens, pool, shares

    def __iter__(self) -> Iterator[tuple[int, Batch]]:
        worker = get_worker_info()
        first, every = (worker.id, worker.num_workers) if worker else (0, 1)
        pad = special_id(self.tokenizer, PAD)
        waiting: dict[int, list[Row]] = {length: [] for length in LENGTHS}
        for pool in itertools.count(self.pool + first, every):
            for example in mixed_examples(self.seed * 1_000_003 + pool, POOL, self.shares):
                ids, learned = encode(self.tokenizer, example)
                weight = [WEIGHTS[example.task] if said else 0.0 for said in learned]
                length = next((length for length in LENGTHS if length >= len(ids)), None)
                if length is None:
                    continue
                waiting[length].append((ids, weight))
                if len(waiting[length]) == max(1, self.tokens // length):
                    yield pool, make_batch(waiting[length], length, pad)
                    waiting[length] = []
