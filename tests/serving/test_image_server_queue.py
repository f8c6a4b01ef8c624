"""The image server's queue: one picture at a time, positions, and pictures that nobody waits for any more."""

import json
import socket
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from httpx_sse import EventSource

from tests.image_server import QUICK, SLOW, running_image_server, wait_for

pytestmark = pytest.mark.torch
STOPPED = "stopped a picture that nobody waits for"


@pytest.fixture
def server(image_server):
    image_server.wait_until_idle()
    yield image_server
    image_server.wait_until_idle()


@contextmanager
def streaming(server, **body):
    """A request of its own connection, and its events one by one."""
    with server.client.stream("POST", "/v1/images/generations", json={**body, "stream": True}) as response:
        yield response, (json.loads(event.data) for event in EventSource(response).iter_sse())


def place_in(event) -> int:
    assert event["type"] == "image_generation.queued"
    return event["position"]


def test_leaving_a_stream_stops_the_drawing(server):
    stops = server.log().count(STOPPED)
    with streaming(server, **SLOW):
        server.wait_until_drawing()
    server.wait_until_idle()
    assert server.log().count(STOPPED) == stops + 1


def test_leaving_a_plain_request_stops_the_drawing(server):
    stops = server.log().count(STOPPED)
    request = json.dumps(SLOW).encode()
    with ExitStack() as connection:
        # An open connection without a reader: httpx would wait for the answer.
        raw = connection.enter_context(raw_connection(server))
        raw.sendall(
            b"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nAuthorization: %s\r\n\r\n%s"
            % (len(request), server.client.headers["authorization"].encode(), request)
        )
        server.wait_until_drawing()
    server.wait_until_idle()
    assert server.log().count(STOPPED) == stops + 1


def test_leaving_in_the_middle_of_a_request_is_no_fault_of_the_servers(server):
    with raw_connection(server) as raw:
        raw.sendall(
            b"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
            b"Authorization: %s\r\n\r\n{" % server.client.headers["authorization"].encode()
        )
        assert server.health()["status"] == "ok"  # it has begun to read by then
    assert server.generate(**QUICK).status_code == 200
    assert "Traceback" not in server.log()


def test_health_is_answered_while_a_step_runs(server):
    with streaming(server, **SLOW):
        first = server.wait_until_drawing()
        answers = [server.queue()["running"]["step"]]
        while answers[-1] == first["step"]:
            answers.append(server.queue()["running"]["step"])
        assert answers.count(first["step"]) > 2
        assert first["steps"] == 50


def test_a_waiting_picture_is_told_its_place_and_moves_up_when_another_leaves(server):
    with streaming(server, **SLOW):
        server.wait_until_drawing()
        with ExitStack() as second:
            _, events_of_second = second.enter_context(streaming(server, **QUICK))
            assert place_in(next(events_of_second)) == 1
            with streaming(server, **QUICK) as (_, events_of_third):
                assert place_in(next(events_of_third)) == 2
                assert server.queue()["waiting"] == 2
                second.close()
                assert place_in(next(events_of_third)) == 1
                assert server.queue()["waiting"] == 1


def test_a_picture_that_left_the_queue_is_never_drawn(server):
    with streaming(server, **SLOW):
        server.wait_until_drawing()
        with streaming(server, **QUICK) as (_, events):
            next(events)
        wait_for(lambda: server.queue()["waiting"] == 0, "the queue to forget it")


def test_the_next_picture_is_drawn_when_the_first_is_stopped(server):
    with ExitStack() as first:
        first.enter_context(streaming(server, **SLOW))
        server.wait_until_drawing()
        with streaming(server, **QUICK) as (_, events):
            next(events)
            first.close()
            assert [event["type"] for event in events][-1] == "image_generation.completed"


def test_a_full_queue_says_so_and_when_to_come_back(server):
    with ExitStack() as others:
        others.enter_context(streaming(server, **SLOW))
        server.wait_until_drawing()
        waiting = [others.enter_context(streaming(server, **QUICK)) for _ in range(2)]
        assert [next(events)["position"] for _, events in waiting] == [1, 2]
        response = server.generate(**QUICK)
        assert response.status_code == 429
        assert response.json()["error"]["code"] == "busy"
        assert int(response.headers["retry-after"]) > 0


def test_a_picture_after_a_stopped_one_is_the_same_as_before(server):
    before = server.generate(**QUICK, seed=3).json()["data"][0]["b64_json"]
    with streaming(server, **SLOW):
        server.wait_until_drawing()
    assert server.generate(**QUICK, seed=3).json()["data"][0]["b64_json"] == before


def test_a_picture_that_takes_too_long_is_given_up(tiny_pipeline, tmp_path):
    with running_image_server(tiny_pipeline, tmp_path, time_limit_s=0.5) as server:
        server.wait_until_ready()
        with streaming(server, **SLOW) as (_, events):
            *_, last = events
        assert last["error"]["code"] == "part_timeout"
        assert "0.5 s" in last["error"]["message"]
        response = server.generate(**SLOW)
        assert (response.status_code, response.json()["error"]["code"]) == (504, "part_timeout")


def raw_connection(server):
    url = httpx.URL(server.endpoint.base_url)
    return socket.create_connection((url.host, url.port))
