"""The queue: one picture at a time, positions, cancelling while queued and while drawing.

All state belongs to the event loop. The engine runs in one thread of its own (PyTorch keeps a thread pool per calling
thread) and reports back through the loop; the only thing it reads from here is a job's cancel flag.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from mom.errors import BusyError, MomError, PartBrokenError, PartTimeoutError
from mom.serving.image_server.drawing import DrawingStoppedError, Drawn, Engine, PictureSpec, StepDone

log = logging.getLogger(__name__)
PART = "image_model"
RETRY_AFTER_S = 10


@dataclass(frozen=True, slots=True)
class Queued:
    """`position` (never 0) jobs will be drawn before this one; told again each time it changes."""

    position: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a job that drew all its pictures."""


JobEvent = Queued | StepDone | Drawn | Finished


class Job:
    """One request: pictures drawn one after the other, and a mailbox of what happens to them."""

    def __init__(self, specs: tuple[PictureSpec, ...]) -> None:
        self.specs = specs
        self.cancelled = threading.Event()
        self.last_step: StepDone | None = None
        self.position = 0
        self._mailbox: asyncio.Queue[JobEvent | MomError] = asyncio.Queue()

    def tell(self, event: JobEvent | MomError) -> None:
        if isinstance(event, StepDone):
            self.last_step = event
        self._mailbox.put_nowait(event)

    async def next_event(self) -> JobEvent:
        """Wait for what happens next. Raises the `MomError` that ended the job."""
        event = await self._mailbox.get()
        if isinstance(event, MomError):
            raise event
        return event


class JobQueue:
    """Give it jobs with `submit`, take them back with `drop`; `work` draws them until it is cancelled."""

    def __init__(self, *, max_waiting: int, time_limit_s: float) -> None:
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._max_waiting = max_waiting
        self._time_limit_s = time_limit_s
        self._arrived = asyncio.Event()

    def submit(self, job: Job) -> None:
        """Queue a job. Raises `BusyError` when the queue is full."""
        if len(self._waiting) >= self._max_waiting:
            raise BusyError(
                f"{len(self._waiting)} pictures are waiting already. Try again in a moment.",
                retry_after_s=RETRY_AFTER_S,
            )
        self._waiting.append(job)
        self._tell_positions()
        self._arrived.set()

    def drop(self, job: Job) -> None:
        """Nobody waits for this job any more: forget it, or stop drawing it. Does nothing to a finished one."""
        job.cancelled.set()
        if job in self._waiting:
            self._waiting.remove(job)
            self._tell_positions()

    def as_json(self) -> dict[str, object]:
        """What `/healthz` shows."""
        step = self._running.last_step if self._running else None
        running = {"step": step.step if step else 0, "steps": step.steps if step else None} if self._running else None
        return {"running": running, "waiting": len(self._waiting)}

    async def work(self, engine: Engine, thread: ThreadPoolExecutor) -> None:
        """Draw the queued jobs in `thread`, one at a time, for as long as this server runs."""
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            self._running = self._waiting.popleft()
            self._tell_positions()
            try:
                await self._draw(self._running, engine, thread)
            finally:
                self._running.cancelled.set()
                self._running = None

    async def _draw(self, job: Job, engine: Engine, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()

        def on_step(step: StepDone) -> None:
            loop.call_soon_threadsafe(job.tell, step)

        try:
            for spec in job.specs:
                check = self._make_check(job)
                job.tell(await loop.run_in_executor(thread, lambda: engine.draw(spec, check=check, on_step=on_step)))  # noqa: B023 -- awaited within the iteration
            job.tell(Finished())
        except DrawingStoppedError:
            log.info("stopped a picture that nobody waits for")
        except MomError as error:
            log.warning("a picture failed: %s", error)
            job.tell(error)
        except Exception:
            log.exception("a picture failed")
            job.tell(PartBrokenError("The image model could not draw this picture; its log says why.", part=PART))

    def _make_check(self, job: Job) -> Callable[[], None]:
        deadline = time.monotonic() + self._time_limit_s

        def check() -> None:
            if job.cancelled.is_set():
                raise DrawingStoppedError
            if time.monotonic() > deadline:
                raise PartTimeoutError(
                    f"The picture was not finished after {self._time_limit_s:g} s. Ask for fewer steps or a smaller size.",
                    part=PART,
                )

        return check

    def _tell_positions(self) -> None:
        for position, job in enumerate(self._waiting, start=1 if self._running else 0):
            if position != job.position:
                job.position = position
                job.tell(Queued(position))
