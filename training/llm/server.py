"""A llama.cpp server for evaluation and tests: the same child process that MoM runs the model with."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mom.serving.child import free_port

KEY = "local"
READY_WITHIN_S = 60.0

Json = dict[str, Any]


class Server:
    """The address of a running server, with one method to post to it."""

    def __init__(self, address: str) -> None:
        self.address = address

    def post(self, path: str, body: Json) -> Json:
        """The server's JSON answer; an HTTP error raises `urllib.error.HTTPError`."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
        request = urllib.request.Request(self.address + path, json.dumps(body).encode(), headers)  # noqa: S310 - our own loopback server
        with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310
            answer: Json = json.load(response)
            return answer

    def chat(self, messages: list[Json], **fields: object) -> str:
        """The greedy answer to the messages."""
        answer = self.post(
            "/v1/chat/completions", {"messages": messages, "temperature": 0, "max_tokens": 160, **fields}
        )
        content: str = answer["choices"][0]["message"]["content"]
        return content

    def token_ids(self, words: str) -> list[int]:
        """The tokens of plain words."""
        ids: list[int] = self.post("/tokenize", {"content": words})["tokens"]
        return ids

    def label_probabilities(self, messages: list[Json], labels: tuple[str, ...]) -> dict[str, float]:
        """How probable each label is as the first token of the answer; every label must be one token."""
        ids = {self.token_ids(label)[0]: label for label in labels}
        fields = {
            "max_tokens": 1, "temperature": 1, "samplers": ["temperature"], "logprobs": True, "top_logprobs": len(ids), "n_probs": len(ids),
            "post_sampling_probs": True, "grammar": "root ::= " + " | ".join(f"<[{number}]>" for number in ids),
            "logit_bias": [[number, 100] for number in ids],
        }  # fmt: skip
        answer = self.post("/v1/chat/completions", {"messages": messages, **fields})
        found = answer["choices"][0]["logprobs"]["content"][0]["top_probs"]
        return {ids[entry["id"]]: entry["prob"] for entry in found if entry["id"] in ids}


@contextmanager
def running_server(model: Path, *, threads: int = 1) -> Iterator[Server]:
    """A server for the model on a free loopback port; it is ended on leaving."""
    port = free_port()
    config = {
        "port": port, "api_key": KEY, "model_path": str(model), "model_name": "demo", "context_tokens": 2048, "threads": threads,
    }  # fmt: skip
    command = [sys.executable, "-m", "mom.serving.llama_child"]
    child = subprocess.Popen(  # noqa: S603 - our own interpreter
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
    )
    assert child.stdin is not None
    try:
        child.stdin.write(json.dumps(config) + "\n")
        child.stdin.flush()
        server = Server(f"http://127.0.0.1:{port}")
        _wait_until_ready(server, child)
        yield server
    finally:
        child.kill()
        child.wait()
        child.stdin.close()


def _wait_until_ready(server: Server, child: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if child.poll() is not None:
            msg = f"the llama.cpp server ended at once with exit code {child.returncode}"
            raise RuntimeError(msg)
        try:
            with urllib.request.urlopen(server.address + "/health", timeout=2):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    msg = f"the llama.cpp server was not ready within {READY_WITHIN_S:.0f} s"
    raise RuntimeError(msg)
