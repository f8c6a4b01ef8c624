"""A program that draws with compiled blocks and without, and prints what it found as JSON: `python compile_probe.py FOLDER`."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch._inductor.config as inductor
from torch._dynamo.utils import counters

from tests.serving.engine_probe import SPEC, apart, draw, stop_at
from tests.serving.families_probe import engine_of
from tests.serving.tiny_pipeline import make_pipeline

OTHERS = [replace(SPEC, width=width, height=height) for width, height in ((64, 96), (136, 200), (256, 256))]


def graphs() -> int:
    return counters["stats"]["unique_graphs"]


if __name__ == "__main__":
    model = Path(sys.argv[1]) / "sd"
    make_pipeline().save_pretrained(model)
    plain = engine_of(model)
    known, inductor.cpp.cxx = inductor.cpp.cxx, ("/no/such/compiler",)
    without = engine_of(model, compile="on")
    findings: dict[str, Any] = {
        "plain": plain.description,
        "without_compiler": {
            "description": without.description, "same": draw(without, SPEC)[0].png == draw(plain, SPEC)[0].png,
        },
    }  # fmt: skip
    inductor.cpp.cxx = known
    compiled = engine_of(model, compile="on")
    before = graphs()
    findings["compiled"] = {
        "description": compiled.description,
        "apart": [
            apart(one.png, other.png)
            for specs in ([SPEC], *([spec] for spec in OTHERS), [SPEC, replace(SPEC, seed=2)])
            for one, other in zip(draw(plain, *specs), draw(compiled, *specs), strict=True)
        ],
        "graphs": [before, graphs()],
        "steps_before_stop": stop_at(compiled, 4),
    }
    print(json.dumps(findings))
