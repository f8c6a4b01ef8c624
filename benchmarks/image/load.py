"""What else the image server does while it draws, and what that costs the picture: previews, health, bad requests, a full queue."""

import asyncio
import json
import statistics
from typing import Any

import psutil

from benchmarks.beside import served_beside
from benchmarks.image.asked import Asked, NotMeasuredError
from benchmarks.image.memory import held_gb
from benchmarks.image.pictures import draw, started
from benchmarks.image.sender import Sender
from tests.image_server import KEY, ImageServerProcess, wait_for

SIDE = "256x256"  # a step takes a second, not four: more of them can be compared
PAIRS, PROBES_PER_S, BAD_PER_S = 12, 50, 200
LEAST_PROBES = 200  # a GPU draws several pictures in that time
HEALTH = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
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
    with (
        started(asked) as (server, _),
        Sender(_port(server), PROBES_PER_S, [HEALTH], frozenset({200})) as probing,
    ):
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
    """A picture of many steps, by turns with nothing beside it, with 200 bad requests a second to a sink, and with as many to
    the server. The sender works on the same cores: the sink shows what it costs by itself.
    """
    bad, refused = [_request(body) for body in BAD] + [_request(BAD[0], key="wrong")], frozenset({400, 401})
    with (
        started(asked) as (server, _),
        served_beside("benchmarks.image.sink") as sink,
        Sender(int(sink), BAD_PER_S, bad, refused) as to_sink,
        Sender(_port(server), BAD_PER_S, bad, refused) as to_server,
    ):
        draw(server, size=SIDE, steps=1)

        def at_step(step: int) -> None:
            to_server.sends.clear()
            to_sink.sends.clear()
            if step % 3:
                (to_sink, to_server)[step % 3 - 1].sends.set()

        before = _event_loop_s(server)
        step_s = draw(server, at_step, size=SIDE, steps=3 * PAIRS)["step_s"]
        to_server.sends.clear()
        server_s, sent = _event_loop_s(server) - before, len(to_server.took_ms)
    quiet, at_sink, loaded = (statistics.median(step_s[turn::3]) for turn in range(3))
    return {
        "sent_per_s": sent / sum(step_s[2::3]),
        "step_s": loaded,
        "step_without_s": quiet,
        "ratio": loaded / quiet,
        "ratio_at_sink": at_sink / quiet,
        "server_ms": server_s * 1000 / sent,
        "sender_ms": to_server.cpu_s * 1000 / sent,
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


def _port(server: ImageServerProcess) -> int:
    port = server.client.base_url.port
    assert port is not None
    return port


def _event_loop_s(server: ImageServerProcess) -> float:
    """Its processor time: that of the thread that has the process's id, on Linux."""
    threads = psutil.Process(server.process.pid).threads()
    return sum(each.user_time + each.system_time for each in threads if each.id == server.process.pid)


def _request(body: object, key: str = KEY) -> bytes:
    data = json.dumps(body).encode()
    head = f"POST /v1/images/generations HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n"
    return f"{head}content-length: {len(data)}\r\n\r\n".encode() + data
