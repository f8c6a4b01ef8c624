"""MoM's processes as they run here: the real `mom serve` before an upstream of fixed pace, its memory and its processor time."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.e2e.running_mom import RunningMom, running_mom, wait_until

NO_IMAGE_MODEL = "http://127.0.0.1:9/v1#none"


@contextmanager
def serving_mom(upstream: str, **settings: str) -> Iterator[RunningMom]:
    """`mom serve` whose LLM is at `upstream`: beside the supervisor, the web process is its only one."""
    settings = {
        "MOM_LARGE_LLM": f"{upstream}/v1#paced",
        "MOM_SMALL_LLM": "same",
        "MOM_IMAGE_MODEL": NO_IMAGE_MODEL,
    } | settings
    with tempfile.TemporaryDirectory() as folder, running_mom(Path(folder), **settings) as mom:
        mom.wait_for("large_llm", state="external")
        yield mom


def web_process(mom: RunningMom) -> psutil.Process:
    return psutil.Process(mom.parts()["web"]["pid"])


def load_bert(mom: RunningMom) -> None:
    """Return when `bert` has decided a message."""
    question = {"messages": [{"role": "user", "content": "why is the sky blue?"}]}

    def has_decided() -> bool:
        verdict = mom.http.post("/v1/classify", json=question).raise_for_status().json()
        return bool(verdict["decided_by"] == "bert")

    wait_until(has_decided, "bert decides")


def rss_mb(process: psutil.Process) -> float:
    return round(process.memory_info().rss / 1e6, 1)


@dataclass
class CpuTime:
    """Of some processes while it is measured, in seconds; `cores` is that in relation to the clock."""

    cpu_s: float = 0.0
    clock_s: float = 0.0

    @property
    def cores(self) -> float:
        return self.cpu_s / self.clock_s


@contextmanager
def cpu_time(processes: Sequence[psutil.Process]) -> Iterator[CpuTime]:
    def spent() -> float:
        return sum(times.user + times.system for times in (process.cpu_times() for process in processes))

    measured = CpuTime()
    began, before = time.monotonic(), spent()
    yield measured
    measured.cpu_s, measured.clock_s = spent() - before, time.monotonic() - began
