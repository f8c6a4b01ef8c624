"""What goes wrong is told in one envelope, in a sentence that says what to do."""

import json
import socket

import httpx
import pytest

from mom import errors
from mom.errors import MomError
from mom.web.failures import failure_response
from tests.scripted import DEADLINE_S
from tests.web.test_chats import new_chat


def failure_of(answer) -> tuple[int, str, str | None]:
    error = answer.json["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert error["message"].endswith(".")
    return answer.status_code, error["code"], error["param"]


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        ({"content": "   "}, (400, "empty_message", "content")),
        ({"content": "/image"}, (400, "empty_message", "content")),
        ({"content": "/paint a fox"}, (400, "unknown_command", "content")),
        ({"content": "x" * 100_001}, (413, "message_too_long", "content")),
        ({"content": "x" * 2**20}, (413, "message_too_long", "content")),
        ({}, (400, "invalid_parameter", "content")),
        ({"content": 5}, (400, "invalid_parameter", "content")),
        ({"contents": "hello", "content": "hello"}, (400, "invalid_parameter", "contents")),
        ({"content": "hello", "seed": -1}, (400, "invalid_parameter", "seed")),
        ({"content": "hello", "need": "song"}, (400, "invalid_parameter", "need")),
        ({"content": "hello", "parent_id": "nobody"}, (404, "not_found", None)),
        ({"content": "hello", "attachments": ["http://127.0.0.1/x.png"]}, (400, "invalid_attachment", "attachments")),
        (
            {"content": "hello", "attachments": ["data:image/png;base64,AAAA"]},
            (400, "invalid_attachment", "attachments"),
        ),
        ([], (400, "invalid_parameter", None)),
    ],
)
def test_a_message_that_cannot_be_asked_is_refused_before_anything_is_stored(client, body, failure):
    chat_id = new_chat(client)
    assert failure_of(client.post(f"/api/chats/{chat_id}/messages", json=body)) == failure
    assert client.get(f"/api/chats/{chat_id}").json["messages"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"content": NaN}',
        b'{"content": "\\ud800"}',
        b"\xff",
        b"[" * 100_000,
        b'{"seed": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_body_that_is_no_json_is_told_so(client, body):
    answer = client.post(f"/api/chats/{new_chat(client)}/messages", data=body, content_type="application/json")
    assert failure_of(answer)[:2] == (400, "invalid_parameter")


@pytest.mark.parametrize(
    ("method", "path", "failure"),
    [
        ("GET", "/nothing", (404, "not_found", None)),
        ("GET", "/api/chats/nobody", (404, "not_found", None)),
        ("GET", "/api/turns/nobody/events", (404, "not_found", None)),
        ("GET", "/images/../../etc/passwd.png", (404, "not_found", None)),
        ("GET", "/images/nobody.png", (404, "not_found", None)),
        ("GET", "/images/nobody.webp", (404, "not_found", None)),
        ("PUT", "/api/chats", (405, "method_not_allowed", None)),
        ("POST", "/api/parts/heart/swap", (404, "not_found", None)),
        ("POST", "/api/parts/heart/cancel", (404, "not_found", None)),
        ("POST", "/api/parts/large_llm/cancel", (409, "conflict", None)),
        ("POST", "/api/parts/heart/reset", (404, "not_found", None)),
        ("POST", "/api/parts/large_llm/reset", (409, "conflict", None)),
        ("GET", "/api/parts/heart/choices", (404, "not_found", None)),
        ("GET", "/api/parts/large_llm/choices", (409, "conflict", None)),
        ("GET", "/api/offers", (409, "conflict", None)),
    ],
)
def test_an_address_that_cannot_be_asked_is_told_so(client, method, path, failure):
    assert (
        failure_of(client.open(path, method=method, json={"address": "demo"} if method == "POST" else None)) == failure
    )


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [("/api/chats", [], None), ("/v1/chat/completions", {"model": "mom", "messages": ["hi"]}, "messages.0")],
)
def test_what_is_no_object_is_told_so_without_the_name_of_a_class(client, path, body, param):
    answer = client.post(path, json=body)
    assert failure_of(answer) == (400, "invalid_parameter", param)
    assert answer.json["error"]["message"].endswith(": Input should be an object.")


def test_a_request_of_more_than_a_megabyte_is_refused(client):
    answer = client.post("/api/chats", json={"title": "x" * 2**20})
    assert failure_of(answer) == (413, "payload_too_large", None)


def test_every_named_failure_has_a_status_and_an_unnamed_one_tells_nothing_of_the_inside():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, MomError)]
    assert len(kinds) > 20
    for kind in kinds:
        more = {"part": "large_llm"} if issubclass(kind, errors.PartError) else {}
        more |= {"retry_after_s": 3} if kind is errors.BusyError else {}
        answer = failure_response(kind("Do this.", **more))
        assert 400 <= answer.status_code < 600
        assert answer.headers.get("Retry-After") == ("3" if kind is errors.BusyError else None)


def test_a_mistake_of_moms_own_is_logged_and_told_in_a_plain_sentence(client, app, caplog):
    from mom.web.services import services

    services(app).history.list_chats = lambda _owner: 1 / 0
    answer = client.get("/api/chats")
    assert failure_of(answer) == (500, "internal_error", None)
    assert "division" not in answer.text
    assert "ZeroDivisionError" in caplog.text


def test_what_is_no_http_is_answered_in_the_same_envelope(site):
    with socket.create_connection(("127.0.0.1", httpx.URL(site.url).port), DEADLINE_S) as connection:
        connection.sendall(b"hello\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/json" in head
    assert json.loads(body)["error"]["code"] == "invalid_request"
