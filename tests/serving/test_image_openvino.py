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
    assert "of 255 levels from PyTorch's in float32, within 8" in findings["first"]["description"]
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


def test_what_is_damaged_on_the_disk_is_made_anew(findings):
    assert findings["damaged"] == {"anew": True, "kept": True, "same": True}


def test_a_tiny_autoencoder_decodes_and_shows_what_openvino_draws(findings):
    found = findings["taesd"]
    assert found["apart"] <= 4
    assert found["differs"] > 20
    assert "previews by the tiny autoencoder, tiny decoder" in found["description"]
    assert "OpenVINO 20" in found["description"]


def test_the_safety_checker_sees_what_openvino_draws(findings):
    assert findings["checked"]["colours"] == 1
    assert "OpenVINO 20" in findings["checked"]["description"]


def test_a_model_that_memory_is_too_little_to_convert_is_left_to_pytorch(findings):
    found = findings["little_memory"]
    assert "PyTorch (converting this model for OpenVINO needs 8000000 GB of free memory" in found["description"]
    assert "converting sd " not in found["log"]


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    program, home = Path(__file__).with_name("single_file_probe.py"), tmp_path_factory.mktemp("hf")
    return ask(program, tmp_path_factory.mktemp("single"), HF_HOME=str(home), HF_HUB_OFFLINE="1")


def test_one_file_draws_as_the_folder_does_and_is_converted_alike(single):
    assert single["as_the_folder"]
    assert "OpenVINO 20" in single["openvino"]
    assert single["openvino_apart"] <= 4


def test_one_file_without_its_configuration_says_where_that_comes_from(single):
    assert "Start once with a connection" in single["without_configuration"]


def test_where_its_pictures_do_not_agree_pytorch_goes_on_and_nothing_is_converted_again(findings):
    found = findings["disagreement"]
    assert "converting" not in found["log"]
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


def test_it_reads_inputs_whose_rows_are_not_in_order(findings):
    assert findings["reads_turned"]


def test_a_large_vae_is_not_asked_for_previews(findings):
    assert "linear previews, fitted" in findings["wide"]
