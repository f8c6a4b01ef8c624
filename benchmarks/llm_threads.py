"""How many threads a llama.cpp server had better write with, and how they had better wait for each other: `python -m benchmarks.llm_threads`.

The demo model, and random weights (Q4_0) in the true shapes of models of 135 million, half a billion and a billion parameters.
Tokens a second of one server alone, and of each of two that write at once, as the small and the large LLM may. Threads that
sleep at once, that spin for microseconds before (what MoM sets), and that spin for long (what OpenMP does by itself).
Writes `benchmarks/out/llm_threads.json`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks.moe_memory import make_shape, write_model
from benchmarks.results import write_result
from mom.serving.demo import LLM_FILE
from mom.serving.llama_child import BATCH_TOKENS, OPENMP
from mom.serving.programs import usable_cores
from tests.e2e.running_mom import free_port

SHAPES = {
    "135M": make_shape(30, 576, 1536, 9, 3),
    "0.5B": make_shape(24, 896, 4864, 14, 2),
    "1B": make_shape(16, 2048, 8192, 32, 8),
}
TOKENS = {"demo": 400, "135M": 100, "0.5B": 50, "1B": 30}
WAITING = {"sleep": {"OMP_WAIT_POLICY": "passive"}, "spin briefly": OPENMP, "spin": {}}


def serve(model: str, port: str, threads: str) -> None:
    """A server as MoM starts it, but for its threads; runs until it is killed."""
    import xllamacpp  # noqa: PLC0415 -- reads OpenMP's settings, and is not needed by the parent

    params = xllamacpp.CommonParams()
    params.model.path, params.hostnames, params.port, params.ui = model, ["127.0.0.1"], int(port), False
    params.n_ctx, params.n_parallel, params.n_batch, params.n_ubatch = 2048, 1, BATCH_TOKENS, BATCH_TOKENS
    params.cpuparams.n_threads, params.cpuparams_batch.n_threads = int(threads), usable_cores()
    server = xllamacpp.Server(params)
    threading.Event().wait()
    del server


@contextmanager
def running(model: Path, threads: int, waiting: dict[str, str]) -> Iterator[httpx.Client]:
    """A client of such a server."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.llm_threads", "--serve", str(model), str(port), str(threads)]
    with (
        subprocess.Popen(
            command, env={**os.environ, **waiting}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=300, trust_env=False) as http,
    ):
        try:
            while not _is_ready(http):
                assert process.poll() is None, "the server has ended"
                time.sleep(0.05)
            yield http
        finally:
            process.kill()


def _is_ready(http: httpx.Client) -> bool:
    try:
        return http.get("/health").is_success
    except httpx.TransportError:
        return False


def tokens_per_s(http: httpx.Client, tokens: int) -> float:
    """Of one answer whose end is not allowed."""
    began = time.perf_counter()
    asked = {"prompt": "a b c d e", "temperature": 0, "max_tokens": tokens, "ignore_eos": True}
    answer = http.post("/v1/completions", json=asked).raise_for_status().json()
    return float(answer["usage"]["completion_tokens"]) / (time.perf_counter() - began)


def measure(model: Path, tokens: int, rounds: int) -> dict[str, Any]:
    """Medians of tokens a second, by threads and by how they wait: alone, and at once with another."""
    found = {}
    for threads, name in ((1, "sleep"), *((usable_cores(), name) for name in WAITING)):
        with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
            servers = [stack.enter_context(running(model, threads, WAITING[name])) for _ in range(2)]
            alone = [tokens_per_s(servers[0], tokens) for _ in range(rounds + 1)][1:]
            at_once = [speed for _ in range(rounds) for speed in pool.map(tokens_per_s, servers, [tokens] * 2)]
        label = "1 thread" if threads == 1 else f"{threads} threads, {name}"
        found[label] = {"alone": round(median(alone), 1), "at_once": round(median(at_once), 1)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(*given.serve)
        return
    result: dict[str, Any] = {
        "tokens_per_s": {"demo": measure(LLM_FILE, TOKENS["demo"], given.rounds)},
        "cores": usable_cores(),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, shape in SHAPES.items():
            write_model(path := Path(folder) / f"{name}.gguf", shape)
            result["tokens_per_s"][name] = measure(path, TOKENS[name], given.rounds) | {
                "MB": round(path.stat().st_size / 1e6)
            }
    write_result("llm_threads", result)


if __name__ == "__main__":
    main()
