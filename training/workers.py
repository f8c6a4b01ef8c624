"""Batches that are made by other processes while a GPU trains."""

import os
from collections.abc import Iterator
from typing import Any

from torch.utils.data import DataLoader, IterableDataset


def made_beside(batches: IterableDataset, workers: int) -> Iterator[Any]:
    """The batches, made by so many further processes of low priority; by this one where there are none."""
    return iter(
        DataLoader(
            batches,
            batch_size=None,
            num_workers=workers,
            worker_init_fn=lambda _: os.nice(10),
            # Python 3.14 would send them what they need, which cannot all be sent.
            multiprocessing_context="fork" if workers else None,
        )
    )
