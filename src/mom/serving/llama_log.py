"""Finds, in llama.cpp's log, the sentence that says why it ended."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress

REASONS = (
    re.compile(r"error loading model: (?P<reason>.+)"),
    re.compile(r"(?P<reason>failed to allocate .+)"),
    re.compile(r"(?P<reason>couldn't bind .+)"),
    re.compile(r"(?P<reason>error: .+)"),  # a binary that does not know a flag
)


def last_words(lines: Sequence[str]) -> str:
    """What a process said last: its own `{"error": …}` line (see `tether.fail_for_good`), or its last line."""
    for line in reversed(lines):
        if line.startswith('{"error": '):
            with suppress(ValueError):  # it was cut, or is another program's
                return str(json.loads(line)["error"])
    return lines[-1] if lines else "it said nothing"


def last_words_of_llama(lines: Sequence[str]) -> str:
    """The same with llama.cpp's reason, which stands further up among its log lines."""
    words = last_words(lines)
    for pattern in REASONS:
        for line in reversed(lines):
            if found := pattern.search(line):
                reason = found["reason"].strip()
                return f"{words}: {reason}" if line != words and not words.endswith(reason) else reason
    return words
