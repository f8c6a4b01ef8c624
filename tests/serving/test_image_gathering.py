"""The event loop's wait: while a picture is drawn, it rests after what came in; at other times never."""

import asyncio
import socket

import pytest

from mom.serving.image_server import gathering
from mom.serving.image_server.gathering import GatheringSelector


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def run(selector: GatheringSelector, main):
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        return runner.run(main)


def take(pair, selector: GatheringSelector, monkeypatch) -> list[bytes]:
    """What there is to read each time when the loop is woken: a second byte comes in at once after the first, a third during the rest,
    if there is one.
    """
    ours, theirs = pair
    monkeypatch.setattr(gathering.time, "sleep", lambda _: theirs.send(b"3"))

    async def read_twice() -> list[bytes]:
        loop, taken, is_done = asyncio.get_running_loop(), [], asyncio.Event()

        def read() -> None:
            taken.append(ours.recv(10))
            theirs.send(b"2") if len(taken) == 1 else is_done.set()

        loop.add_reader(ours, read)
        theirs.send(b"1")
        await is_done.wait()
        loop.remove_reader(ours)
        return taken

    return run(selector, read_twice())


def test_while_a_picture_is_drawn_what_comes_after_the_first_is_taken_together(pair, monkeypatch):
    selector = GatheringSelector()
    with selector.gathering():
        assert take(pair, selector, monkeypatch) == [b"1", b"23"]


def test_what_comes_in_at_other_times_is_taken_at_once(pair, monkeypatch):
    selector = GatheringSelector()
    with selector.gathering():
        pass
    assert take(pair, selector, monkeypatch) == [b"1", b"2"]


def test_a_timer_keeps_its_time_during_the_rest(pair, monkeypatch):
    monkeypatch.setattr(gathering, "REST_S", 3600)
    ours, theirs = pair

    async def read_then_wait() -> None:
        loop, is_read = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(ours, lambda: (ours.recv(10), is_read.set()))
        theirs.send(b"1")
        await is_read.wait()
        await asyncio.sleep(0.01)
        loop.remove_reader(ours)

    selector = GatheringSelector()
    with selector.gathering():
        run(selector, read_then_wait())
