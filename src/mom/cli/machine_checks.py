"""`mom doctor` on the machine and what is installed: Python, Node, the page, llama.cpp, torch, the classifier, disk, memory."""

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psutil

import mom
from mom.cli.environment import plan_of
from mom.cli.findings import Check, failed, note, ok
from mom.errors import MomError
from mom.models.bert.head import HeadError
from mom.models.bert.options import SHIPPED
from mom.models.bert.reader import load_reader
from mom.serving.image_install import is_installed
from mom.serving.llama_child import CANNOT_LOAD_FIX
from mom.serving.start_checks import check_data_dir
from mom.settings import CLONE, Settings

PAGE = Path(mom.__file__).parent / "web/static/chat/chat.js"
LOWEST_PYTHON, LOWEST_NODE = (3, 11), (20, 19)  # Vite takes no older Node
MODEL_BYTES = 5_000_000_000  # a language model worth its name, and as much as it takes in memory
DEMO_BYTES = 1_000_000_000  # all demo models together, torch included
COMMAND_S, LOADING_S = 10, 60


def check_machine(settings: Settings) -> list[Check]:
    return [
        check_python(sys.version_info[:3]),
        check_page(PAGE, node_version()),
        check_llama(settings, version_of("xllamacpp")),
        check_image_part(
            settings,
            version_of("torch"),
            is_whole=is_installed(),
            has_gpu=shutil.which("nvidia-smi") is not None,
        ),
        check_classifier(settings),
        check_data_folder(settings),
        check_memory(psutil.virtual_memory().available),
    ]


def check_python(version: tuple[int, ...]) -> Check:
    words = f"Python {'.'.join(map(str, version))}, {platform.machine()}"
    if version < LOWEST_PYTHON:
        return failed("python", words, "MoM needs Python 3.11 or newer: make run PYTHON=python3.12")
    return ok("python", words)


def check_page(page: Path, node: tuple[int, int] | None) -> Check:
    """Node is needed only to build the page, which an installed package has."""
    there = f"Node {node[0]}.{node[1]}" if node else "no Node"
    if page.is_file():
        return ok("page", f"built, {there if node else 'no Node, and none needed'}")
    if node is None or node < LOWEST_NODE:
        fix = "Install Node 20.19 or newer, then `make run` builds the page."
        return failed("page", f"not built, and there is {there}", fix)
    return failed("page", f"not built; there is {there}", f"cd {CLONE / 'components/chat'} && npm ci && npm run build")


def node_version() -> tuple[int, int] | None:
    """Node's version, such as (22, 12), or None where there is none."""
    node = shutil.which("node")
    if node is None:
        return None
    try:
        asked = [node, "--version"]
        said = subprocess.run(asked, capture_output=True, text=True, timeout=COMMAND_S, check=False).stdout  # noqa: S603 -- found by which
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"v(\d+)\.(\d+)\.", said)
    return (int(found[1]), int(found[2])) if found else None


def check_llama(settings: Settings, wheel: str | None) -> Check:
    """`wheel` is the version of the one in the pip package. What is to be used is run, to see that it can be."""
    if settings.llama_server is not None:
        return _check_llama_server(settings.llama_server)
    if wheel is None:
        return failed("llama.cpp", "its wheel is not installed", "pip install xllamacpp")
    if problem := _why_not(sys.executable, "-P", "-c", "import xllamacpp"):
        return failed("llama.cpp", f"the wheel xllamacpp {wheel} cannot be loaded: {problem}", CANNOT_LOAD_FIX)
    return ok("llama.cpp", f"the wheel xllamacpp {wheel}")


def _check_llama_server(binary: Path) -> Check:
    found = shutil.which(str(binary))  # as it is looked for when it is started: a name alone is one of PATH
    if found is None and binary.is_file() and not os.access(binary, os.X_OK):
        return failed("llama.cpp", f"{binary} may not be run", f"chmod +x {binary}")
    if found is None:
        return failed("llama.cpp", f"{binary} is not there", "Correct MOM_LLAMA_SERVER, or unset it.")
    if problem := _why_not(found, "--version"):
        fix = "Install what it needs, or unset MOM_LLAMA_SERVER."
        return failed("llama.cpp", f"{binary} cannot be run: {problem}", fix)
    return ok("llama.cpp", str(binary))


def _why_not(*command: str) -> str:
    """Why this command fails, in a process of its own: a processor that lacks an instruction ends it. Empty where it does not."""
    try:
        subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=LOADING_S, check=True)  # noqa: S603 -- MoM's own or the settings'
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines()
        return lines[-1] if lines else f"it ended with {error.returncode}"
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return ""


def version_of(package: str) -> str | None:
    """Such as `2.13.0+cpu`, read without importing it; None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_image_part(settings: Settings, torch: str | None, *, is_whole: bool, has_gpu: bool) -> Check:
    """`torch` is its version; `is_whole`: is all that the image server needs installed beside it?"""
    if settings.image_model is not None and settings.image_model.startswith("http"):
        return ok("image part", "not needed here: MOM_IMAGE_MODEL is a URL")
    if torch is None or not is_whole:
        missing = "not installed" if torch is None else f"torch {torch} alone"
        return note("image part", f"{missing}, so nothing is drawn", "mom serve --install-image cpu (or cuda)")
    if has_gpu and "+cpu" in torch:
        fix = "make clean && make run TORCH=cuda: the pictures take a fraction of the time."
        return note("image part", f"torch {torch}, though there is an NVIDIA GPU", fix)
    return ok("image part", f"torch {torch}")


def check_classifier(settings: Settings) -> Check:
    """The head that decides most messages: one that was trained here may be damaged, or older than MoM."""
    head = settings.bert_options.head
    try:
        load_reader(head)
    except HeadError as error:
        if head == SHIPPED:
            return failed("classifier", str(error), "Install MoM anew: a file of it is missing or damaged.")
        fix = f"mom train routing (in a clone), or delete {head}"
        return note("classifier", f"{error}, so the head that comes with MoM is used", fix)
    return ok("classifier", "the head that comes with MoM" if head == SHIPPED else f"{head}, trained here")


def check_data_folder(settings: Settings) -> Check:
    try:
        check_data_dir(plan_of(settings))
    except MomError as error:
        return failed("data folder", str(settings.data_dir), error.message)
    return check_room(settings.data_dir, psutil.disk_usage(str(settings.data_dir)).free)


def check_room(data_dir: Path, free: int) -> Check:
    words = f"{data_dir} can be written, {free / 1e9:.1f} GB free"
    if free < MODEL_BYTES:
        return note(
            "data folder", words, "Make room before you download a model, or set MOM_DATA_DIR to a larger disk."
        )
    return ok("data folder", words)


def check_memory(available: int) -> Check:
    words = f"{available / 1e9:.1f} GB free"
    if available < DEMO_BYTES:
        return failed("memory", words, "Close other programs: the demo models alone take about 1 GB.")
    if available < MODEL_BYTES:
        return note(
            "memory",
            words,
            "Take models of up to half of that, or let another machine serve them (MOM_LARGE_LLM=http://…).",
        )
    return ok("memory", words)
