"""A turn's event stream on a real server: replayed, followed, resumed, kept open, and given up."""

import asyncio
import json
import threading
from contextlib import AsyncExitStack, contextmanager

import httpx
import pytest
from httpx_sse import EventSource

from mom.mixture.events import ImageProgress
from tests.chats.stage import another_person
from tests.chats.waiting import wait_for
from tests.scripted import ScriptedImageModel, ScriptedLanguageModel
from tests.web.site import running_site


@pytest.fixture
def parts(parts, gate):
    parts.large_llm = ScriptedLanguageModel(["one", gate, "two"])
    return parts


def ask(site, content="hello") -> str:
    chat_id = httpx.post(f"{site.url}/api/chats").json()["id"]
    answer = httpx.post(f"{site.url}/api/chats/{chat_id}/messages", json={"content": content})
    assert answer.status_code == 202, answer.text
    return answer.json()["turn_id"]


@contextmanager
def following(site, turn_id, **headers):
    with httpx.stream("GET", f"{site.url}/api/turns/{turn_id}/events", headers=headers, timeout=30) as response:
        assert response.status_code == 200
        yield EventSource(response).iter_sse()


def all_events(site, turn_id, **headers) -> list:
    with following(site, turn_id, **headers) as events:
        return list(events)


def events_after(site, turn_id, event_id) -> httpx.Response:
    return httpx.get(f"{site.url}/api/turns/{turn_id}/events", headers={"Last-Event-ID": event_id})


def as_values(events) -> list[tuple[str, str, str]]:
    return [(event.id, event.event, event.data) for event in events]


def test_a_reader_gets_what_was_then_what_comes_then_the_end(site, gate):
    turn_id = ask(site)
    gate.wait_until_reached()
    with following(site, turn_id) as events:
        seen = [next(events) for _ in range(3)]
        assert [event.event for event in seen] == ["turn_started", "routed", "text_delta"]
        assert json.loads(seen[2].data) == {"text": "one"}
        gate.open()
        assert [event.event for event in events] == ["text_delta", "turn_finished"]


def test_a_second_reader_sees_the_same(site, gate):
    turn_id = ask(site)
    with following(site, turn_id) as first, following(site, turn_id) as second:
        gate.open()
        assert as_values(first) == as_values(second)


def test_a_reader_that_comes_back_gets_the_rest_alone(site, gate):
    turn_id = ask(site)
    gate.open()
    events = all_events(site, turn_id)
    rest = all_events(site, turn_id, **{"Last-Event-ID": events[1].id})
    assert as_values(rest) == as_values(events[2:])
    after = httpx.get(f"{site.url}/api/turns/{turn_id}/events", params={"after": events[-2].id})
    assert after.text.startswith(f"id: {events[-1].id}\nevent: turn_finished\ndata: {{")
    assert after.text.endswith("}\n\n")


@pytest.mark.parametrize("is_restarted", [False, True], ids=["the same process", "after a restart"])
def test_a_reader_that_has_the_end_is_told_to_come_no_more(tmp_path, parts, gate, is_restarted):
    gate.open()
    with running_site(tmp_path, parts) as site:
        turn_id = ask(site)
        last = all_events(site, turn_id)[-1]
        if not is_restarted:
            assert events_after(site, turn_id, last.id).status_code == 204
    if is_restarted:
        with running_site(tmp_path, parts) as site:
            snapshot, end = all_events(site, turn_id, **{"Last-Event-ID": last.id})
            assert [event.event for event in (snapshot, end)] == ["turn_snapshot", "turn_finished"]
            assert events_after(site, turn_id, end.id).status_code == 204
            assert "event: turn_finished" in events_after(site, turn_id, snapshot.id).text


def test_an_id_of_another_epoch_gets_a_snapshot_first(site, gate):
    turn_id = ask(site)
    gate.wait_until_reached()
    with following(site, turn_id, **{"Last-Event-ID": "0ther-9"}) as events:
        snapshot = next(events)
        assert snapshot.event == "turn_snapshot"
        data = json.loads(snapshot.data)
        assert (data["status"], data["message"]["content"]) == ("running", "one")
        gate.open()
        assert [event.event for event in events] == ["text_delta", "turn_finished"]


def test_nothing_between_may_hold_events_back(site, gate):
    turn_id = ask(site)
    with httpx.stream("GET", f"{site.url}/api/turns/{turn_id}/events") as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert response.headers["X-Accel-Buffering"] == "no"
        assert response.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert "Content-Length" not in response.headers


def test_a_head_request_ends_at_once(site, gate):
    assert httpx.head(f"{site.url}/api/turns/{ask(site)}/events").status_code == 200


def test_a_stream_in_which_nothing_happens_has_a_heartbeat(tmp_path, parts, gate):
    with running_site(tmp_path, parts, heartbeat_s=0.05) as site:
        turn_id = ask(site)
        with httpx.stream("GET", f"{site.url}/api/turns/{turn_id}/events", timeout=30) as response:
            lines = response.iter_lines()
            assert sum(line.startswith(":") for line in (next(lines) for _ in range(20))) >= 2
        gate.open()


def test_a_reader_that_leaves_is_forgotten_and_the_turn_goes_on(site, gate):
    turn_id = ask(site)
    gate.wait_until_reached()
    before = tasks_of(site)
    with following(site, turn_id) as events:
        next(events)
        assert tasks_of(site) > before
    wait_for(lambda: tasks_of(site) <= before, "the reader's tasks to end")
    assert site.parts.large_llm.at_work == 1
    gate.open()
    assert all_events(site, turn_id)[-1].event == "turn_finished"


def test_stopping_ends_the_stream_and_frees_the_model(site, gate):
    turn_id = ask(site)
    gate.wait_until_reached()
    with following(site, turn_id) as events:
        stopped = httpx.post(f"{site.url}/api/turns/{turn_id}/stop")
        assert stopped.status_code == 202
        assert [event.event for event in events][-1] == "turn_stopped"
    assert site.parts.large_llm.at_work == 0


def test_whatever_a_model_writes_can_be_sent(site):
    site.parts.large_llm.reply = ["half \ud83e", " a character"]
    turn_id = ask(site)
    with following(site, turn_id) as events:
        assert [event.event for event in events][-1] == "turn_finished"


def test_another_persons_stream_is_not_there(site, gate):
    turn_id = ask(site)
    other = another_person(site.services.history.database)
    site.services.history.local_user_id = lambda: other
    answer = httpx.get(f"{site.url}/api/turns/{turn_id}/events")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_previews_are_not_replayed_but_the_last(site, gate):
    steps = [ImageProgress(1, 3, "data:a"), ImageProgress(2, 3, "data:b"), ImageProgress(3, 3, "data:c")]
    site.parts.image_model = ScriptedImageModel([*steps, gate])
    turn_id = ask(site, "/image a fox")
    gate.wait_until_reached()
    gate.open()
    progress = [json.loads(event.data) for event in all_events(site, turn_id) if event.event == "image_progress"]
    assert progress == [{"step": 3, "steps": 3, "preview": "data:c"}]


def test_the_server_ends_open_streams_when_it_ends(tmp_path, parts, gate):
    with running_site(tmp_path, parts) as site:
        turn_id = ask(site)
        gate.wait_until_reached()
        stream = following(site, turn_id)
        events = stream.__enter__()
        next(events)
    assert [event.event for event in events][-1] == "turn_interrupted"
    stream.__exit__(None, None, None)


def test_two_hundred_readers_need_no_thread_each(site, gate):
    turn_id = ask(site)
    gate.wait_until_reached()
    limits, threads_before = httpx.Limits(max_connections=None), threading.active_count()

    async def read_all() -> tuple[int, list[str]]:
        async with httpx.AsyncClient(limits=limits, timeout=60) as http, AsyncExitStack() as stack:
            url = f"{site.url}/api/turns/{turn_id}/events"
            streams = [await stack.enter_async_context(http.stream("GET", url)) for _ in range(200)]
            readers = [stream.aiter_lines() for stream in streams]
            for reader in readers:
                await anext(reader)
            threads = threading.active_count()
            gate.open()

            async def last_event(reader) -> str:
                return [line async for line in reader if line.startswith("event:")][-1]

            return threads, await asyncio.gather(*map(last_event, readers))

    threads, last = asyncio.run(read_all())
    assert last == ["event: turn_finished"] * 200
    assert threads - threads_before < 30


def test_the_same_stream_can_be_read_through_plain_wsgi(app, parts, gate):
    client = app.test_client()
    chat_id = client.post("/api/chats").json["id"]
    turn_id = client.post(f"/api/chats/{chat_id}/messages", json={"content": "hello"}).json["turn_id"]
    gate.open()
    answer = client.get(f"/api/turns/{turn_id}/events")
    assert answer.text.count("\n\n") == 5
    assert "event: turn_finished" in answer.text


def tasks_of(site) -> int:
    async def count() -> int:
        return len(asyncio.all_tasks())

    return asyncio.run_coroutine_threadsafe(count(), site.loop).result(30)
