"""Pictures through the real image server: its start, each step and the decoding as a client sees them, batches, memory."""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from httpx_sse import EventSource

from benchmarks.image.asked import Asked, NotMeasuredError
from benchmarks.image.memory import on_gpu, peak_gb
from benchmarks.image.models import CACHE
from tests.image_server import ImageServerProcess, running_image_server

WAITING = (1, 2, 3, 4)


@contextmanager
def started(asked: Asked, **options: str) -> Iterator[tuple[ImageServerProcess, float]]:
    """A server that is ready, and the seconds from its process's start to that."""
    given = {**asked.options, **options}
    if "taesd" in {given.get("decoder"), given.get("preview")}:
        given["taesd"] = asked.taesd
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        # Without a folder for what is converted, PyTorch draws, so that a run is of one engine unless it says another.
        kept = str(CACHE / "openvino") if given.get("engine") == "openvino" else None
        with running_image_server(asked.model, Path(folder), options=given, conversions_folder=kept) as server:
            server.wait_until_ready()
            yield server, time.monotonic() - began


def draw(
    server: ImageServerProcess, at_step: Callable[[int], None] = lambda _step: None, **body: object
) -> dict[str, Any]:
    """Draw one picture; `at_step` is called when its step (from 0) begins. Seconds."""
    at, began = [], time.monotonic()
    asked = {"prompt": "a red circle", "seed": 1, "stream": True, **body}
    with server.client.stream("POST", "/v1/images/generations", json=asked) as response:
        if response.is_error:
            raise NotMeasuredError(f"the image server drew nothing: {response.read().decode()}")
        for event in EventSource(response).iter_sse():
            at.append(time.monotonic() - began)
            last = json.loads(event.data)
            if event.event == "image_generation.progress":
                at_step(last["step"])
    if event.event != "image_generation.completed":
        raise NotMeasuredError(f"the image server drew nothing: {last}")
    steps = [after - before for before, after in pairwise(at[:-1])]
    return {"picture_s": at[-1], "step_s": steps, "decode_s": at[-1] - at[-2]}


def measure_pictures(asked: Asked, **options: str) -> dict[str, Any]:
    """Start with the weights in memory's file cache and without, then `rounds` pictures, the first one apart."""
    forgotten = _forget(Path(asked.model))
    with started(asked, **options) as (_, cold_s):
        pass
    with started(asked, **options) as (server, warm_s):
        wanted = {"size": f"{asked.size}x{asked.size}", "steps": asked.steps}
        drawn = [draw(server, **wanted) for _ in range(asked.rounds)]
        later = drawn[1:] or drawn
        return {
            "engine": server.health()["engine"],
            "start_s": warm_s,
            **({"start_from_disk_s": cold_s} if forgotten else {}),
            "first_picture_s": drawn[0]["picture_s"],
            "picture_s": statistics.median(each["picture_s"] for each in later),
            "best_picture_s": min(each["picture_s"] for each in later),
            "step_s": statistics.median(step for each in later for step in each["step_s"]),
            "decode_s": statistics.median(each["decode_s"] for each in later),
            "peak_gb": peak_gb(server.process.pid),
            **on_gpu(server.process.pid),
            "drawn": drawn,
        }


def measure_batches(asked: Asked) -> dict[str, Any]:
    """Seconds until 1 to 4 waiting pictures are all drawn, one by one and together; smaller ones, and each number of them
    once, where there is no GPU. There, the best of three: in the first, kernels are chosen for this many.
    """
    result: dict[str, Any] = {}
    for batch in ("1", "4"):
        with started(asked, batch=batch) as (server, _):
            has_gpu = "cuda" in server.health()["engine"]
            side, steps = (asked.size, asked.steps) if has_gpu else (min(asked.size, 256), min(asked.steps, 2))
            wanted = {"size": f"{side}x{side}", "steps": steps}
            draw(server, **wanted)
            result |= {"size": side, "steps": steps}
            rounds, before = (range(3), 16) if has_gpu else (range(1), 12)
            result[f"batch={batch}"] = {
                str(many): min(_draw_together(server, many, wanted, before) for _ in rounds) for many in WAITING
            }
    return result


def _draw_together(server: ImageServerProcess, many: int, wanted: Mapping[str, object], before: int) -> float:
    """Behind a small picture of `before` steps that is being drawn, so that all of them wait."""
    with ThreadPoolExecutor(many + 1) as threads:
        first = threads.submit(draw, server, size="64x64", steps=before)
        server.wait_until_drawing()
        others = [threads.submit(draw, server, **wanted) for _ in range(many)]
        first.result()
        began = time.monotonic()
        for each in others:
            each.result()
        return time.monotonic() - began


def _forget(folder: Path) -> bool:
    """Take the weights out of the system's file cache, as after a start of the machine; can it be done here?"""
    if not hasattr(os, "posix_fadvise"):
        return False
    for file in folder.rglob("*.safetensors"):
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True
