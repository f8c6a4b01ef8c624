"""A folder of its own for each command, and no setting but where its data is and that nobody runs."""

import json
import socket

import pytest

from mom.settings import variable_names
from tests.scripted import ScriptedParts
from tests.web.site import running_site

ROWS = [
    {"messages": [{"role": "user", "content": "draw a fox"}], "route": "image", "source": "hand", "kind": "spoken"},
    {"messages": [{"role": "user", "content": "what is JPEG?"}], "route": "text", "source": "hand", "kind": "question"},
]


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    for name in variable_names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MOM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MOM_PORT", "1")  # nobody listens there
    monkeypatch.setenv("MOM_OLLAMA_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.fixture
def closed_port():
    """A port of this machine where nothing listens, held so that nothing will."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def parts():
    return ScriptedParts()


@pytest.fixture
def site(environment, tmp_path, parts):
    """A MoM that runs, and that the commands find."""
    with running_site(tmp_path / "site", parts) as site:
        environment.setenv("MOM_PORT", site.url.rpartition(":")[2])
        yield site


@pytest.fixture
def data(tmp_path):
    """A file of routing data."""
    path = tmp_path / "routing.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in ROWS))
    return str(path)
