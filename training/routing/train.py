"""Trains the head of the `bert` stage: `python -m training.routing.train [--output FILE] [--share S] [--more F.jsonl]`.

Generated rows, and the rows of `--more` (the exported corrections, say), are fitted; one half of the development set
calibrates the head and chooses its thresholds. The same rows give the same file, on the same machine.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mom.evaluation.routing_data import Example, read_routing_data
from mom.mixture.verdict import Need
from mom.models.bert.features import State, state_of
from mom.models.bert.head import SHIPPED, Head, write_head
from training.routing.calibrate import choose_thresholds, fit_scale
from training.routing.dataset import conversation_of, read_dev
from training.routing.fit import Floats, fit, matrix
from training.routing.generate import Row, generate, plain

PENALTY = 3e-7  # L2, per weight
ROUNDS = 60
MORE_WEIGHT = 5.0  # a row that a person labelled counts as so many generated ones


def train(rows: Sequence[Row], more: Sequence[Example] = (), *, rounds: int = ROUNDS) -> tuple[Floats, float]:
    """The weights and the bias of the head that these rows make."""
    conversations = [conversation_of(row.turns) for row in rows] + [case.conversation for case in more]
    wants_image = [row.route == "image" for row in rows] + [case.route is Need.IMAGE for case in more]
    counts = [1.0] * len(rows) + [MORE_WEIGHT] * len(more)
    return fit(matrix(conversations), np.array(wants_image, float), np.array(counts), penalty=PENALTY, rounds=rounds)


def make_head(rows: Sequence[Row], more: Sequence[Example] = (), *, rounds: int = ROUNDS) -> Head:
    """A trained and calibrated head."""
    weights, bias = train(rows, more, rounds=rounds)
    calibrating, _ = read_dev()
    halves = weights.astype("<f2")
    logits = matrix([case.conversation for case in calibrating]) @ halves.astype(float) + bias
    wants_image = np.array([case.route is Need.IMAGE for case in calibrating], float)
    scale, shift = fit_scale(logits, wants_image)
    probabilities = 1 / (1 + np.exp(-(scale * logits + shift)))
    text, image = choose_thresholds(probabilities, wants_image)
    return Head(halves, bias, scale, shift, text, image)


def known_words() -> frozenset[str]:
    """The development set's messages, which must not be trained on."""
    return frozenset(plain(case.conversation.last.content) for half in read_dev() for case in half)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=SHIPPED)
    parser.add_argument("--share", type=int, default=1, help="train on each S-th row only")
    parser.add_argument("--more", type=Path, action="append", default=[], help="further routing data")
    arguments = parser.parse_args()
    rows = generate(without=known_words())[:: arguments.share]
    more = read_routing_data(arguments.more) if arguments.more else []
    states = [state_of(conversation_of(row.turns)).name for row in rows]
    print(f"{len(rows)} generated rows, {len(more)} others; { ({s.name: states.count(s.name) for s in State}) }")
    head = make_head(rows, more)
    write_head(head, arguments.output)
    print(f"thresholds {head.text_threshold:.3f} and {head.image_threshold:.3f}, scale {head.scale:.3f}")


if __name__ == "__main__":
    main()
