"""Installs the image part's packages (torch, diffusers) when it is to run here and they are not there, and only when asked to.

In the supervisor `install_image_part` runs this file as a child; the child runs pip, politely, and ends it with itself.
"""

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from enum import StrEnum
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement

from mom.errors import ServingError
from mom.serving.child import Child
from mom.serving.grandchild import Grandchild
from mom.serving.program import PYTHON, Program
from mom.serving.tether import read_config_and_tie

NEEDED = ("torch", "diffusers", "transformers", "accelerate", "peft")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
LOCK = Path(__file__).resolve().parents[3] / "requirements" / "image.lock"  # of a clone
NOT_INSTALLED = "The image part is not installed: start MoM once with `mom serve --install-image cpu`, or cuda."
NICE = 10
PIP = (*PYTHON, "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off")


class Torch(StrEnum):
    """Which torch `mom serve --install-image` brings; CUDA only when asked for: it is eight times as large."""

    CPU = "cpu"
    CUDA = "cuda"
    EXISTING = "existing"


SIZES = {
    Torch.CPU: "torch's CPU build and diffusers, about 1.3 GB on disk",
    Torch.CUDA: "torch's CUDA build and diffusers, about 7 GB on disk",
    Torch.EXISTING: "diffusers beside the torch that is there, about 200 MB on disk",
}


NO_TORCH = (
    "TORCH=existing, but MoM's Python environment has no torch. Install yours there "
    f"({sys.executable} -m pip install torch), or run make run TORCH=cpu."
)


def is_installed() -> bool:
    """Can the image server be started? Looks for the packages without importing them."""
    importlib.invalidate_caches()
    return all(importlib.util.find_spec(name) is not None for name in NEEDED)


async def install_image_part(choice: Torch | None, tell: Callable[[str], None], *, log_folder: Path) -> None:
    """Install what is missing, telling what it does. Raises `ServingError`, with pip's last line when pip failed."""
    if choice is Torch.EXISTING and importlib.util.find_spec("torch") is None:
        raise ServingError(NO_TORCH)
    if is_installed():
        return
    if choice is None:
        raise ServingError(NOT_INSTALLED)
    what = f"installing the image part: {SIZES[choice]}"
    tell(what)

    def on_line(line: str) -> None:
        if line.startswith(("Collecting ", "Downloading ", "Installing ")):
            tell(f"{what} ({line.split(' (', maxsplit=1)[0]})")

    program = Program("image_install", (*PYTHON, "mom.serving.image_install", choice.value, "--tied"))
    child = await Child.start(program, log_folder, on_line=on_line)
    try:
        code = await child.wait()
    finally:
        await child.end()
    if code != 0:
        raise ServingError(f"The image part could not be installed. pip says: {child.last_words()}")


def pip_steps(choice: Torch, pins: list[str], lock: Path | None) -> list[list[list[str]]]:
    """What to ask of pip: steps, each with alternatives that are tried in order until one succeeds."""
    [torch] = [pin for pin in pins if Requirement(pin).name == "torch"]
    others = [pin for pin in pins if pin != torch]
    rest = [["--no-deps", "--requirement", str(lock)]] if lock else [others]
    match choice:
        case Torch.CPU if sys.platform != "darwin":  # for macOS there is one build, without a word behind its number
            return [[[f"{torch}+cpu"], [f"{torch}+cpu", "--extra-index-url", CPU_INDEX]], rest]
        case Torch.CPU | Torch.CUDA:
            return [[[torch]], rest]
        case Torch.EXISTING:
            return [rest]


def image_pins() -> list[str]:
    """The pins of `mom[image]`, as this installation's metadata has them."""
    parsed = [Requirement(text) for text in requires("mom") or []]
    return [
        f"{each.name}{each.specifier}" for each in parsed if each.marker and each.marker.evaluate({"extra": "image"})
    ]


def main() -> None:
    """`python -m mom.serving.image_install cpu|cuda|existing`; with `--tied` it ends with the supervisor."""
    parser = argparse.ArgumentParser(description="Installs the image part.")
    parser.add_argument("torch", type=Torch, choices=list(Torch))
    parser.add_argument("--tied", action="store_true", help="read a line from stdin, and end when stdin does")
    arguments = parser.parse_args()
    pip = Grandchild()
    if arguments.tied:
        read_config_and_tie(before_exit=pip.end)
        pip.end_on_sigterm()
        if sys.platform != "win32":
            os.nice(NICE)  # text is answered meanwhile
    sys.exit(install(arguments.torch, pip))


def install(choice: Torch, pip: Grandchild) -> int:
    """Run pip step by step; its exit code."""
    for alternatives in pip_steps(choice, image_pins(), LOCK if LOCK.exists() else None):
        code = 1
        for arguments in alternatives:
            code = pip.run([*PIP, *arguments])
            if code == 0:
                break
        if code != 0:
            return code
    return 0


if __name__ == "__main__":
    main()
