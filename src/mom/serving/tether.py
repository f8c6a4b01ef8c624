"""The tie between a child process and the supervisor: a pipe on stdin that ends when the supervisor does, however it ends.

The supervisor writes one JSON line (the child's configuration; secrets stand nowhere else) and keeps the pipe open. The kernel closes it
when the supervisor is gone, also after `kill -9`; the child then ends at once. This works on every system; Linux's PDEATHSIG stands beside it.
"""

import ctypes
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

STDIN, STDERR = 0, 2
PR_SET_PDEATHSIG = 1  # linux/prctl.h
DO_NOT_RESTART = 78  # EX_CONFIG of sysexits.h: what is wrong stays wrong
CHUNK_BYTES = 65_536
TETHER_BROKE = 0  # nobody is left to read the exit code


def read_config_and_tie(before_exit: Callable[[], None] | None = None) -> dict[str, Any]:
    """Read the configuration line from stdin and end this process as soon as stdin ends.

    `before_exit` runs first then, in the watching thread: a child with children of its own ends them there. Raises `ValueError` when
    the line is no JSON object. Start own children with `stdin=DEVNULL`.
    """
    die_with_parent()
    line = _read_line()
    threading.Thread(target=_end_with_stdin, args=(before_exit,), name="tether", daemon=True).start()
    config = json.loads(line)
    if not isinstance(config, dict):
        raise ValueError("The configuration line on stdin is no JSON object.")  # noqa: TRY004 -- a wrong value, not a wrong call
    return config


def _read_line() -> bytes:
    # os.read, not sys.stdin: a daemon thread inside a buffered reader makes the interpreter abort when it shuts down.
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(STDIN, CHUNK_BYTES)
        if not chunk:
            os._exit(TETHER_BROKE)
        line += chunk
    return line


def _end_with_stdin(before_exit: Callable[[], None] | None) -> None:
    try:
        while os.read(STDIN, CHUNK_BYTES):
            pass
        if before_exit is not None:
            before_exit()
    finally:
        os._exit(TETHER_BROKE)


def fail_for_good(message: str) -> NoReturn:
    """End this process with one sentence for people, in a way that says: starting me again would not help."""
    sys.stderr.flush()
    # In one piece and on a line of its own: a library's thread may be in the middle of a line of its log.
    # Letters take fewer bytes as themselves, and a line of a child's log is cut where it is long.
    line = json.dumps({"error": message}, ensure_ascii=False).encode("utf-8", "backslashreplace")
    os.write(STDERR, b"\n" + line + b"\n")
    os._exit(DO_NOT_RESTART)


def die_with_parent() -> None:
    """On Linux the kernel ends this process, even one stuck in C code, when the *thread* that started it ends: see prctl(2)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
