"""`python -m benchmarks.image [--parts NAME …]`: the image engine's figures, as a table and in `benchmarks/out/image.json`.

Stable Diffusion 1.5's shapes with random weights, written at the first run. Ratios are of one run only, whatever the file
holds of earlier ones. All parts take about ten minutes on two cores. Where the engine finds a GPU, the
same parts are measured there.
"""

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.image import load, pictures
from benchmarks.image.asked import Asked, NotMeasuredError
from benchmarks.image.memory import ask_nvidia
from benchmarks.image.models import CLONE, find_sd15, find_tiny_autoencoder
from benchmarks.image.report import as_table
from mom.serving.image_server.options import EngineOptions

OUT = CLONE / "benchmarks" / "out" / "image.json"
NETWORKS = ("rate", "text", "unet", "vae", "taesd", "preview")
PROCESSES: dict[str, Callable[[Asked], dict[str, Any]]] = {
    "plain": lambda asked: asked.measure_in("benchmarks.image.plain", as_the_server=False),
    "picture": pictures.measure_pictures,
    "tiny": lambda asked: pictures.measure_pictures(asked, decoder="taesd"),
    "batches": pictures.measure_batches,
    "previews": load.measure_previews,
    "health": load.measure_health,
    "bad": load.measure_bad_requests,
    "queue": load.measure_queue,
}
PARTS = (*NETWORKS, *PROCESSES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, metavar="NAME", help=", ".join(PARTS))
    parser.add_argument("--model", help="a diffusers folder of your own in place of Stable Diffusion 1.5's shapes")
    parser.add_argument("--size", type=int, default=512, help="the picture's side in px")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3, help="how often each thing is timed")
    parser.add_argument("--options", default="", help='as MOM_IMAGE_ENGINE, such as "dtype=float32"')
    given = parser.parse_args()
    asked = Asked(
        parts=tuple(given.parts), model=given.model or str(find_sd15()), taesd=str(find_tiny_autoencoder()), size=given.size,
        steps=given.steps, rounds=given.rounds, options=EngineOptions.from_text(given.options).as_pairs(),
    )  # fmt: skip
    run = {
        "machine": describe_machine(),
        "model": given.model or "SD 1.5 shapes, random weights",
        "size": asked.size,
        "steps": asked.steps,
        "options": given.options,
    }
    found: dict[str, Any] = {"run": run}
    for part, figures in measure(asked):
        found[part] = figures
        _write(part, figures, run)
    print(as_table(found))


def measure(asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each part's figures as they are found; the networks' come together."""
    networks = tuple(part for part in NETWORKS if part in asked.parts)
    steps: dict[str, Callable[[], Mapping[str, dict[str, Any]]]] = {}
    if networks:
        known = asked.of(networks)
        steps[" ".join(networks)] = lambda: known.measure_in("benchmarks.image.networks", as_the_server=True)
    for part in PARTS:
        if part in asked.parts and part in PROCESSES:
            steps[part] = lambda part=part: {part: PROCESSES[part](asked)}
    for name, step in steps.items():
        print(f"{name} …", flush=True)
        try:
            yield from step().items()
        except (
            NotMeasuredError,
            AssertionError,
            httpx.HTTPError,
        ) as error:  # the latter two: a server that did not start, or ended
            print(f"not measured: {error}")


def describe_machine() -> str:
    names = ("torch", "diffusers", "transformers", "openvino")
    cores, memory = psutil.cpu_count(logical=False), round(psutil.virtual_memory().total / 1e9)
    return ", ".join(
        [
            *ask_nvidia("--query-gpu=name"),
            _processor(),
            f"{cores} cores",
            f"{memory} GB",
            f"Python {platform.python_version()}",
            *filter(None, map(_version, names)),
        ]
    )


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _write(part: str, figures: dict[str, Any], run: dict[str, Any]) -> None:
    """Beside what earlier runs of other parts have found."""
    known = json.loads(OUT.read_text()) if OUT.exists() else {}
    known[part] = {**figures, "run": run | {"load_1min": os.getloadavg()[0]}}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(known, indent=2) + "\n")


if __name__ == "__main__":
    main()
