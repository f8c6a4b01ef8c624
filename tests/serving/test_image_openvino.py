"""OpenVINO in PyTorch's place, asked by a program of its own."""

from pathlib import Path

import pytest

from tests.image_server import DEADLINE_S, ask

pytestmark = [pytest.mark.torch, pytest.mark.timeout(DEADLINE_S)]


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    return ask(Path(__file__).with_name("openvino_probe.py"), tmp_path_factory.mktemp("openvino"))


def test_it_is_converted_once_and_compared_with_pytorch_and_the_figure_is_told(findings):
    assert "converting sd for OpenVINO" in findings["first"]["log"]
    assert "of 255 levels from PyTorch's in float32, within 8" in findings["first"]["log"]
    assert findings["second"]["log"] == ""
    assert findings["first"]["description"] == findings["second"]["description"]
    assert "OpenVINO 20" in findings["second"]["description"]
    assert findings["second"]["same"]


@pytest.mark.parametrize(
    ("number", "what"),
    [(0, "plain"), (1, "odd sizes"), (2, "larger"), (3, "begun from a picture"), (4, "guided")],
)
def test_its_pictures_are_pytorchs(findings, number, what):
    assert findings["apart"][number] <= 4, what  # of 255, in float32


def test_stable_diffusion_xl_is_drawn_alike(findings):
    assert max(findings["sdxl"]) <= 4


def test_a_lora_is_fused_before_it_is_converted(findings):
    assert findings["lora"]["anew"]
    assert findings["lora"]["differs"] > 20
    assert max(findings["lora"]["apart"]) <= 4


@pytest.mark.parametrize("damage", ["a bit", "no verdict"])
def test_what_is_damaged_on_the_disk_is_made_anew(findings, damage):
    assert findings["damages"][damage] == {"anew": True, "kept": True, "same": True}


def test_where_its_pictures_do_not_agree_pytorch_goes_on_and_nothing_is_converted_again(findings):
    found = findings["disagreement"]
    assert found["log"].count("converting") == 1
    assert found["log"].count("PyTorch goes on drawing: its pictures are") == 2
    assert all("PyTorch (its pictures are" in each for each in found["descriptions"])
    assert found["kept"] == ["verdict.json"]


def test_a_small_model_is_left_to_pytorch_unless_it_is_asked_for(findings):
    assert "PyTorch (a small model" in findings["auto"]


def test_where_it_is_not_installed_it_is_said_how_to_install_it(findings):
    assert "OpenVINO is not installed" in findings["refusal"]
    assert "-m pip install openvino==" in findings["refusal"]


def test_its_telemetry_is_not_even_imported(findings):
    assert findings["telemetry"] == "openvino.tools.ovc.telemetry_stub"


def test_its_words_for_too_little_memory_are_known(findings):
    assert findings["knows_out_of_memory"]


def test_it_is_stopped_in_the_middle_of_a_network_and_runs_again(findings):
    assert findings["stopped"] == {"finished": False, "afterwards": 1.0}


def test_a_large_vae_is_not_asked_for_previews(findings):
    assert "linear previews, fitted" in findings["wide"]
