"""The event loop's wait: together while a picture is drawn, each at once otherwise."""

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


def taken_at_first(pair, selector: GatheringSelector, monkeypatch) -> bytes:
    """What there is to read when the loop is woken by a first byte; a second comes in during the pause, if there is one."""
    ours, theirs = pair
    monkeypatch.setattr(gathering.time, "sleep", lambda _: theirs.send(b"2"))

    async def wait_then_read() -> bytes:
        loop, readable = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(ours, readable.set)
        loop.call_later(0.01, theirs.send, b"1")
        await readable.wait()
        loop.remove_reader(ours)
        return ours.recv(10)

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        return runner.run(wait_then_read())


def test_what_comes_in_while_a_picture_is_drawn_is_taken_together(pair, monkeypatch):
    selector = GatheringSelector()
    with selector.gathering():
        assert taken_at_first(pair, selector, monkeypatch) == b"12"


def test_what_comes_in_at_other_times_is_taken_at_once(pair, monkeypatch):
    selector = GatheringSelector()
    with selector.gathering():
        pass
    assert taken_at_first(pair, selector, monkeypatch) == b"1"
