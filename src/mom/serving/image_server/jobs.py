"""The queue: who is drawn next, positions, batches, limits, and cancelling while queued and while drawing.

All state belongs to the event loop. The engine runs in one thread of its own (PyTorch keeps a thread pool per calling
thread) and reports back through the loop; the only thing it reads from here is the jobs' cancel flags. The unit of work
is a picture, not a job: one that asks for four of them stands in line again after each.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from mom.errors import BusyError, MomError, PartBrokenError, PartTimeoutError
from mom.serving.image_server.drawing import (
    DrawingStoppedError,
    Drawn,
    Engine,
    NotEnoughMemoryError,
    PictureSpec,
    StepDone,
)
from mom.serving.image_server.line import Line
from mom.serving.image_server.mailbox import Mailbox, Queued
from mom.serving.image_server.pace import Pace, units_of

log = logging.getLogger(__name__)
PART = "image_model"
RETRY_AFTER_S = 10


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a job that drew all its pictures."""


JobEvent = Queued | StepDone | Drawn | Finished
Gathering = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLimits:
    """`waiting` jobs beside the running one, at most half of them one owner's; source pictures of `source_bytes` together;
    a picture is given up after `drawing_s`, and one that has not begun after `waiting_s`.
    """

    waiting: int
    drawing_s: float
    waiting_s: float = 3600.0
    source_bytes: int = 64_000_000


class Job:
    """One request: pictures that wait to be drawn, and a mailbox of what happens to them."""

    def __init__(self, specs: Sequence[PictureSpec], *, owner: str = "", is_batch: bool = False) -> None:
        self.left = list(specs)
        self.steps = specs[0].steps
        self.owner = owner
        self.is_batch = is_batch
        self.is_cancelled = False
        self.last_step: StepDone | None = None
        self.position = 0
        self.arrival = 0
        self.giving_up: asyncio.TimerHandle | None = None
        self._mailbox = Mailbox()

    @property
    def source_bytes(self) -> int:
        return len(self.left[0].source or b"") if self.left else 0

    def tell(self, event: JobEvent | MomError) -> None:
        if isinstance(event, StepDone):
            self.last_step = event
        self._mailbox.put(event)

    async def next_event(self) -> JobEvent:
        """Wait for what happens next. Raises the `MomError` that ended the job."""
        event = await self._mailbox.get()
        if isinstance(event, MomError):
            raise event
        assert isinstance(event, Queued | StepDone | Drawn | Finished)
        return event


class JobQueue:
    """Give it jobs with `submit`, take them back with `drop`; `work` draws them until it is cancelled.

    `gathering` is entered while an engine draws on the processor that this event loop needs as well.
    """

    def __init__(self, limits: QueueLimits, gathering: Gathering = nullcontext) -> None:
        self._limits = limits
        self._gathering = gathering
        self._line: Line[Job] = Line()
        self._running: list[Job] = []
        self._arrived = asyncio.Event()
        self._pace = Pace()
        self._batch_limit = 1

    def submit(self, job: Job) -> None:
        """Queue a job. Raises `BusyError` when the queue is full, or full of this owner's."""
        limits = self._limits
        sources = sum(waiting.source_bytes for waiting in self._line) if job.source_bytes else 0
        if len(self._line) >= limits.waiting or sources + job.source_bytes > limits.source_bytes:
            raise _busy(f"{len(self._line)} pictures are waiting already.")
        if job.owner and self._line.count_of(job.owner) >= max(1, limits.waiting // 2):
            raise _busy(f"{self._line.count_of(job.owner)} of your pictures are waiting already.")
        self._line.put(job)
        job.giving_up = asyncio.get_running_loop().call_later(limits.waiting_s, self._give_up, job)
        self._tell_positions()
        self._arrived.set()

    def drop(self, job: Job) -> None:
        """Nobody waits for this job any more: forget it, or stop drawing it. Does nothing to a finished one."""
        job.is_cancelled = True
        self._forget(job)

    def as_json(self) -> dict[str, object]:
        """What `/healthz` shows."""
        step = self._running[0].last_step if self._running else None
        running = {"step": step.step if step else 0, "steps": step.steps if step else None} if self._running else None
        return {"running": running, "waiting": len(self._line)}

    async def work(self, engine: Engine, thread: ThreadPoolExecutor) -> None:
        """Draw what is queued in `thread`, for as long as this server runs."""
        self._batch_limit = engine.abilities.batch
        while True:
            while not self._line:
                self._arrived.clear()
                await self._arrived.wait()
            batch = self._take_batch()
            self._running = list(dict.fromkeys(job for job, _ in batch))
            self._tell_positions()
            try:
                with self._gathering() if engine.shares_processor else nullcontext():
                    await self._draw(batch, engine, thread)
            finally:
                running, self._running = self._running, []
                for job in running:
                    if job.left and not job.is_cancelled:
                        self._line.put_back(job)

    def _take_batch(self) -> list[tuple[Job, PictureSpec]]:
        """The next picture, and as many that can be drawn together with it as are quicker so."""
        first = self._line.take()
        batch = [(first, first.left.pop(0))]
        self._fill(batch, first)
        for job in list(self._line) if self._batch_limit > 1 else ():
            if job.is_batch == first.is_batch and self._fill(batch, job):
                self._line.remove(job)
        for job, _ in batch:
            job.position = 0
            if job.giving_up is not None:
                job.giving_up.cancel()
        return batch

    def _fill(self, batch: list[tuple[Job, PictureSpec]], job: Job) -> bool:
        """Add what fits of the job's pictures; did any?"""
        before = len(batch)
        while job.left and len(batch) < self._batch_limit and job.left[0].can_share_a_batch_with(batch[0][1]):
            batch.append((job, job.left.pop(0)))
        return len(batch) > before

    async def _draw(self, batch: list[tuple[Job, PictureSpec]], engine: Engine, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        jobs, specs = [job for job, _ in batch], [spec for _, spec in batch]

        def tell(index: int, event: StepDone | Drawn) -> None:
            loop.call_soon_threadsafe(jobs[index].tell, event)

        self._pace.begin(specs)
        completed = False
        try:
            await loop.run_in_executor(thread, lambda: engine.draw(specs, check=self._make_check(jobs), tell=tell))
            completed = True
            for job in dict.fromkeys(jobs):
                if not job.left:
                    self._end(job, Finished())
        except DrawingStoppedError:
            log.info("stopped a picture that nobody waits for")
        except NotEnoughMemoryError:
            self._make_smaller(batch)
        except MomError as error:
            log.warning("a picture failed: %s", error)
            self._fail(jobs, error)
        except Exception:
            log.exception("a picture failed")
            self._fail(
                jobs, PartBrokenError("The image model could not draw this picture; its log says why.", part=PART)
            )
        finally:
            self._pace.finish(completed=completed)

    def _make_smaller(self, batch: Sequence[tuple[Job, PictureSpec]]) -> None:
        """What did not fit goes back to its jobs, to be drawn one by one; what is alone fails."""
        if len(batch) == 1:
            [(job, spec)] = batch
            log.warning("not enough memory for %dx%d px", spec.width, spec.height)
            words = f"There is not enough memory for a picture of {spec.width}x{spec.height} px. Ask for a smaller one."
            self._fail([job], PartBrokenError(words, part=PART))
            return
        log.warning("not enough memory for %d pictures at a time: from now on they are drawn one by one", len(batch))
        self._batch_limit = 1
        for job, spec in reversed(batch):
            job.left.insert(0, spec)

    def _make_check(self, jobs: Sequence[Job]) -> Callable[[], None]:
        deadline = time.monotonic() + self._limits.drawing_s

        def check() -> None:
            if all(job.is_cancelled for job in jobs):
                raise DrawingStoppedError
            if time.monotonic() > deadline:
                raise PartTimeoutError(
                    f"The picture was not finished after {self._limits.drawing_s:g} s. "
                    "Ask for fewer steps or a smaller size.",
                    part=PART,
                )

        return check

    def _fail(self, jobs: Sequence[Job], error: MomError) -> None:
        for job in dict.fromkeys(jobs):
            self._end(job, error)

    def _end(self, job: Job, last: Finished | MomError) -> None:
        if not job.is_cancelled:
            job.is_cancelled = True
            job.tell(last)

    def _give_up(self, job: Job) -> None:
        waited = (
            f"The picture was not begun within {self._limits.waiting_s:g} s, as others came first. Ask again later."
        )
        self._forget(job)
        self._end(job, PartTimeoutError(waited, part=PART))

    def _forget(self, job: Job) -> None:
        if job.giving_up is not None:
            job.giving_up.cancel()
        if job in self._line:
            self._line.remove(job)
            self._tell_positions()

    def _tell_positions(self) -> None:
        ahead = 0.0
        for position, job in enumerate(self._line, start=1 if self._running else 0):
            if position != job.position:
                job.position = position
                if position:
                    estimate = self._pace.seconds_until(ahead)
                    job.tell(Queued(position, None if estimate is None else round(estimate, 1)))
            ahead += sum(map(units_of, job.left))


def _busy(why: str) -> BusyError:
    return BusyError(f"{why} Try again in a moment.", retry_after_s=RETRY_AFTER_S)
