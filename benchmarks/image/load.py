"""What else the image server does while it draws, and what that costs the picture: previews, health, bad requests, a full queue."""

import asyncio
import json
import re
import selectors
import socket
import statistics
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Self, cast

from benchmarks.image.asked import Asked, NotMeasuredError
from benchmarks.image.memory import held_gb
from benchmarks.image.pictures import draw, started
from tests.image_server import KEY, ImageServerProcess, wait_for

SIDE = "256x256"  # a step takes a second, not four: more of them can be compared
PAIRS, PROBES_PER_S, BAD_PER_S = 12, 50, 200
LEAST_PROBES = 200  # a GPU draws several pictures in that time
HEALTH = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
QUEUE, PROMPT_CHARACTERS = 1000, 4000
BAD = (
    {"prompt": ""},
    {"prompt": "a fox", "size": "9x9"},
    {"prompt": "a fox", "steps": "many"},
    {"prompt": "a fox", "styl": "vivid"},
    {"prompt": "x" * 100_000},
    ["no object"],
)


def measure_previews(asked: Asked) -> dict[str, Any]:
    """Two servers, one without previews, take turns."""
    step_s: dict[str, list[float]] = {"auto": [], "none": []}
    with started(asked, preview="auto") as (shown, _), started(asked, preview="none") as (bare, _):
        for server in (shown, bare):
            draw(server, size=SIDE, steps=1)
        for _ in range(PAIRS // 2):
            for name, server in (("auto", shown), ("none", bare)):
                step_s[name] += draw(server, size=SIDE, steps=4)["step_s"]
    medians = {name: statistics.median(seconds) for name, seconds in step_s.items()}
    return {"step_s": medians["auto"], "step_without_s": medians["none"], "ratio": medians["auto"] / medians["none"]}


def measure_health(asked: Asked) -> dict[str, Any]:
    """`/healthz`, asked 50 times a second while a picture is drawn: milliseconds."""
    with started(asked) as (server, _), Sender(server, PROBES_PER_S, [HEALTH], frozenset({200})) as probing:
        draw(server, size=SIDE, steps=1)
        probing.sends.set()
        while len(probing.took_ms) < LEAST_PROBES:
            draw(server, size=SIDE, steps=PAIRS)
        probing.sends.clear()
        took = sorted(probing.took_ms)
    return {
        "probes": len(took),
        "p50_ms": statistics.median(took),
        "p99_ms": took[int(0.99 * len(took))],
        "most_ms": took[-1],
    }


def measure_bad_requests(asked: Asked) -> dict[str, Any]:
    """A picture of many steps; in every second of them 200 bad requests a second come in."""
    bad = [_request(body) for body in BAD] + [_request(BAD[0], key="wrong")]
    with started(asked) as (server, _), Sender(server, BAD_PER_S, bad, frozenset({400, 401})) as sender:
        draw(server, size=SIDE, steps=1)

        def at_step(step: int) -> None:
            sender.sends.set() if step % 2 else sender.sends.clear()

        step_s = draw(server, at_step, size=SIDE, steps=2 * PAIRS)["step_s"]
        sender.sends.clear()
    quiet, loaded = statistics.median(step_s[0::2]), statistics.median(step_s[1::2])
    return {
        "sent_per_s": len(sender.took_ms) / sum(step_s[1::2]),
        "step_s": loaded,
        "step_without_s": quiet,
        "ratio": loaded / quiet,
        "client_cpu_s": sender.cpu_s,  # it runs on the same cores
    }


def measure_queue(asked: Asked) -> dict[str, Any]:
    """The server's memory with 1,000 waiting streams of 4,000 characters each, and after they have left."""
    with started(asked) as (server, _):
        draw(server, size=SIDE, steps=1)  # what drawing itself needs is taken by then
        before = held_gb(server.process.pid)
        with server.client.stream("POST", "/v1/images/generations", json=_long_one()):
            server.wait_until_drawing()
            drawing = held_gb(server.process.pid)
            full = asyncio.run(_fill_queue(server))
        server.wait_until_idle()
        after = held_gb(server.process.pid)
    text_mb = QUEUE * PROMPT_CHARACTERS / 1e6
    return {
        "text_mb": text_mb,
        "full_mb": (full - drawing) * 1000,
        "afterwards_mb": (after - before) * 1000,
        "kb_per_job_beyond_text": ((full - drawing) * 1e6 - text_mb * 1000) / QUEUE,
    }


def _long_one() -> dict[str, Any]:
    """It has to last until a thousand others stand behind it."""
    return {"prompt": "a slow picture", "size": "512x512", "steps": 50, "stream": True}


async def _fill_queue(server: ImageServerProcess) -> float:
    """GB when all wait; then all leave."""
    writers = []
    for number in range(QUEUE):
        body = {"prompt": "x" * PROMPT_CHARACTERS, "stream": True, "user": str(number % 7)}
        reader, writer = await asyncio.open_connection("127.0.0.1", server.client.base_url.port)
        writer.write(_request(body))
        await reader.readuntil(b"queued")
        writers.append(writer)
    full = held_gb(server.process.pid)
    if (waiting := server.queue()["waiting"]) != QUEUE:
        raise NotMeasuredError(f"{waiting} and not {QUEUE} wait: the picture that they wait for was drawn too early")
    for writer in writers:
        writer.close()
    await asyncio.to_thread(wait_for, lambda: server.queue()["waiting"] == 0, "the queue to be empty")
    return full


def _request(body: object, key: str = KEY) -> bytes:
    data = json.dumps(body).encode()
    head = f"POST /v1/images/generations HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n"
    return f"{head}content-length: {len(data)}\r\n\r\n".encode() + data


class Sender:
    """Sends `per_s` requests a second, by turns, while `sends` is set, at their times: over as many connections as it takes.

    It shares the cores with what it measures, so it is as light as can be: bytes made beforehand, on plain sockets.
    """

    def __init__(
        self, server: ImageServerProcess, per_s: int, requests: Sequence[bytes], statuses: frozenset[int]
    ) -> None:
        self._address = "127.0.0.1", server.client.base_url.port
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
