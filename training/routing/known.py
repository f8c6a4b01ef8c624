"""The messages that measure, and so are never trained on."""

from collections.abc import Iterable
from pathlib import Path

from mom.evaluation.routing_data import read_routing_data
from training.routing.dataset import read_dev
from training.routing.generate import plain
from training.routing.written import read_blind


def known_words(files: Iterable[Path] = ()) -> frozenset[str]:
    """The messages of the development set, the blind set and further test `files`, in plain words."""
    cases = [*read_blind(), *(case for half in read_dev() for case in half)]
    files = list(files)
    if files:
        cases += read_routing_data(files)
    return frozenset(plain(case.conversation.last.content) for case in cases)
