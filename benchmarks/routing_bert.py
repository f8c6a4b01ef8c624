"""The `bert` stage alone: cold load, memory, and the time of one message with features, encoder and head, on one core.

    python -m benchmarks.routing_bert [--rounds 200]

Taken in fresh processes. On a busy machine the processor's time (`cpu`) tells more than the clock's. Memory is what the process has more than one that has imported numpy and MoM's conversation.
Writes `benchmarks/out/routing_bert.json`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from statistics import median, quantiles
from typing import Any

from benchmarks.results import write_result

WORDS = "please draw me a small red boat on the calm evening sea with two gulls above it and a lighthouse far away "
PIECES = (8, 30, 120, 512)  # of the message; of a longer one than the stage reads, its two ends are read


def measure(rounds: int) -> dict[str, Any]:
    """In this process."""
    import psutil  # noqa: PLC0415 - what is imported here is what the bare process has

    from mom.mixture.conversation import Conversation, Message  # noqa: PLC0415

    process = psutil.Process()
    bare = process.memory_info().rss
    started, started_cpu = time.perf_counter(), time.process_time()
    from mom.models.bert.reader import load_reader  # noqa: PLC0415 - a part of the load

    reader = load_reader()
    load_ms = (time.perf_counter() - started) * 1000
    load_cpu_ms = (time.process_time() - started_cpu) * 1000
    result: dict[str, Any] = {"load_ms": round(load_ms, 1), "load_cpu_ms": round(load_cpu_ms, 1)}
    for pieces in PIECES:
        words = _message_of(pieces, reader.encoder.vocabulary.encode)
        taken, spent = [], []
        for number in range(rounds):
            asked = Conversation((Message("user", f"{words} {number}"),))
            started, started_cpu = time.perf_counter(), time.process_time()
            reader.image_probability(asked)
            taken.append((time.perf_counter() - started) * 1000)
            spent.append((time.process_time() - started_cpu) * 1000)
        result[f"{pieces}_pieces"] = {
            "p50_ms": round(median(taken), 2),
            "p95_ms": round(quantiles(taken, n=20)[-1], 2),
            "cpu_p50_ms": round(median(spent), 2),
        }
    return result | {"memory_mb": round((process.memory_info().rss - bare) / 1e6, 1)}


def _message_of(pieces: int, encode: Any) -> str:  # noqa: ANN401 - from words to numbers
    words = (WORDS * 40).split()
    size = next(size for size in range(1, len(words)) if len(encode(" ".join(words[:size]))) >= pieces - 2)
    return " ".join(words[:size])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        import numpy as np  # noqa: F401, PLC0415 - every process of MoM that routes has it

        print(json.dumps(measure(arguments.rounds)))
        return
    program = [sys.executable, "-m", "benchmarks.routing_bert", "--here", "--rounds", str(arguments.rounds)]
    one_core = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    runs = [json.loads(subprocess.run(program, check=True, capture_output=True, env=one_core).stdout) for _ in range(3)]
    result = {"runs": runs, "load_1min": os.getloadavg()[0]}
    write_result("routing_bert", result)


if __name__ == "__main__":
    main()
