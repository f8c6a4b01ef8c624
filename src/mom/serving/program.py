"""What a child process runs. Values only; `child` runs them."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mom.serving.llama_log import last_words

PYTHON = (sys.executable, "-P", "-m")
"""Runs one of this environment's modules. Without -P, a file in the folder that MoM is started in could take a library's place."""
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Program:
    """`config` is sent as the JSON line on stdin, together with a `port` and an `api_key` made anew at each start.

    `name` is its log file's name, `host` where its health is asked, as in a URL, `port` a fixed one instead of any free one, `explain`
    finds the reason of its end in its last lines.
    """

    name: str
    argv: tuple[str, ...]
    config: Mapping[str, Any] = field(default_factory=dict)
    health_path: str = "/health"
    host: str = LOOPBACK
    port: int | None = None
    explain: Callable[[Sequence[str]], str] = last_words
