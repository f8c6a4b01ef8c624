"""The CPU's part of drawing, beside the GPU's."""

import threading

import pytest

from mom.serving.image_server.beside import BesideDrawing
from mom.serving.image_server.drawing import DrawingStoppedError
from tests.serving.waiting import wait_until


def test_what_is_asked_for_one_picture_is_done_in_the_order_of_asking_and_before_the_end():
    done = []
    with BesideDrawing(2, at_once=False) as beside:
        for step in range(20):
            for picture in range(2):
                beside.do(picture, lambda picture=picture, step=step: done.append((picture, step)))
    for picture in range(2):
        assert [step for which, step in done if which == picture] == list(range(20))


def test_one_picture_does_not_wait_for_another():
    second_is_done = threading.Event()
    with BesideDrawing(2, at_once=False) as beside:
        beside.do(0, lambda: assert_true(second_is_done.wait(60)))
        beside.do(1, second_is_done.set)


def test_at_once_is_at_once():
    done = []
    with BesideDrawing(1, at_once=True) as beside:
        beside.do(0, lambda: done.append(threading.current_thread()))
        assert done == [threading.current_thread()]


def test_what_is_put_off_is_begun_when_it_is_to_go_on_and_before_what_is_asked_for_next():
    done, begun = [], threading.Event()
    with BesideDrawing(1, at_once=False) as beside:
        beside.put_off(0, lambda: done.append(1))
        beside.put_off(0, begun.set)
        assert beside._asked == []
        beside.go_on()
        assert begun.wait(60)
        beside.put_off(0, lambda: done.append(2))
        beside.do(0, lambda: done.append(3))
        beside.put_off(0, lambda: done.append(4))
    assert done == [1, 2, 3, 4]


def test_what_fails_is_raised_at_the_end():
    with pytest.raises(MemoryError), BesideDrawing(1, at_once=False) as beside:
        beside.do(0, lambda: raise_error(MemoryError()))


def test_when_the_drawing_is_stopped_what_has_not_begun_is_not_done():
    done = []

    def draw_and_stop():
        with BesideDrawing(1, at_once=False) as beside:
            beside.do(0, lambda: wait_until(lambda: beside._asked[1].cancelled()))  # noqa: PLW0108 -- asked for below
            beside.do(0, lambda: done.append("too late"))
            raise DrawingStoppedError

    with pytest.raises(DrawingStoppedError):
        draw_and_stop()
    assert done == []


def assert_true(claim):
    assert claim


def raise_error(error):
    raise error
