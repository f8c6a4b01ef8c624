"""A real llama.cpp server for tests: the child process that `mom serve` would start, with a model of random weights."""

import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from mom.models.parts import Endpoint


@dataclass(frozen=True)
class LlamaServer:
    """A running server. `root` is its address without `/v1`."""

    root: str
    model: str
    api_key: str

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(f"{self.root}/v1", self.model, self.api_key)

    @property
    def http(self) -> httpx.Client:
        """A client for looking at the server beside MoM's own."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        return httpx.Client(base_url=self.root, headers=headers, trust_env=False, timeout=60)

    def becomes_idle_within(self, seconds: int) -> bool:
        """Do all slots become idle? Looked at once a second only: asking often delays the server's own work."""
        return self._has_busy_slots(seconds, wanted=False)

    def becomes_busy_within(self, seconds: int) -> bool:
        return self._has_busy_slots(seconds, wanted=True)

    def _has_busy_slots(self, seconds: int, *, wanted: bool) -> bool:
        with self.http as http:
            for _ in range(seconds):
                time.sleep(1)
                if any(slot["is_processing"] for slot in http.get("/slots").json()) is wanted:
                    return True
        return False


@contextmanager
def running_llama(model_path: Path, *, context_tokens: int, model: str = "random") -> Iterator[LlamaServer]:
    """Run a llama.cpp server on a free loopback port until the context is left."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = LlamaServer(f"http://127.0.0.1:{port}", model, secrets.token_hex(8))
    config = {
        "port": port,
        "api_key": server.api_key,
        "model_path": str(model_path),
        "model_name": model,
        "context_tokens": context_tokens,
        "threads": 1,
        "parallel": 1,
        "server_binary": None,
    }
    program = [sys.executable, "-m", "mom.serving.llama_child"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            process.stdin.write(json.dumps(config) + "\n")
            process.stdin.flush()
            _wait_until_ready(server, process)
            yield server
        finally:
            process.kill()


def _wait_until_ready(server: LlamaServer, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{server.root}/health", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the llama.cpp server is not ready (exit status: {process.poll()})")
