"""Text files in a message: they stand before the person's own words, each as a line with its name and a fenced block.

What is asked comes last: models heed it better after a long text than before it, and a server that has read the files once
need not read them again for other words. The page writes this form, too (components/chat/src/mixture/text_files.ts).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_BEGINNING = re.compile(r"File: [^\n]+\n(?P<fence>`{3,})\n")
MAX_NAME_CHARS = 200


@dataclass(frozen=True, slots=True)
class TextFile:
    name: str
    text: str


def file_name(sent: str) -> str:
    """The name as it stands in a message, on one line; empty where nothing is left of it."""
    return "".join(char if char.isprintable() else " " for char in sent).strip()[:MAX_NAME_CHARS]


def with_files(files: Iterable[TextFile], words: str) -> str:
    """A message as it is sent. Each fence is longer than any in its file, so that nothing within ends the block."""
    blocks = []
    for file in files:
        fence = "`" * (1 + max([2, *map(len, re.findall("`{3,}", file.text))]))
        blocks.append(f"File: {file.name}\n{fence}\n{file.text}\n{fence}")
    return "\n\n".join(filter(None, [*blocks, words]))


def split_files(content: str) -> tuple[str, str]:
    """The part of a message that is files, empty where there are none, and the person's own words after it."""
    start = 0
    while beginning := _BEGINNING.match(content, start):
        fence = f"\n{beginning['fence']}"
        end = content.find(fence, beginning.end())
        after = end + len(fence)
        if end < 0 or not (after == len(content) or content.startswith("\n\n", after)):
            break
        start = min(after + 2, len(content))
    return content[:start], content[start:]


def own_words(content: str) -> str:
    return split_files(content)[1]
