"""The diffusers engine, asked directly by a program of its own."""

from pathlib import Path

import pytest

from tests.image_server import DEADLINE_S, ask

pytestmark = [pytest.mark.torch, pytest.mark.timeout(DEADLINE_S)]


@pytest.fixture(scope="module", params=["torch", "openvino"])
def findings(request, tiny_pipeline):
    return ask(Path(__file__).with_name("engine_probe.py"), tiny_pipeline, request.param)


def test_a_drawing_can_be_stopped_within_a_step_and_within_the_decoding(findings):
    # OpenVINO is asked by the clock, and this model's steps take less than one tick of it: test_image_openvino.py.
    most = 5 if findings["kind"] == "torch" else 0
    assert findings["checks"]["within_first_step"] > most
    assert findings["checks"]["while_decoding"] > most
    assert findings["steps_before_stop"] == [[], [0], [0]]


def test_a_stopped_drawing_leaves_no_trace_in_the_next(findings):
    assert findings["same_after_stops"]


def test_the_fitted_preview_finds_a_linear_decoder_out(findings):
    assert findings["fit_error"] < 1e-4


def test_a_decoder_that_gives_no_numbers_leaves_the_previews_grey(findings):
    assert findings["fit_without_numbers"] == 0


def test_a_picture_without_numbers_is_told_and_not_shown(findings):
    assert "computed no picture" in findings["drawn_without_numbers"]


def test_running_out_of_memory_is_known_by_its_words(findings):
    assert findings["knows_out_of_memory"] == [True, True, True, False]
    assert findings["frees_apples_gpu"] == 1


def test_the_default_size_is_the_models(findings):
    assert findings["default_size"] == [64, 64]


def test_pictures_drawn_together_are_those_that_are_drawn_alone(findings):
    assert findings["batch_apart"] <= 2  # of 255: matrix products of another shape round otherwise


def test_what_is_done_beside_the_drawing_of_a_gpu_changes_nothing(findings):
    assert findings["as_for_a_gpu"] == {"same_steps": True, "apart": 0}


def test_a_step_of_a_gpu_is_told_while_the_next_one_is_computed(findings):
    assert findings["tells_in_time"]


def test_where_memory_runs_out_recordings_are_given_up_before_the_picture(findings):
    assert findings["out_of_memory_beside_recordings"] == {
        "unet": [[0, 1, 2, 0, 1, 2, 3, 4], True],  # recorded at its second step, refused at the third
        "decoder": [[0, 1, 2, 3, 4], True],  # decoded again, at once and not in tiles
    }


def test_what_cannot_be_decoded_at_once_is_decoded_in_tiles(findings):
    assert findings["out_of_memory"]["tiled_apart"] < 255
    assert findings["out_of_memory"]["whole_again"]


def test_what_does_not_fit_at_all_is_told_and_the_engine_lives(findings):
    assert findings["out_of_memory"]["refused"] == [True, True, True]


def test_an_edit_takes_as_many_steps_as_it_is_asked_for(findings):
    assert findings["schedules"]


@pytest.fixture(scope="module")
def families(tmp_path_factory):
    return ask(Path(__file__).with_name("families_probe.py"), tmp_path_factory.mktemp("families"))


@pytest.mark.parametrize("kind", ["sdxl", "flux"])
def test_the_other_kinds_of_pipelines_draw_edit_and_show_how_far_they_are(families, kind):
    found = families[kind]
    assert (found["size"], found["same"], found["edit_differs"]) == ([64, 64], True, True)
    assert (found["steps"], found["edit_steps"]) == ([0, 1, 2], [0, 1, 2])
    assert found["preview_apart"] < 40  # of 255: a fitted matrix on random weights
    assert found["dropped_tail"] == "bird"


def test_xl_draws_in_float16_though_its_vae_needs_more(families):
    found = families["float16"]
    assert "float16 (as set)" in found["description"]
    assert "linear previews, fitted" in found["description"]
    assert found["apart"] < 10  # of 255: the steps are rounded
    assert (found["same"], found["kept_as"]) == (True, "torch.float16")


def test_each_kind_has_its_own_schedule_sides_and_guidance(families):
    sdxl, flux = families["sdxl"], families["flux"]
    assert (sdxl["scheduler"], flux["scheduler"]) == ("EulerAncestralScheduler", "FlowScheduler")
    assert (sdxl["multiple"], flux["multiple"]) == (8, 16)
    assert sdxl["guidance"] > flux["guidance"] == 0
    assert (sdxl["cfg_scale"], flux["cfg_scale"]) == (1, 1)


def test_a_model_that_needs_a_mask_and_a_lora_of_another_kind_are_refused(families):
    assert "is made to paint into pictures" in families["inpainting"]
    assert "The LoRA lora does not fit this model" in families["foreign_lora"]


def test_a_tiny_autoencoder_decodes_when_it_is_asked_to(families):
    assert families["taesd"]["differs"]
    assert "tiny decoder" in families["taesd"]["description"]
    assert "previews by the tiny autoencoder" in families["taesd"]["description"]
    assert "cannot be read" in families["no_taesd"]


def test_the_safety_checker_paints_over_what_it_objects_to_and_nothing_else(families):
    found = families["safety"]
    assert found["hidden"] == [True, False]
    assert len(found["colours"]) == 1
    assert found["shown_is_plain"]
    assert "brings no safety checker" in found["missing"]


def test_what_is_set_is_taken_and_told(families):
    assert families["tiled"]  # 64 px are a single tile
    assert families["sliced_apart"] <= 2  # of 255
    assert families["bfloat16"].startswith("bfloat16 (as set), cpu (no GPU was found)")
    assert "no previews" in families["bfloat16"]
    assert ("attention by rows" in families["bfloat16"]) == families["multiplies_bfloat16"]
    assert "device=cpu" in families["no_such_device"]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    program, cache = Path(__file__).with_name("compile_probe.py"), tmp_path_factory.mktemp("inductor")
    return ask(program, tmp_path_factory.mktemp("compile"), TORCHINDUCTOR_CACHE_DIR=str(cache))


def test_compiled_blocks_draw_what_plain_ones_do_at_every_size_without_compiling_again(compiled):
    found = compiled["compiled"]
    assert "compiled blocks (as set)" in found["description"]
    assert max(found["apart"]) <= 2  # of 255
    before, after = found["graphs"]
    assert 0 < before == after
    assert found["steps_before_stop"] == [0]


def test_without_a_compiler_the_blocks_are_run_as_they_are_and_it_is_said_why(compiled):
    found = compiled["without_compiler"]
    assert "blocks not compiled (" in found["description"]
    assert "C++ compiler" in found["description"]
    assert found["same"]


def test_on_a_cpu_nothing_is_compiled_unless_it_is_asked_for(compiled):
    assert "blocks not compiled (gains nothing on a CPU)" in compiled["plain"]
