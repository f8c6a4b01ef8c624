"""`mom serve` as its user starts it: a process of its own, spoken to over HTTP alone."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import httpx_sse
import psutil

DEADLINE_S = 90.0
LAST_EVENTS = {"turn_finished", "turn_stopped", "turn_failed", "turn_interrupted"}


def wait_until(claim: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
    """The first true value of `claim`, asked every 50 ms."""
    deadline = time.monotonic() + deadline_s
    while time.monotonic() < deadline:
        value = claim()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {deadline_s:.0f} s: {what}")


@dataclass
class Event:
    id: str
    name: str
    data: dict[str, Any]


@dataclass
class RunningMom:
    process: subprocess.Popen[bytes]
    url: str
    data_dir: Path
    http: httpx.Client

    def said(self) -> str:
        """What `mom serve` has printed."""
        return (self.data_dir / "stdout").read_text()

    def parts(self) -> dict[str, Any]:
        """`/readyz`; empty while the web process is away."""
        try:
            return self.http.get("/readyz").json()["parts"]
        except httpx.TransportError:
            return {}

    def wait_for(self, *names: str, state: str = "ready", deadline_s: float = DEADLINE_S) -> None:
        for name in names:
            claim = f"{name} is {state}"
            wait_until(lambda name=name: self.parts().get(name, {}).get("state") == state, claim, deadline_s)

    def new_chat(self) -> str:
        return self.http.post("/api/chats", json={}).raise_for_status().json()["id"]

    def ask(self, content: str, chat: str | None = None, **fields: object) -> str:
        """Post a message; the turn's id."""
        chat = chat or self.new_chat()
        reply = self.http.post(f"/api/chats/{chat}/messages", json={"content": content, **fields})
        assert reply.status_code == 202, reply.text
        return reply.json()["turn_id"]

    @contextmanager
    def events(self, turn: str, after: str | None = None) -> Iterator[Iterator[Event]]:
        headers = {"Last-Event-ID": after} if after else {}
        with httpx_sse.connect_sse(self.http, "GET", f"/api/turns/{turn}/events", headers=headers) as source:
            # httpx-sse gives a heartbeat as an event without data, once there has been an id.
            yield (Event(event.id, event.event, json.loads(event.data)) for event in source.iter_sse() if event.data)

    def all_events(self, turn: str) -> list[Event]:
        with self.events(turn) as events:
            return list(events)

    def answer(self, turn: str) -> dict[str, Any]:
        """The turn's answer as the chat holds it."""
        for chat in self.http.get("/api/chats").json():
            for message in self.http.get(f"/api/chats/{chat['id']}").json()["messages"]:
                if (message.get("turn") or {}).get("id") == turn:
                    return message
        raise AssertionError(f"no answer of turn {turn}")

    def status(self, turn: str) -> str:
        return self.http.get(f"/api/turns/{turn}").json()["status"]

    def family(self) -> list[psutil.Process]:
        """The supervisor's descendants."""
        return psutil.Process(self.process.pid).children(recursive=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running_mom(
    data_dir: Path,
    *,
    command: Sequence[str | Path] = (sys.executable, "-m", "mom", "serve"),
    user: str | None = None,
    **settings: str,
) -> Iterator[RunningMom]:
    """Run `mom serve` with these settings on a free port until the context is left; Ctrl-C ends it."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOM_")}
    environment |= {
        "MOM_PORT": str(port),
        "MOM_DATA_DIR": str(data_dir),
        "MOM_OLLAMA_URL": "http://127.0.0.1:9",
    } | settings
    with (data_dir / "stdout").open("w") as stdout:
        process = subprocess.Popen(command, env=environment, cwd=data_dir, user=user, stdout=stdout, stderr=stdout)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as http:
        mom = RunningMom(process, str(http.base_url), data_dir, http)
        try:
            wait_until(lambda: process.poll() is not None or mom.parts(), "the web process answers")
            assert process.poll() is None, mom.said()
            yield mom
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    raise
