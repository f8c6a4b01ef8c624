"""What `mom doctor` finds: a claim about one thing, and the one thing to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Finding(StrEnum):
    OK = "ok"
    NOTE = "note"  # works, but not as well as it could
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """`fix` is one sentence or command, empty where nothing is to be done."""

    name: str
    finding: Finding
    words: str
    fix: str = ""


def ok(name: str, words: str) -> Check:
    return Check(name, Finding.OK, words)


def note(name: str, words: str, fix: str) -> Check:
    return Check(name, Finding.NOTE, words, fix)


def failed(name: str, words: str, fix: str) -> Check:
    return Check(name, Finding.FAILED, words, fix)
