"""Picks the written messages that explain verdicts, and writes them with their vectors: `python -m training.routing.pick_known`.

Run it after `export_encoder`. Of each language, kind and need some short first messages are taken, by their words' hash.
"""

import zlib
from collections import defaultdict

import numpy as np

from mom.mixture.verdict import Need
from mom.models.bert.encoder import SHIPPED_ENCODER, read_encoder
from mom.models.bert.known_messages import write_known_messages
from training.routing.dataset import conversation_of
from training.routing.generate import Row
from training.routing.known import left_out
from training.routing.written import split_written

PLAIN = (
    "w1",
    "w2_",
    "w3_",
    "w4_",
    "w5_",
    "w6_",
    "w7_",
    "w8_",
    "w9_",
)  # not w20 on: written as look-alikes of each other
OF_EACH = {"en": 24}  # of a kind; of other languages `OTHERWISE`
OTHERWISE = 4
LONGEST = 120  # characters
MOST = 800


def pick() -> list[Row]:
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in split_written(without=left_out(), files=PLAIN)[0]:
        if len(row.turns) == 1 and 8 <= len(row.turns[0][1]) <= LONGEST:
            groups[row.lang, row.kind, row.route].append(row)
    picked = []
    for (lang, _, _), rows in sorted(groups.items()):
        rows.sort(key=lambda row: zlib.crc32(row.turns[0][1].encode()))
        picked += rows[: OF_EACH.get(lang, OTHERWISE)]
    return picked[:MOST]


def main() -> None:
    rows, encoder = pick(), read_encoder()
    vectors = np.stack([encoder.weigh(conversation_of(row.turns))[1] for row in rows])
    write_known_messages([row.turns[0][1] for row in rows], [Need(row.route) for row in rows], vectors, SHIPPED_ENCODER)
    print(f"{len(rows)} messages, {sum(row.route == 'image' for row in rows)} of them for an image")


if __name__ == "__main__":
    main()
