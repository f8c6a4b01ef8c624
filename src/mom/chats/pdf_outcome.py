"""What becomes of a PDF that is read: told by the process that reads it to the one that asked."""

from enum import StrEnum


class Outcome(StrEnum):
    READ = "read"
    LOCKED = "locked"
    WORDLESS = "wordless"
    TOO_LONG = "too_long"
    TOO_MUCH_WORK = "too_much_work"
    DAMAGED = "damaged"
