"""Runs real image servers for tests: a process of its own each, a tiny random pipeline inside, ended by its tether."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from mom.models.parts import Endpoint
from mom.serving.child import free_port
from mom.serving.image_server.__main__ import LIBRARY_SETTINGS
from tests.serving.waiting import wait_until

KEY = "a-key-for-tests"
MODEL = "tiny-sd"
CLONE = Path(__file__).parents[1]
DEADLINE_S = 300  # two busy cores; a hang is what it catches
# A step takes a tenth of a second at the least, and there are fifty: no test waits for the end of this one.
SLOW = {"prompt": "a slow picture", "size": "512x512", "steps": 50}
QUICK = {"prompt": "a quick picture", "steps": 2}


def make_tiny_pipeline(folder: Path, *options: str) -> Path:
    """A random Stable Diffusion pipeline in `folder`, made by a process of its own, because diffusers warns on import."""
    if not (folder / "model_index.json").exists():
        program = Path(__file__).parent / "serving" / "tiny_pipeline.py"
        command = [sys.executable, program, folder, *options]
        subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE_S)
    return folder


def ask(program: Path, *arguments: Path | str, **variables: str):
    """What the program prints, with the image server's own settings for its libraries."""
    environment = {**os.environ, **LIBRARY_SETTINGS, "PYTHONPATH": str(CLONE), **variables}
    command = [sys.executable, program, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=DEADLINE_S, env=environment)
    return json.loads(done.stdout)


def wait_for(claim, what):
    """The answer of `claim`, as soon as it is true."""
    return wait_until(claim, what, DEADLINE_S)


@dataclass
class ImageServerProcess:
    """A running server, a client of it, and what it has written to its log."""

    process: "subprocess.Popen[bytes]"
    client: httpx.Client
    endpoint: Endpoint
    log_file: Path

    def health(self) -> dict[str, Any]:
        return self.client.get("/healthz").json()

    def queue(self) -> dict[str, Any]:
        return self.health()["queue"]

    def log(self) -> str:
        return self.log_file.read_text()

    def last_words(self) -> str:
        """The reason it gave for its end."""
        return json.loads(self.log().splitlines()[-1])["error"]

    def generate(self, **body: Any) -> httpx.Response:
        return self.client.post("/v1/images/generations", json=body)

    def wait_until_listening(self) -> httpx.Response:
        return wait_for(self._answer, "the server to listen")

    def wait_until_ready(self) -> None:
        wait_for(lambda: self.wait_until_listening().status_code == 200, "the model to be loaded")

    def wait_until_idle(self) -> None:
        wait_for(lambda: self.queue() == {"running": None, "waiting": 0}, "an idle server")

    def wait_until_drawing(self) -> dict[str, int]:
        """Until a first step is done: then the next is under way."""
        return wait_for(lambda: (running := self.queue()["running"]) and running["step"] and running, "a step")

    def _answer(self) -> httpx.Response | None:
        if self.process.poll() is not None:
            raise AssertionError(f"the image server ended with {self.process.returncode}: {self.log()}")
        try:
            return self.client.get("/healthz")
        except httpx.ConnectError:
            return None


@contextmanager
def running_image_server(model: Path | str, log_folder: Path, **config: Any) -> Iterator[ImageServerProcess]:
    """Start a server without waiting for anything; at the end its stdin is closed, which ends it."""
    port, log_file = free_port(), log_folder / "image-server.log"
    line = {"port": port, "api_key": KEY, "model": str(model), "model_name": MODEL, **config}
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mom.serving.image_server"], stdin=subprocess.PIPE, stdout=log, stderr=log
        )
    assert process.stdin is not None
    process.stdin.write(json.dumps(line).encode() + b"\n")
    process.stdin.flush()
    root = f"http://127.0.0.1:{port}"
    client = httpx.Client(base_url=root, headers={"authorization": f"Bearer {KEY}"}, timeout=DEADLINE_S)
    with closing(client):
        try:
            yield ImageServerProcess(process, client, Endpoint(f"{root}/v1", MODEL, KEY), log_file)
        finally:
            process.stdin.close()
            process.wait(DEADLINE_S)
