"""Work for the CPU on pictures that a GPU draws, done beside it: while one is encoded, the next step or the next decoding goes on."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Self


class BesideDrawing:
    """Entered for one batch of `pictures`. What is asked for one of them is done in the order of asking, and all of it before
    this is left; what fails is raised there. `at_once`, where the CPU draws and has no time beside it: done as it is asked.
    """

    def __init__(self, pictures: int, *, at_once: bool) -> None:
        self._threads = [] if at_once else [ThreadPoolExecutor(1, "beside") for _ in range(pictures)]
        self._asked: list[Future[None]] = []
        self._put_off: list[tuple[int, Callable[[], None]]] = []

    def __enter__(self) -> Self:
        return self

    def do(self, number: int, work: Callable[[], None]) -> None:
        """For the picture of this number."""
        self.go_on()
        if self._threads:
            self._asked.append(self._threads[number].submit(work))
        else:
            work()

    def put_off(self, number: int, work: Callable[[], None]) -> None:
        """As `do`, but begun at `go_on` or at what is asked for next: once the GPU has its next step. A thread that wakes while that
        is launched takes turns with it at the interpreter, and the GPU waits.
        """
        if self._threads:
            self._put_off.append((number, work))
        else:
            work()

    def go_on(self) -> None:
        """Begin what was put off."""
        put_off, self._put_off = self._put_off, []
        self._asked += [self._threads[number].submit(work) for number, work in put_off]

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        with ExitStack() as ending:
            for thread in self._threads:
                ending.callback(thread.shutdown, cancel_futures=kind is not None)
            if kind is None:
                self.go_on()
                for each in self._asked:
                    each.result()
