"""Keeps a program running: started again when it crashes, after longer and longer pauses, given up when that does not help."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from mom.serving.child import Child
from mom.serving.program import Program
from mom.serving.tether import DO_NOT_RESTART


@dataclass(frozen=True, slots=True)
class Restarts:
    """After `at_most` failures in a row it is given up; one that was ready for `ran_well_s` begins a new row."""

    at_most: int = 5
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    ran_well_s: float = 60.0

    def pause_s(self, failures: int) -> float:
        """The pause before the next start."""
        return min(self.first_pause_s * 2.0 ** (failures - 1), self.longest_pause_s)


DEFAULT_RESTARTS = Restarts()


@dataclass(frozen=True, slots=True)
class Starting:
    detail: str = ""
    pid: int | None = None


@dataclass(frozen=True, slots=True)
class Running:
    child: Child


@dataclass(frozen=True, slots=True)
class GivenUp:
    detail: str


News = Starting | Running | GivenUp


async def keep(
    program: Program,
    tell: Callable[[News], None],
    *,
    log_folder: Path,
    http: httpx.AsyncClient,
    restarts: Restarts,
) -> None:
    """Run until given up or cancelled, and tell each change. The child has ended when this returns or raises."""
    failures = 0
    why = ""
    while True:
        tell(Starting(why))
        try:
            child = await Child.start(program, log_folder)
        except OSError as error:
            tell(GivenUp(f"{program.argv[0]} cannot be run: {error.strerror}."))
            return
        tell(Starting(why, child.pid))
        try:
            ready_at = time.monotonic() if await child.wait_until_ready(http) else None
            if ready_at is not None:
                tell(Running(child))
            code = await child.wait()
        finally:
            await child.end()
        if ready_at is not None and time.monotonic() - ready_at >= restarts.ran_well_s:
            failures = 0
        failures += 1
        if code == DO_NOT_RESTART:
            tell(GivenUp(child.last_words()))
            return
        if failures >= restarts.at_most:
            tell(
                GivenUp(
                    f"It ended {failures} times in a row ({_exit_words(code)}). Its last words: {child.last_words()}"
                )
            )
            return
        pause_s = restarts.pause_s(failures)
        why = f"It ended ({_exit_words(code)}) and is started again. Its last words: {child.last_words()}"
        tell(Starting(why))
        await asyncio.sleep(pause_s)


def _exit_words(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
