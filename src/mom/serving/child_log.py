"""A child's output: into a rotating file for people who look for reasons, and its tail kept for messages."""

import logging
import sys
from collections import deque
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

FILE_BYTES = 1_000_000
KEPT_FILES = 3
TAIL_LINES = 60
LINE_BYTES = 2_000  # longer lines are cut: a child may print anything


class ChildLog:
    """Takes bytes as they come from the pipe, and writes whole lines with their time."""

    def __init__(self, path: Path, on_line: Callable[[str], None] | None = None) -> None:
        self._on_line = on_line
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._rest = b""
        self._handler = _LoudHandler(path, maxBytes=FILE_BYTES, backupCount=KEPT_FILES, encoding="utf-8", delay=True)
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))

    def feed(self, data: bytes) -> None:
        """Take what the child printed."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[:LINE_BYTES]
        for line in lines:
            self._write(line)

    def close(self) -> None:
        """Write what has no line end yet, and close the file."""
        if self._rest:
            self._write(self._rest)
            self._rest = b""
        self._handler.close()

    def _write(self, line: bytes) -> None:
        text = line[:LINE_BYTES].decode("utf-8", "replace").rstrip()
        if text:
            self.tail.append(text)
            if self._on_line is not None:
                self._on_line(text)
            self._handler.emit(logging.makeLogRecord({"msg": text, "args": None}))


class _LoudHandler(RotatingFileHandler):
    """Says once, not with a traceback for each line, that the log cannot be written (a full disk)."""

    _has_said = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 -- logging's names
        if not self._has_said:
            self._has_said = True
            sys.stderr.write(f"mom: {self.baseFilename} cannot be written: {sys.exception()}\n")
