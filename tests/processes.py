"""Finds the processes that a process has started."""

from contextlib import suppress

import psutil


def children_that_run(module: str, parent: int | None = None) -> list[psutil.Process]:
    """The processes of `parent`, or of this one, that run that module; one that has just ended is none."""
    found = []
    for child in psutil.Process(parent).children():
        with suppress(psutil.NoSuchProcess):  # or a zombie, which is one of these
            if module in child.cmdline():
                found.append(child)
    return found
