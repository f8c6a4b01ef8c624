from pathlib import Path

import pytest

from mom.errors import ServingError
from mom.serving import image_install
from mom.serving.image_install import CPU_INDEX, Torch, image_pins, install_image_part, is_installed, pip_steps

PINS = ["accelerate==1", "torch==2.13.0", "diffusers==3"]
LOCK = Path("/clone/requirements/image.lock")


@pytest.fixture
def not_installed(monkeypatch):
    monkeypatch.setattr(image_install, "NEEDED", ("a_package_that_nobody_wrote",))


@pytest.fixture(params=["linux", "win32"])
def not_a_mac(request, monkeypatch):
    monkeypatch.setattr("sys.platform", request.param)


def test_the_cpu_build_is_asked_of_what_pip_knows_and_then_of_its_own_index(not_a_mac):
    torch, rest = pip_steps(Torch.CPU, PINS, None)
    assert torch == [["torch==2.13.0+cpu"], ["torch==2.13.0+cpu", "--extra-index-url", CPU_INDEX]]
    assert rest == [["accelerate==1", "diffusers==3"]]


def test_an_existing_torch_is_left_alone():
    assert pip_steps(Torch.EXISTING, PINS, None) == [[["accelerate==1", "diffusers==3"]]]


def test_on_a_mac_the_cpu_build_is_the_only_one(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    assert pip_steps(Torch.CPU, PINS, None)[0] == [["torch==2.13.0"]]


def test_cuda_comes_only_when_asked_for(not_a_mac):
    assert pip_steps(Torch.CUDA, PINS, None)[0] == [["torch==2.13.0"]]
    assert not any("torch==2.13.0" in step for step in pip_steps(Torch.CPU, PINS, None)[0])


def test_in_a_clone_the_lock_file_decides_all_but_torch():
    assert pip_steps(Torch.CPU, PINS, LOCK)[1] == [["--no-deps", "--requirement", str(LOCK)]]


def test_the_pins_are_those_of_the_image_extra():
    names = {pin.split("==")[0] for pin in image_pins()}
    assert {"torch", "diffusers", "transformers"} <= names
    assert "flask" not in names


async def test_without_being_asked_nothing_is_installed(not_installed, tmp_path):
    assert not is_installed()
    with pytest.raises(ServingError, match="mom serve --install-image cpu"):
        await install_image_part(None, print, log_folder=tmp_path)


async def test_when_pip_fails_its_last_line_is_told_after_the_size(not_installed, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_IGNORE_INSTALLED", "1")
    told = []
    with pytest.raises(ServingError, match="pip says: ERROR: "):
        await install_image_part(Torch.EXISTING, told.append, log_folder=tmp_path)
    assert told[0] == "installing the image part: diffusers beside the torch that is there, about 200 MB on disk"


async def test_an_existing_torch_that_is_not_there_is_told_before_anything_is_installed(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ServingError, match="has no torch"):
        await install_image_part(Torch.EXISTING, lambda _words: None, log_folder=tmp_path)
