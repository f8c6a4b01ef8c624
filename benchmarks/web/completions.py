"""`/v1/chat/completions`, requests a second: the upstream asked directly, through MoM with and without routing, and through LiteLLM.

All are asked in turn within a round. Requests a second by the clock depend on what else the machine does, here also the upstream
and those who ask; `server_cpu_ms`, the server's processor time per request, hardly does.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil

from benchmarks.paced_server import Pace, paced_process
from benchmarks.web.processes import cpu_time, load_bert, serving_mom, web_process
from tests.e2e.running_mom import free_port, wait_until

TOKENS = 16
CONNECTIONS = 8
WARM_UP_S = 2.0
LITELLM_DEADLINE_S = 180.0


@dataclass(frozen=True)
class Way:
    """An address up to and with `/v1`, a model there, and the process that answers, where it is one of those compared."""

    url: str
    model: str
    server: psutil.Process | None = None


def measure_completions(rounds: int, seconds: float, litellm: Path | None) -> dict[str, Any]:
    """Medians of the rounds; the ratios to LiteLLM are of one round each."""
    with ExitStack() as stack:
        upstream = stack.enter_context(paced_process(Pace(tokens=TOKENS)))
        mom = stack.enter_context(serving_mom(upstream))
        load_bert(mom)
        web = web_process(mom)
        ways = {
            "direct": Way(f"{upstream}/v1", "paced"),
            "mom-text": Way(f"{mom.url}/v1", "mom-text", web),
            "mom": Way(f"{mom.url}/v1", "mom", web),
        }
        if litellm is not None:
            ways["litellm"] = stack.enter_context(_running_litellm(litellm, upstream))
        found = {}
        for name, stream in (("whole", False), ("streamed", True)):
            for way in ways.values():
                _ask(way, WARM_UP_S, stream=stream)
            taken = [{each: _ask(way, seconds, stream=stream) for each, way in ways.items()} for _ in range(rounds)]
            found[name] = {each: _summary(each, taken) for each in ways}
    if litellm is None:
        found["litellm"] = "left out: give the path of its program with --litellm"
    return {"connections": CONNECTIONS, "tokens": TOKENS, **found}


def _ask(way: Way, seconds: float, *, stream: bool) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.web.load", way.url, way.model, str(CONNECTIONS), str(seconds)]
    with cpu_time([way.server] if way.server else []) as spent:
        done = subprocess.run([*command, *(["--stream"] if stream else [])], stdout=subprocess.PIPE, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    if way.server is not None:
        figures["server_cpu_ms"] = round(spent.cpu_s * 1000 / figures["requests"], 2)
    return figures


def _summary(name: str, taken: list[dict[str, Any]]) -> dict[str, Any]:
    mine = [each[name] for each in taken]
    summary: dict[str, Any] = {"requests_per_s": median(each["requests_per_s"] for each in mine)}
    for field in ("took_ms", "first_token_ms"):
        if field in mine[0]:
            summary[field] = {share: median(each[field][share] for each in mine) for share in ("p50", "p99")}
    if "server_cpu_ms" in mine[0]:
        summary["server_cpu_ms"] = median(each["server_cpu_ms"] for each in mine)
    if "litellm" in taken[0] and "server_cpu_ms" in mine[0]:
        theirs = [each["litellm"] for each in taken]
        pairs = list(zip(mine, theirs, strict=True))
        summary["times_litellm"] = {
            "requests_per_s": round(median(own["requests_per_s"] / other["requests_per_s"] for own, other in pairs), 2),
            "by_cpu_time": round(median(other["server_cpu_ms"] / own["server_cpu_ms"] for own, other in pairs), 2),
        }
    return summary


@contextmanager
def _running_litellm(program: Path, upstream: str) -> Iterator[Way]:
    """LiteLLM's proxy before the same upstream, one worker, nothing switched on."""
    entry = {"model": "openai/paced", "api_base": f"{upstream}/v1", "api_key": "none"}
    config = {
        "model_list": [{"model_name": "paced", "litellm_params": entry}],
        "litellm_settings": {"telemetry": False},
        "general_settings": {"dangerously_permit_weak_or_unset_master_key": True},  # of nobody's keys it makes no work
    }
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(json.dumps(config), encoding="utf-8")  # which is YAML, too
        command = [program, "--config", path, "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
        environment = {**os.environ, "LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        with subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL) as process:
            try:
                url = f"http://127.0.0.1:{port}"
                wait_until(
                    lambda: process.poll() is not None or _is_alive(f"{url}/health/liveliness"),
                    "LiteLLM answers",
                    LITELLM_DEADLINE_S,
                )
                assert process.poll() is None, "LiteLLM has ended"
                yield Way(f"{url}/v1", "paced", psutil.Process(process.pid))
            finally:
                process.terminate()


def _is_alive(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False
