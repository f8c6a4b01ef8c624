"""Where each benchmark leaves what it measured: `benchmarks/out/NAME.json`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OUT = Path(__file__).resolve().parent / "out"


def write_result(name: str, result: Mapping[str, Any]) -> None:
    """Write it, and print it."""
    words = json.dumps(result, indent=2)
    OUT.mkdir(exist_ok=True)
    (OUT / f"{name}.json").write_text(words + "\n", encoding="utf-8")
    print(words)
