"""Stable Diffusion 1.5 in its true shape, with random weights, through the image server: does it load, how fast, how large?

    python benchmarks/sd15_random.py [--size 256] [--steps 1] [--keep FOLDER]

Makes a bfloat16 LCM folder (2.1 GB), draws one picture and prints seconds and memory; `benchmarks/out/sd15_random.json`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psutil
from httpx_sse import EventSource

from mom.serving.child import free_port

CLONE = Path(__file__).resolve().parents[1]
OUT = CLONE / "benchmarks" / "out" / "sd15_random.json"
KEY = "benchmark"


def measure(model: Path, size: int, steps: int) -> dict[str, Any]:
    """Start the server, wait until it is ready, draw one picture; seconds and GB."""
    port = free_port()
    config = {"port": port, "api_key": KEY, "model": str(model), "model_name": "sd15-random"}
    started = time.monotonic()
    server = subprocess.Popen([sys.executable, "-m", "mom.serving.image_server"], stdin=subprocess.PIPE)
    assert server.stdin is not None
    server.stdin.write(json.dumps(config).encode() + b"\n")
    server.stdin.flush()
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"authorization": f"Bearer {KEY}"}, timeout=60, trust_env=False
    )
    try:
        while (health := _ask_health(client)) is None:
            if server.poll() is not None:
                raise SystemExit("The image server ended; its last line says why.")
            time.sleep(0.1)
        result = {
            "engine": health["engine"],
            "load_s": round(time.monotonic() - started, 1),
            "size": size,
            "steps": steps,
        }
        return result | _draw(client, server.pid, size, steps)
    finally:
        client.close()
        server.stdin.close()
        server.wait(60)


def _ask_health(client: httpx.Client) -> dict[str, Any] | None:
    try:
        answer = client.get("/healthz")
    except httpx.TransportError:
        return None
    return answer.json() if answer.status_code == httpx.codes.OK else None


def _draw(client: httpx.Client, pid: int, size: int, steps: int) -> dict[str, Any]:
    body = {"prompt": "a red circle", "seed": 1, "steps": steps, "size": f"{size}x{size}", "stream": True}
    process, began, at = psutil.Process(pid), time.monotonic(), []
    with client.stream("POST", "/v1/images/generations", json=body) as response:
        for event in EventSource(response).iter_sse():
            at.append(time.monotonic() - began)
            last = json.loads(event.data)
    assert last["type"] == "image_generation.completed", last
    step_s = [round(after - before, 2) for before, after in pairwise(at[:-1])]
    memory = process.memory_full_info()
    return {
        "step_s": step_s,
        "decode_s": round(at[-1] - at[-2], 2),
        "picture_s": round(at[-1], 2),
        "rss_gb": round(memory.rss / 1e9, 2),
        "uss_gb": round(memory.uss / 1e9, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="keep the model here, and use it if it is here already")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary) / "sd15-random"
        if not (folder / "model_index.json").exists():
            # In a process of its own, whose memory is given back before the server's is measured.
            subprocess.run([sys.executable, "-m", "benchmarks.sd15_model", folder.resolve()], check=True, cwd=CLONE)
        result = measure(folder, arguments.size, arguments.steps)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
