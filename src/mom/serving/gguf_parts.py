"""Models in several GGUF files, as llama.cpp's gguf-split writes them: `NAME-00001-of-00003.gguf` and so on.

llama.cpp is given the first one, and loads the others from beside it (`llama_split_path` of its `llama.h`).
"""

import re

PART = re.compile(r"(?P<name>.*)-(?P<number>[0-9]{5})-of-(?P<count>[0-9]{5})\.gguf", re.DOTALL)


def parts_of(file: str) -> list[str]:
    """The paths of all the parts that `file` is the first of; `file` alone where it is the whole model."""
    part = PART.fullmatch(file)
    if part is None:
        return [file]
    return [f"{part['name']}-{number:05}-of-{part['count']}.gguf" for number in range(1, int(part["count"]) + 1)] or [
        file
    ]


def without_part(file: str) -> str:
    """The path as that of the whole model would be."""
    part = PART.fullmatch(file)
    return f"{part['name']}.gguf" if part else file
