"""Text files in a message: they stand before the person's own words, each as a line with its name and a fenced block.

What is asked comes last: models heed it better after a long text than before it, and a server that has read the files once
need not read them again for other words. The page writes this form (components/chat/src/mixture/text_files.ts).
"""

import re

_BEGINNING = re.compile(r"File: [^\n]+\n(?P<fence>`{3,})\n")


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
