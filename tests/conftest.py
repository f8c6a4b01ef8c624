"""What all tests share."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.image_server import ImageServerProcess, make_tiny_pipeline, running_image_server
from tests.scripted import Gate

TESTS = Path(__file__).parent
SLOW_FOLDERS = {"browser", "cli", "e2e", "evaluation", "serving", "training"}

# Read by OpenMP when PyTorch is imported. Threads that spin while they wait for each other, the default, keep the cores from
# the other worker's: a training step of the encoder was measured at 31 s instead of 2 beside two busy processes on two cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# A test run that was started in the background ignores Ctrl-C and hang-ups, and so would every process that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files come first, so that no worker waits for one in the end.

    They start whole programs, those of few tests the largest; of all others the longest come first.
    """
    tests_of = Counter(item.path for item in items)

    def place(item: pytest.Item) -> tuple[bool, int]:
        is_slow = item.path.relative_to(TESTS).parts[0] in SLOW_FOLDERS
        return not is_slow, tests_of[item.path] if is_slow else -tests_of[item.path]

    items.sort(key=place)


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Open at the end at the latest, so that nobody waits at it for ever."""
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def llama_cpp_without_openmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that are started load llama.cpp's wheel as on a bare Debian."""
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare/xllamacpp.py").write_text("raise ImportError('libgomp.so.1: cannot open shared object file')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'bare'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")


@pytest.fixture(scope="session")
def tiny_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once for all workers: who changes it, changes a copy."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with FileLock(folder / "tiny-sd.lock"):
        return make_tiny_pipeline(folder / "tiny-sd")


@pytest.fixture(scope="session")
def image_server(tiny_pipeline: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageServerProcess]:
    """One for all who only talk to it, as PyTorch takes long to start: three steps a picture, two may wait."""
    config = {"options": {"steps": "3"}, "max_waiting": 2}
    with running_image_server(tiny_pipeline, tmp_path_factory.mktemp("image-server"), **config) as server:
        server.wait_until_ready()
        yield server
