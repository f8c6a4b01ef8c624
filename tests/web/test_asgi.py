"""What the server is given to send, message by message."""

import asyncio

from mom.web.asgi import AsgiApp


def sent_for(app, path: str, *, kind: str = "http") -> list[dict]:
    scope = {
        "type": kind, "http_version": "1.1", "method": "GET", "path": path, "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")], "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    sent = []

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(event):
        sent.append(event)

    asyncio.run(AsgiApp(app)(scope, receive, send))
    return sent


def test_a_views_answer_is_one_piece_however_large(app, tmp_path):
    (tmp_path / "large.js").write_bytes(content := b"x" * 1_000_000)
    app.static_folder = str(tmp_path)
    start, body = sent_for(app, "/static/large.js")
    assert start["status"] == 200
    assert (b"content-length", b"1000000") in start["headers"]
    assert b"date" not in dict(start["headers"]), "uvicorn adds one, and there may be no two"
    assert body == {"type": "http.response.body", "body": content}


def test_a_websocket_is_refused(app):
    assert sent_for(app, "/", kind="websocket") == [{"type": "websocket.close"}]
