"""Measures a head: `python -m training.routing.measure [--head FILE] [FILE.jsonl…]`; without files, the reported half of
the development set and the parts of the blind set. Prints one JSON object for each set, and the time of one message.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mom.evaluation.figures import Outcome, figures
from mom.evaluation.routing_data import Example, read_routing_data
from mom.mixture.verdict import DecidedBy, Need, Verdict
from mom.models.bert.encoder import SHIPPED_ENCODER
from mom.models.bert.options import SHIPPED
from mom.models.bert.reader import Reader, load_reader
from training.routing.dataset import read_dev
from training.routing.written import read_blind


def measured(reader: Reader, examples: Sequence[Example]) -> dict[str, object]:
    """The likelier need's figures, how much is decided at the head's thresholds, and how well, and the figures where `bert` is alone."""
    outcomes, alone, sure = [], [], []
    for example in examples:
        started = time.perf_counter()
        probability = reader.image_probability(example.conversation)
        took_ms = (time.perf_counter() - started) * 1000
        need = Need.IMAGE if probability >= 0.5 else Need.TEXT
        verdict = Verdict(
            need=need, image_probability=probability, decided_by=DecidedBy.BERT, took_ms=took_ms, reason=""
        )
        outcomes.append(Outcome(example.route, verdict, example.slices))
        served = Need.IMAGE if probability >= reader.head.alone_threshold else Need.TEXT
        alone.append(Outcome(example.route, replace(verdict, need=served), example.slices))
        if probability >= reader.head.image_threshold or probability <= reader.head.text_threshold:
            sure.append((need is example.route, need is Need.IMAGE, example.route is Need.IMAGE))
    texts = sum(example.route is Need.TEXT for example in examples)
    return {
        **figures(outcomes),
        "decided": len(sure) / len(examples),
        "decided_accuracy": float(np.mean([right for right, _, _ in sure])),
        "decided_false_image_rate": sum(says and not wants for _, says, wants in sure) / texts,
        "alone": figures(alone),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--head", type=Path, default=SHIPPED)
    parser.add_argument("--encoder", type=Path, default=SHIPPED_ENCODER)
    parser.add_argument("files", type=Path, nargs="*")
    arguments = parser.parse_args()
    reader = load_reader(arguments.head, arguments.encoder)
    sets = {path.name: read_routing_data([path]) for path in arguments.files} or {
        "dev, reported half": read_dev()[1],
        "blind": read_blind("w4"),
        "blind, second part": read_blind("w7", "w8"),
        "blind, third part": read_blind("w14"),
        "blind, fourth part": read_blind("w19"),
        "blind, fifth part": read_blind("w23"),
        "blind, sixth part": read_blind("w27"),
        "blind, seventh part": read_blind("w30"),
        "blind, eighth part": read_blind("w32"),
        "blind, ninth part": read_blind("w35"),
        "blind, tenth part": read_blind("w37"),
        "blind, eleventh part": read_blind("w39"),
    }
    for name, examples in sets.items():
        print(name, json.dumps(measured(reader, examples), ensure_ascii=False))


if __name__ == "__main__":
    main()
