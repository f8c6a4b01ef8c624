"""What all tests share."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image_server import ImageServerProcess, make_tiny_pipeline, running_image_server
from tests.scripted import Gate

# A test run that was started in the background ignores Ctrl-C and hang-ups, and so would every process that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of few tests come first: those are the slowest, as they start whole programs, and no worker is to wait for one in the end."""
    tests_of = Counter(item.path for item in items)
    items.sort(key=lambda item: tests_of[item.path])


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
def image_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageServerProcess]:
    """One for all who only talk to it, as PyTorch takes long to start: three steps a picture, two may wait."""
    model = make_tiny_pipeline(tmp_path_factory.getbasetemp() / "tiny-sd")
    config = {"options": {"steps": "3"}, "max_waiting": 2}
    with running_image_server(model, tmp_path_factory.mktemp("image-server"), **config) as server:
        server.wait_until_ready()
        yield server
