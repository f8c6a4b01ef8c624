"""`mom image-server`: what it cannot draw with is told before anything is started."""

import pytest

from tests.cli.calling import mom, one_sentence


@pytest.fixture
def served(environment, monkeypatch, tmp_path):
    """The configuration that the image server would be started with."""
    found = []
    monkeypatch.setattr("mom.cli.image_server.run", found.append)
    monkeypatch.setenv("MOM_API_KEY_IMAGE_MODEL", "key")
    monkeypatch.setenv("MOM_DATA_DIR", str(tmp_path))
    (tmp_path / "sd").mkdir()
    (tmp_path / "sd/model_index.json").write_text("{}")
    (tmp_path / "lcm.safetensors").write_bytes(b"x")
    return found


def test_a_lora_is_one_that_is_here(monkeypatch, tmp_path, served):
    monkeypatch.setenv("MOM_IMAGE_MODEL", f"file:{tmp_path}/sd")
    monkeypatch.setenv("MOM_IMAGE_LORA", f"file:{tmp_path}/lcm.safetensors")
    assert mom("image-server").exit_code == 0
    assert served[0].lora == str(tmp_path / "lcm.safetensors")
    monkeypatch.setenv("MOM_IMAGE_LORA", "hf:owner/repo/lora.safetensors")
    assert "this server takes one that is on this machine: file:PATH" in one_sentence(mom("image-server"))


def test_the_demo_model_takes_no_lora(monkeypatch, served):
    monkeypatch.setenv("MOM_IMAGE_MODEL", "demo")
    monkeypatch.setenv("MOM_IMAGE_LORA", "hf:owner/repo/lora.safetensors")
    assert mom("image-server").exit_code == 0
    assert served[0].lora is None


@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_a_port_that_none_can_ask_at_is_refused(served, port):
    answer = mom("image-server", f"--port={port}")
    assert answer.exit_code == 2
    assert "--port" in answer.stderr
    assert not served
