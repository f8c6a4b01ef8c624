"""Trains the head of the `bert` stage: `python -m training.routing.train [--output FILE] [--share S] [--more F.jsonl]`.

Generated rows, written rows and the rows of `--more` (the exported corrections, say) are fitted; one half of the
development set and the written rows that are held out weigh n-grams and encoder against each other. The encoder stays as it is (`tune_encoder` makes it). The same rows give the same file, on the same machine.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mom.evaluation.routing_data import Example, read_routing_data
from mom.mixture.conversation import Conversation
from mom.mixture.verdict import Need
from mom.models.bert.encoder import SHIPPED_ENCODER, Encoder, read_encoder
from mom.models.bert.head import Head, write_head
from mom.models.bert.options import SHIPPED
from training.routing.calibrate import alone_threshold, fit_shares, image_threshold, text_threshold
from training.routing.dataset import conversation_of, read_dev
from training.routing.fit import Floats, fit, matrix
from training.routing.generate import Row, generate
from training.routing.known import left_out
from training.routing.written import split_written

PENALTY = 3e-7  # L2, per weight
ROUNDS = 60
# A generated row counts once.
WRITTEN_WEIGHT = 3.0
MORE_WEIGHT = 40.0
# The rows of later files were written to be hard: they would make it doubt of everything, plain messages too.
CALIBRATING = ("w1_", "w2_", "w3_", "w5_", "w6_")


@dataclass(frozen=True, slots=True)
class Lesson:
    conversation: Conversation
    wants_image: bool
    weight: float


def lesson_of(row: Row, weight: float = 1.0) -> Lesson:
    return Lesson(conversation_of(row.turns), row.route == "image", weight)


def lesson_of_case(case: Example, weight: float = 1.0) -> Lesson:
    return Lesson(case.conversation, case.route is Need.IMAGE, weight)


def train_ngrams(lessons: Sequence[Lesson], *, rounds: int = ROUNDS) -> tuple[Floats, float]:
    """The weights of the n-grams and the bias that these lessons make."""
    wants_image = np.array([lesson.wants_image for lesson in lessons], float)
    weights = np.array([lesson.weight for lesson in lessons])
    rows = matrix([lesson.conversation for lesson in lessons])
    return fit(rows, wants_image, weights, penalty=PENALTY, rounds=rounds)


def make_head(
    lessons: Sequence[Lesson], calibrating: Sequence[Lesson], encoder: Encoder, *, rounds: int = ROUNDS
) -> Head:
    """A head trained on `lessons`, its shares by `calibrating`, on which neither it nor the encoder was trained."""
    weights, bias = train_ngrams(lessons, rounds=rounds)
    halves = weights.astype("<f2")
    ngrams = matrix([lesson.conversation for lesson in calibrating]) @ halves.astype(float) + bias
    encoded = np.array([encoder.weigh(lesson.conversation)[0] for lesson in calibrating])
    logits = np.stack([ngrams, encoded], axis=1)
    wants_image = np.array([lesson.wants_image for lesson in calibrating], float)
    shares, shift = fit_shares(logits, wants_image)
    return Head(
        weights=halves,
        bias=bias,
        ngrams_share=float(shares[0]),
        encoder_share=float(shares[1]),
        shift=shift,
        text_threshold=text_threshold(),
        image_threshold=image_threshold(),
        alone_threshold=alone_threshold(),
        encoder=encoder.checksum,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=SHIPPED)
    parser.add_argument("--share", type=int, default=1, help="train on each S-th row only")
    parser.add_argument("--more", type=Path, action="append", default=[], help="further routing data")
    parser.add_argument("--encoder", type=Path, default=SHIPPED_ENCODER)
    arguments = parser.parse_args()
    known = left_out()
    written, _ = split_written(without=known)
    _, held_out = split_written(without=known, files=CALIBRATING)
    more = read_routing_data(arguments.more) if arguments.more else []
    lessons = [
        *map(lesson_of, generate(without=known)[:: arguments.share]),
        *(lesson_of(row, WRITTEN_WEIGHT) for row in written[:: arguments.share]),
        *(lesson_of_case(case, MORE_WEIGHT) for case in more),
    ]
    calibrating = [*map(lesson_of_case, read_dev()[0]), *map(lesson_of, held_out)]
    print(f"{len(lessons)} lessons, {len(more)} of them others; {len(calibrating)} calibrate")
    head = make_head(lessons, calibrating, read_encoder(arguments.encoder))
    write_head(head, arguments.output)
    print(
        f"thresholds {head.text_threshold:.3f} and {head.image_threshold:.3f}, shares of n-grams {head.ngrams_share:.3f} "
        f"and encoder {head.encoder_share:.3f}, shift {head.shift:.3f}"
    )


if __name__ == "__main__":
    main()
