"""What the encoder is taught, in batches: written messages, each time typed a little differently, some within a chat, and generated ones."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from mom.models.bert.tokens import Reading
from training.routing.as_typed import as_typed
from training.routing.encoder_model import batch_of
from training.routing.generate import Generator, Row
from training.workers import made_beside

POOL = 40  # so many batches' rows are sorted by length together
OFTEN_SHARE = 0.5  # of the written rows, where some files are to be met more often
AS_IT_WAS, AS_TYPED = 0.5, 0.25  # of the written rows; the others are mangled as generated ones are
LATER = 0.15  # of the written first messages: what they need is the same after an exchange about something else

Item = TypeVar("Item")
Batch = tuple[Tensor, ...]  # what the encoder's `forward` takes, and the wishes for an image (rows,) of 0 and 1


@dataclass(frozen=True, slots=True)
class Lesson:
    reading: Reading
    wants_image: bool


@dataclass(frozen=True, slots=True)
class Material:
    """`often` are written rows that half of the written ones met are taken from; `written_share` is of all that are met."""

    written: Sequence[Row]
    often: Sequence[Row]
    generated: Sequence[Lesson]
    lesson_of: Callable[[Row], Lesson]
    written_share: float
    size: int  # of a batch, in rows


class Batches(IterableDataset):  # type: ignore[misc]  # torch has no types here
    """Without end, each of messages of about one length. Each worker of a `DataLoader` shuffles for itself."""

    def __init__(self, material: Material, seed: int) -> None:
        self.material, self.seed = material, seed

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        source = random.Random(self.seed if worker is None else f"{self.seed} {worker.id}")
        for lessons in _batches(self.material, source):
            wanted = torch.tensor([float(lesson.wants_image) for lesson in lessons])
            yield (*batch_of([lesson.reading for lesson in lessons]), wanted)


def batches(material: Material, seed: int, workers: int) -> Iterator[Batch]:
    """The batches, made by so many further processes; by this one where there are none."""
    return made_beside(Batches(material, seed), workers)


def _batches(material: Material, source: random.Random) -> Iterator[list[Lesson]]:
    mangler = Generator("en", {"en": {}}, source)
    by_hand, by_machine = _endless(material.written, source), _endless(material.generated, source)
    often_met = _endless(material.often, source) if material.often else by_hand
    exchanges = [row.turns[:2] for row in material.written if len(row.turns) > 1]
    while True:
        pool = []
        for _ in range(material.size * POOL):
            chance = source.random()
            if chance < material.written_share:
                row = next(often_met if chance < material.written_share * OFTEN_SHARE else by_hand)
                row = _mangled(row, mangler)
                if exchanges and len(row.turns) == 1 and source.random() < LATER:
                    row = replace(row, turns=(*source.choice(exchanges), *row.turns))
                pool.append(material.lesson_of(row))
            else:
                pool.append(next(by_machine))
        pool.sort(key=lambda lesson: len(lesson.reading.pieces))
        found = [pool[at : at + material.size] for at in range(0, len(pool), material.size)]
        source.shuffle(found)
        yield from found


def _mangled(row: Row, mangler: Generator) -> Row:
    chance = mangler.source.random()
    if chance < AS_IT_WAS:
        return row
    message = row.turns[-1][1]
    message = as_typed(message, row.lang, mangler.source) if chance < AS_IT_WAS + AS_TYPED else mangler.mangled(message)
    return replace(row, turns=(*row.turns[:-1], ("user", message)))


def _endless(items: Sequence[Item], source: random.Random) -> Iterator[Item]:
    """All items in some order, then again in another one."""
    order = list(items)
    while True:
        source.shuffle(order)
        yield from order
