"""A server in a process of its own, so that what it costs is not counted as the measured one's."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def served_beside(module: str, *arguments: str) -> Iterator[str]:
    """Run `python -m module …`, which says its address in its first line and serves until its standard input ends; gives the address."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()
