"""A thousand open event streams: memory, lag, order, losses, and what stopping an answer takes meanwhile."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from benchmarks.paced_server import Pace, paced_process
from benchmarks.web.processes import cpu_time, load_bert, rss_mb, serving_mom, web_process
from tests.e2e.running_mom import RunningMom, wait_until

TURNS, STOPPED = 10, 3  # one person may have 16 answers at a time, and any number of streams of each
EVENTS_PER_S = 10
CONNECT_S = 25.0  # of silence, in which all streams are opened
ROUNDS = 2  # in the same process: what is not given back shows


def measure_streams(streams: int, seconds: int) -> dict[str, Any]:
    """The lag is end to end: from the upstream's sending of a token to its reading in the reader's process."""
    pace = Pace(first_token_s=CONNECT_S, between_s=1 / EVENTS_PER_S, tokens=seconds * EVENTS_PER_S)
    with paced_process(pace) as upstream, serving_mom(upstream) as mom:
        load_bert(mom)
        found = [_one_round(mom, upstream, streams, seconds) for _ in range(ROUNDS)]
    return {"streams": streams, "events_per_s_each": EVENTS_PER_S, "turns": TURNS, "rounds": found}


def _one_round(mom: RunningMom, upstream: str, streams: int, seconds: int) -> dict[str, Any]:
    web = web_process(mom)
    before, asked_at = rss_mb(web), time.monotonic()
    turns = [mom.ask("/text a story") for _ in range(TURNS + STOPPED)]
    with _reading(mom, streams, turns[:TURNS]) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"
        silent = rss_mb(web)
        time.sleep(max(0.0, asked_at + CONNECT_S - time.monotonic()))
        with cpu_time([web]) as spent:
            time.sleep(seconds / 3)
            stops = [_stop(mom, upstream, turn) for turn in turns[TURNS:]]
            busy = rss_mb(web)
            time.sleep(seconds / 3)
        figures = json.loads(reader.stdout.readline())
    wait_until(lambda: web.num_fds() < streams, "all connections are closed")
    return {
        **figures,
        "web_cores": round(spent.cores, 2),
        "stop_ms": {name: max(stop[name] for stop in stops) for name in stops[0]},
        "web_mb": {"before": before, "silent": silent, "busy": busy, "after": rss_mb(web)},
        "kb_per_stream": {
            "silent": round((silent - before) * 1000 / streams, 1),
            "busy": round((busy - before) * 1000 / streams, 1),
        },
    }


@contextmanager
def _reading(mom: RunningMom, streams: int, turns: list[str]) -> Iterator[subprocess.Popen[str]]:
    address = mom.url.removeprefix("http://")
    command = [sys.executable, "-m", "benchmarks.web.event_reader", address, str(streams), *turns]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _stop(mom: RunningMom, upstream: str, turn: str) -> dict[str, float]:
    """Milliseconds until the person is told that it has stopped, and until the upstream is free."""
    began = time.monotonic_ns()
    assert mom.http.post(f"/api/turns/{turn}/stop").json()["status"] == "stopped", (
        "the machine is too busy: give more --seconds"
    )
    told = time.monotonic_ns()
    free = wait_until(lambda: _last_left(upstream, began), "the upstream is free")
    return {"told": round((told - began) / 1e6, 1), "upstream_free": round((free - began) / 1e6, 1)}


def _last_left(upstream: str, after_ns: int) -> int | None:
    left = httpx.get(f"{upstream}/left_at_ns", trust_env=False).json()
    return left[-1] if left and left[-1] > after_ns else None
