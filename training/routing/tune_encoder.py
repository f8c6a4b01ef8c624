"""Tunes the encoder of the `bert` stage: `python -m training.routing.tune_encoder [--rows N | --minutes M] [--output FOLDER]`.

The written rows are met many times, each time typed a little differently, the generated ones about once. A checkpoint is kept,
from which the same command goes on. Needs torch and the `training` extra; `mom train routing` needs neither.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from mom.models.bert.encoder import BLOCK, LAYERS, SHIPPED_ENCODER, WIDTH, WORDS, read_vocabulary
from mom.models.bert.tokens import Reading, read
from training.routing.as_typed import as_typed
from training.routing.dataset import conversation_of, read_dev
from training.routing.encoder_model import RoutingEncoder, batch_of, load_source
from training.routing.generate import Generator, Row, generate
from training.routing.known import LeftOut, left_out
from training.routing.shipped_layers import read_layers
from training.routing.source_encoder import read_source
from training.routing.written import split_written

BATCH = 48
POOL = 40  # so many batches' rows are sorted by length together
RATE, OUT_RATE, WARM_UP, DECAY = 1.5e-4, 1e-3, 0.06, 0.01
SMOOTHING = 0.02  # of the labels: some are a matter of taste
WRITTEN_SHARE = 0.5  # of the rows met, unless it is said otherwise
OFTEN_SHARE = 0.5  # of those, where some files are to be met more often
AS_IT_WAS, AS_TYPED = 0.5, 0.25  # of the written rows; the others are mangled as generated ones are
CHECK_EVERY = 200  # batches

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Lesson:
    reading: Reading
    wants_image: bool


@dataclass(slots=True)
class Course:
    """How far the training is. With `minutes`, the rate falls by the clock, for a machine that is shared; otherwise by rows."""

    rows: int
    minutes: float | None
    batches_done: int = 0
    seconds: float = 0.0

    @property
    def share_done(self) -> float:
        if self.minutes is not None:
            return self.seconds / 60 / self.minutes
        return self.batches_done * BATCH / self.rows

    def rate_share(self) -> float:
        """Of the learning rate: rising at first, then falling to nothing in a line."""
        done = self.share_done
        return done / WARM_UP if done < WARM_UP else max(0.0, (1 - done) / (1 - WARM_UP))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=250_000, help="how many rows are met in all")
    parser.add_argument("--minutes", type=float, help="how long to train, instead")
    parser.add_argument("--output", type=Path, default=Path("training/out/encoder"))
    parser.add_argument("--start", type=Path, help="a checkpoint, or a folder as the package ships it, to start from")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument(
        "--written-share", type=float, default=WRITTEN_SHARE, help="of the rows met, the others generated"
    )
    parser.add_argument(
        "--often", nargs="*", default=[], help="beginnings of written files' names, to be met more often"
    )
    arguments = parser.parse_args()
    tune(
        Course(arguments.rows, arguments.minutes),
        arguments.output,
        start=arguments.start,
        rate=arguments.rate,
        often=tuple(arguments.often),
        written_share=arguments.written_share,
        known=left_out(),
    )


def tune(
    course: Course,
    output: Path,
    *,
    start: Path | None,
    rate: float,
    often: tuple[str, ...],
    written_share: float,
    known: LeftOut,
) -> None:
    output.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    vocabulary = read_vocabulary(SHIPPED_ENCODER)
    words = np.fromfile(SHIPPED_ENCODER / WORDS, BLOCK).reshape(-1, WIDTH // 32)
    model = RoutingEncoder(words)
    begin(model, start)

    def lesson_of(row: Row) -> Lesson:
        return Lesson(read(conversation_of(row.turns), vocabulary), row.route == "image")

    written, held_out = split_written(without=known)
    generated = [lesson_of(row) for row in generate(without=known)]
    watched = {
        "development": [
            Lesson(read(case.conversation, vocabulary), case.route.value == "image") for case in read_dev()[0]
        ],
        "held out": [lesson_of(row) for row in held_out],
    }
    print(f"{len(written)} written rows, {len(held_out)} held out, {len(generated)} generated", flush=True)
    optimizer = _optimizer(model, rate)
    rates = [group["lr"] for group in optimizer.param_groups]
    met = _batches(
        written,
        split_written(without=known, files=often)[0] if often else [],
        generated,
        lesson_of,
        written_share,
        random.Random(1),
    )
    checkpoint = output / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        course.batches_done, course.seconds = saved["batches_done"], saved["seconds"]
        torch.set_rng_state(saved["chance"])
        for _ in range(course.batches_done):
            next(met)
    losses: list[float] = []
    while course.share_done < 1:
        began = time.monotonic()
        for group, full in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = full * course.rate_share()
        losses.append(_step(model, optimizer, next(met)))
        course.batches_done += 1
        course.seconds += time.monotonic() - began
        if course.batches_done % CHECK_EVERY == 0 or course.share_done >= 1:
            figures = ", ".join(f"{name} {scored(model, lessons)}" for name, lessons in watched.items())
            print(
                f"{course.batches_done * BATCH} rows, {course.seconds:.0f} s, loss {np.mean(losses):.3f}, {figures}",
                flush=True,
            )
            losses.clear()
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "chance": torch.get_rng_state()}
            torch.save({**state, "batches_done": course.batches_done, "seconds": course.seconds}, checkpoint)


def begin(model: RoutingEncoder, start: Path | None) -> None:
    """With the source encoder, a checkpoint, or the 8-bit layers in a folder."""
    if start is None:
        load_source(model, read_source().tensors)
    elif start.is_dir():
        layers = {name: torch.from_numpy(np.array(weight)) for name, weight in read_layers(start / LAYERS).items()}
        model.load_state_dict(layers | {"words.weight": model.words.weight})
    else:
        model.load_state_dict(torch.load(start)["model"])


def _step(model: RoutingEncoder, optimizer: torch.optim.Optimizer, lessons: Sequence[Lesson]) -> float:
    model.train()
    wanted = torch.tensor([float(lesson.wants_image) for lesson in lessons]) * (1 - SMOOTHING) + SMOOTHING / 2
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(*batch_of([lesson.reading for lesson in lessons]))
    loss = nn.functional.binary_cross_entropy_with_logits(logits, wanted)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.item())


def scored(model: RoutingEncoder, lessons: Sequence[Lesson]) -> str:
    """Accuracy and false images, at even odds."""
    says = weighed(model, [lesson.reading for lesson in lessons]) > 0
    wants = np.array([lesson.wants_image for lesson in lessons])
    return f"{(says == wants).mean():.3f} (false images {says[~wants].mean():.3f})"


def weighed(model: RoutingEncoder, readings: Sequence[Reading]) -> np.ndarray:
    """The logits of the readings, in their order."""
    order = sorted(range(len(readings)), key=lambda at: len(readings[at].pieces))
    logits = np.zeros(len(readings), np.float32)
    model.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for at in range(0, len(order), BATCH):
            batch = order[at : at + BATCH]
            logits[batch] = model(*batch_of([readings[place] for place in batch])).numpy()
    return logits


def _optimizer(model: RoutingEncoder, rate: float) -> torch.optim.AdamW:
    named = [(name, weights) for name, weights in model.named_parameters() if weights.requires_grad]

    def those(*, out: bool, tables: bool) -> list[Tensor]:
        return [w for name, w in named if name.startswith("out") is out and (w.ndim > 1) is tables]

    return torch.optim.AdamW(
        [
            {"params": those(out=False, tables=True), "lr": rate, "weight_decay": DECAY},
            {"params": those(out=False, tables=False), "lr": rate, "weight_decay": 0.0},
            {
                "params": those(out=True, tables=True) + those(out=True, tables=False),
                "lr": OUT_RATE,
                "weight_decay": 0.0,
            },
        ]
    )


def _batches(
    written: Sequence[Row],
    often: Sequence[Row],
    generated: Sequence[Lesson],
    lesson_of: Callable[[Row], Lesson],
    written_share: float,
    source: random.Random,
) -> Iterator[list[Lesson]]:
    """Batches without end, each of messages of about one length."""
    mangler = Generator("en", {"en": {}}, source)
    by_hand, by_machine = _endless(written, source), _endless(generated, source)
    often_met = _endless(often, source) if often else by_hand
    while True:
        pool = []
        for _ in range(BATCH * POOL):
            chance = source.random()
            if chance < written_share:
                row = next(often_met if chance < written_share * OFTEN_SHARE else by_hand)
                pool.append(lesson_of(_mangled(row, mangler)))
            else:
                pool.append(next(by_machine))
        pool.sort(key=lambda lesson: len(lesson.reading.pieces))
        batches = [pool[at : at + BATCH] for at in range(0, len(pool), BATCH)]
        source.shuffle(batches)
        yield from batches


def _mangled(row: Row, mangler: Generator) -> Row:
    chance = mangler.source.random()
    if chance < AS_IT_WAS:
        return row
    message = row.turns[-1][1]
    message = as_typed(message, row.lang, mangler.source) if chance < AS_IT_WAS + AS_TYPED else mangler.mangled(message)
    return Row((*row.turns[:-1], ("user", message)), row.route, row.kind, row.lang)


def _endless(items: Sequence[Item], source: random.Random) -> Iterator[Item]:
    """All items in some order, then again in another one."""
    order = list(items)
    while True:
        source.shuffle(order)
        yield from order


if __name__ == "__main__":
    main()
