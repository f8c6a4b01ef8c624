"""`python -m benchmarks.web [--parts NAME …] [--litellm PATH]`: what the web process holds, carries and costs.

The real `mom serve` before an upstream of fixed pace. The LiteLLM proxy is compared where the path of its program is given, from a virtual
environment of its own: `python -m venv DIR && DIR/bin/pip install 'litellm[proxy]'`, then `--litellm DIR/bin/litellm`. Nine minutes
in all. Writes `benchmarks/out/web.json`; ratios are of one run.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.results import write_result
from benchmarks.web.completions import measure_completions
from benchmarks.web.event_streams import measure_streams
from benchmarks.web.resting import measure_idle, measure_memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=1_000, help="open event streams")
    parser.add_argument("--seconds", type=int, default=30, help="how long the streams flow")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way of asking is measured")
    parser.add_argument("--litellm", type=Path, help="the path of LiteLLM's program, to compare with its proxy")
    parts: dict[str, Callable[[argparse.Namespace], Any]] = {
        "memory_mb": lambda _: measure_memory(),
        "event_streams": lambda given: measure_streams(given.streams, given.seconds),
        "completions": lambda given: measure_completions(given.rounds, 5.0, given.litellm),
        "idle_cores": lambda _: measure_idle(60.0),
    }
    parser.add_argument("--parts", nargs="+", choices=parts, default=list(parts), metavar="NAME", help=", ".join(parts))
    given = parser.parse_args()
    result: dict[str, Any] = {"cores": os.cpu_count()}
    for name in given.parts:
        print(f"{name} …", flush=True)
        load = os.getloadavg()[0]
        result[name] = parts[name](given)
        result.setdefault("load_1min_before", {})[name] = round(load, 1)
        write_result("web", result)  # after each: on a busy machine the next may fail


if __name__ == "__main__":
    main()
