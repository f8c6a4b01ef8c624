"""Sends requests at a steady rate while something is measured, and tells how long each took."""

import re
import selectors
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Self, cast

from benchmarks.image.asked import NotMeasuredError

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Sender:
    """Sends `per_s` requests a second, by turns, while `sends` is set, at their times: over as many connections as it takes.

    It shares the cores with what it measures, so it is as light as can be: bytes made beforehand, on plain sockets.
    """

    def __init__(self, port: int, per_s: int, requests: Sequence[bytes], statuses: frozenset[int]) -> None:
        self._address = "127.0.0.1", port
        self._gap_s, self._requests, self._statuses = 1 / per_s, requests, statuses
        self.sends, self._is_over = threading.Event(), threading.Event()
        self.took_ms: list[float] = []
        self.cpu_s = 0.0
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self.sends.set()
        self._thread.join()
        if self._failure is not None:
            raise NotMeasuredError(f"a request failed: {self._failure!r}") from self._failure

    def _run(self) -> None:
        while self.sends.wait() and not self._is_over.is_set():
            # Anew each time: the server closes a connection that was idle for some seconds.
            with selectors.DefaultSelector() as waiting, ExitStack() as connections:
                try:
                    self._send(waiting, connections)
                except (OSError, ValueError) as error:
                    self._failure = error
                    return

    def _send(self, waiting: selectors.BaseSelector, connections: ExitStack) -> None:
        """`waiting` holds the connections with a request under way: since when, and what has come of its answer."""
        before, due, sent = time.thread_time(), time.perf_counter(), 0
        idle: list[socket.socket] = []
        while self.sends.is_set() and not self._is_over.is_set():
            connection = idle.pop() if idle else connections.enter_context(socket.create_connection(self._address))
            began = time.perf_counter()
            connection.sendall(self._requests[sent % len(self._requests)])
            waiting.register(connection, selectors.EVENT_READ, (began, bytearray()))
            sent += 1
            due += self._gap_s
            while (left := due - time.perf_counter()) > 0:
                for key, _ in waiting.select(left):
                    self._take(waiting, key, idle)
        self.cpu_s += time.thread_time() - before

    def _take(self, waiting: selectors.BaseSelector, key: selectors.SelectorKey, idle: list[socket.socket]) -> None:
        """Reads on at an answer; where that is its end, its connection is free again."""
        connection, (began, data) = cast("socket.socket", key.fileobj), key.data
        more = connection.recv(65536)
        if not more:
            raise ConnectionError("closed amid an answer")
        data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if length is None or len(body) < int(length[1]):
            return
        if (status := int(head.split(b" ")[1])) not in self._statuses:
            raise ValueError(f"status {status}")
        self.took_ms.append((time.perf_counter() - began) * 1000)
        waiting.unregister(connection)
        idle.append(connection)
