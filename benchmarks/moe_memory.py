"""A mixture of experts against two dense models: memory, reading and writing speed, with random weights of true shapes.

    python -m benchmarks.moe_memory [--folder DIR] [--tokens 24]

The shapes are OLMoE-1B-7B's (Muennighoff et al. 2024, arXiv:2409.02060), Llama 3.2 1B's and Llama 2 7B's, from their configuration
files, with one small vocabulary; 4-bit weights (Q4_0). What is written means nothing, so that only speed and memory are
measured; on a busy machine the processor's time for a token (`cpu`) tells more than the tokens of a second. Needs 9 GB of disk and 6 GB of memory. Writes `benchmarks/out/moe_memory.json`.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import gguf
import httpx
import numpy as np
import psutil

from benchmarks.results import write_result
from tests.e2e.running_mom import free_port
from tests.random_llm import Shape, add_shape, add_vocabulary, tensors_of

VOCABULARY = 32_000
PROMPT_TOKENS = 96
THREADS = 2
BLOCK_BYTES, BLOCK_VALUES = 18, 32  # of Q4_0: a 16-bit scale and 32 numbers


def make_shape(*sizes: int, experts: int = 0, used: int = 0) -> Shape:
    return Shape(*sizes, vocabulary=VOCABULARY, context_tokens=4096, experts=experts, used=used)


SHAPES = {
    "moe 7B, 1B active": make_shape(16, 2048, 1024, 16, 16, experts=64, used=8),
    "dense 1B": make_shape(16, 2048, 8192, 32, 8),
    "dense 7B": make_shape(32, 4096, 11008, 32, 32),
}


def write_model(path: Path, shape: Shape) -> int:
    """Write the file, one tensor after the other, and give the number of its parameters."""
    writer = gguf.GGUFWriter(path, "llama")
    add_shape(writer, shape)
    add_vocabulary(writer, VOCABULARY)
    random = np.random.default_rng(0)
    parameters = 0
    for name, size in tensors_of(shape):
        parameters += int(np.prod(size))
        if _is_plain(name):
            writer.add_tensor_info(name, size, np.dtype(np.float32), 4 * int(np.prod(size)))
        else:
            stored = (*size[:-1], size[-1] // BLOCK_VALUES * BLOCK_BYTES)
            kind = gguf.GGMLQuantizationType.Q4_0
            writer.add_tensor_info(name, stored, np.dtype(np.uint8), int(np.prod(stored)), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for name, size in tensors_of(shape):
        if _is_plain(name):
            gate = random.normal(0, 0.02, size) if len(size) > 1 else np.ones(size)
            writer.write_tensor_data(gate.astype(np.float32))
        else:
            writer.write_tensor_data(_blocks(random, int(np.prod(size)), size[-1]))
    writer.close()
    return parameters


def _is_plain(name: str) -> bool:
    return "norm" in name or "gate_inp" in name


def _blocks(random: np.random.Generator, values: int, columns: int) -> np.ndarray:
    """Random Q4_0 blocks; a piece of them is repeated, as their speed does not depend on what they hold."""
    piece = np.empty((min(values // BLOCK_VALUES, 1 << 16), BLOCK_BYTES), np.uint8)
    piece[:, :2] = np.frombuffer(np.float16(1 / np.sqrt(columns) / 4.6).tobytes(), np.uint8)
    piece[:, 2:] = random.integers(0, 256, (len(piece), BLOCK_BYTES - 2), dtype=np.uint8)
    return np.resize(piece, (values // BLOCK_VALUES, BLOCK_BYTES))


def measure(path: Path, tokens: int) -> dict[str, Any]:
    """The server's memory when it has answered, and its own figures: tokens read and written in a second."""
    port, key = free_port(), secrets.token_hex(8)
    config = {
        "port": port, "api_key": key, "model_path": str(path), "model_name": "m", "context_tokens": 1024,
        "threads": THREADS, "parallel": 1, "server_binary": None,
    }  # fmt: skip
    program = [sys.executable, "-m", "mom.serving.llama_child"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(config) + "\n")
            process.stdin.flush()
            headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, timeout=300
            ) as http:
                _wait(http, process)
                read = _ask(http, process.pid, PROMPT_TOKENS, 1)
                written = _ask(http, process.pid, 2, tokens)
            whole = psutil.Process(process.pid)
            memory = sum(each.memory_info().rss for each in (whole, *whole.children(recursive=True)))
        finally:
            process.kill()
    return {
        "memory_mb": round(memory / 1e6),
        "read_tokens_per_s": round(read["prompt_per_second"], 1),
        "read_cpu_ms_per_token": round(read["cpu_ms"] / PROMPT_TOKENS, 1),
        "written_tokens_per_s": round(written["predicted_per_second"], 1),
        "written_cpu_ms_per_token": round(written["cpu_ms"] / tokens, 1),
    }


def _ask(http: httpx.Client, pid: int, prompt_tokens: int, tokens: int) -> dict[str, float]:
    """The server's own timings, and the processor's time that it took."""
    before = sum(psutil.Process(pid).cpu_times()[:2])
    prompt = list(range(10, 10 + prompt_tokens))
    body = {"prompt": prompt, "n_predict": tokens, "cache_prompt": False, "ignore_eos": True}
    timings: dict[str, float] = http.post("/completion", json=body).json()["timings"]
    return timings | {"cpu_ms": (sum(psutil.Process(pid).cpu_times()[:2]) - before) * 1000}


def _wait(http: httpx.Client, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        try:
            if http.get("/health").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise RuntimeError("the server has ended")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where the models are kept; written there if they are not")
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--only-write", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        result: dict[str, Any] = {}
        for name, shape in SHAPES.items():
            path = folder / f"{name.replace(' ', '-').replace(',', '')}.gguf"
            if not path.exists():
                write_model(path, shape)
            parameters = sum(int(np.prod(size)) for _, size in tensors_of(shape))
            result[name] = {"parameters": parameters, "file_mb": round(path.stat().st_size / 1e6)}
            if not arguments.only_write:
                result[name] |= measure(path, arguments.tokens)
    if arguments.only_write:
        return
    result |= {"threads": THREADS, "prompt_tokens": PROMPT_TOKENS, "load_1min": os.getloadavg()[0]}
    write_result("moe_memory", result)


if __name__ == "__main__":
    main()
