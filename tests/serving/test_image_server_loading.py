"""The image server's start: what it says while it loads, which models it refuses, and when it ends."""

import json
import shutil
import struct
from contextlib import contextmanager

import pytest

from mom.errors import ModelFileError, ServingError
from mom.serving.image_server.checkpoint import Family, find_checkpoint, find_lora
from mom.serving.image_server.config import ServerConfig
from mom.serving.tether import DO_NOT_RESTART
from tests.image_server import DEADLINE_S, QUICK, SLOW, make_tiny_pipeline, running_image_server, wait_for
from tests.processes import children_that_run
from tests.serving.waiting import has_ended

LCM = {"_class_name": "LCMScheduler"}


@pytest.fixture(scope="module")
def plain_pipeline(tmp_path_factory):
    return make_tiny_pipeline(tmp_path_factory.mktemp("plain") / "sd", "--plain", "--lora")


@pytest.fixture
def folder(tmp_path):
    """The look of a diffusers folder; nothing of it is opened as weights."""
    (tmp_path / "unet").mkdir()
    (tmp_path / "scheduler").mkdir()
    write_weights(tmp_path / "unet" / "diffusion_pytorch_model.safetensors", 5)
    (tmp_path / "unet" / "config.json").write_text("{}")
    (tmp_path / "scheduler" / "scheduler_config.json").write_text(json.dumps(LCM))
    write_index(tmp_path)
    return tmp_path


def write_weights(file, byte_count=0, *names):
    """A whole `.safetensors` file with one row of bytes for each name."""
    names = names or ("weight",)
    each = byte_count // len(names)
    header = {
        name: {"dtype": "U8", "shape": [each], "data_offsets": [i * each, (i + 1) * each]}
        for i, name in enumerate(names)
    }
    words = json.dumps(header).encode()
    file.write_bytes(len(words).to_bytes(8, "little") + words + bytes(each * len(names)))


def write_index(folder, **entries):
    index = {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"], **entries}
    (folder / "model_index.json").write_text(json.dumps(index))


@pytest.mark.torch
def test_the_server_says_that_it_loads_then_draws_then_ends_with_its_tether_in_the_middle_of_a_step(
    tiny_pipeline, tmp_path
):
    with running_image_server(tiny_pipeline, tmp_path) as server:
        first = server.wait_until_listening()
        assert (first.status_code, first.json()["status"]) == (503, "loading")
        refused = server.generate(**QUICK)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "part_unavailable")
        server.wait_until_ready()
        assert server.health()["status"] == "ok"
        with server.client.stream("POST", "/v1/images/generations", json={**SLOW, "stream": True}):
            server.wait_until_drawing()
            server.process.stdin.close()
            assert server.process.wait(DEADLINE_S) == 0


@pytest.mark.torch
def test_a_lora_changes_the_picture_and_a_terminate_signal_ends_the_server_in_the_middle_of_a_step(
    image_server, plain_pipeline, tmp_path
):
    lora = plain_pipeline / "lora" / "pytorch_lora_weights.safetensors"
    without = image_server.generate(**QUICK, seed=1).json()["data"][0]["b64_json"]  # of the same weights
    with running_image_server(plain_pipeline, tmp_path, lora=str(lora)) as server:
        server.wait_until_ready()
        assert server.generate(**QUICK, seed=1).json()["data"][0]["b64_json"] != without
        with server.client.stream("POST", "/v1/images/generations", json={**SLOW, "stream": True}):
            server.wait_until_drawing()
            server.process.terminate()
            server.process.wait(DEADLINE_S)


@pytest.mark.torch
def test_a_damaged_model_ends_the_server_with_one_sentence(tiny_pipeline, tmp_path):
    damaged = tmp_path / "damaged"
    shutil.copytree(tiny_pipeline, damaged)
    (damaged / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"not weights at all")
    with running_image_server(damaged, tmp_path) as server:
        assert server.process.wait(DEADLINE_S) == DO_NOT_RESTART
        assert "diffusion_pytorch_model.safetensors is not a .safetensors file" in server.last_words()


@pytest.mark.torch
def test_a_text_encoder_that_lacks_weights_ends_the_server_with_one_sentence(tiny_pipeline, tmp_path):
    from safetensors.numpy import load_file, save_file

    lacking = tmp_path / "lacking"
    shutil.copytree(tiny_pipeline, lacking)
    (file,) = (lacking / "text_encoder").glob("*.safetensors")
    weights = load_file(file)
    for name in [name for name in weights if "layers.1.mlp" in name]:
        del weights[name]
    save_file(weights, file, metadata={"format": "pt"})
    with running_image_server(lacking, tmp_path) as server:
        assert server.process.wait(DEADLINE_S) == DO_NOT_RESTART
        assert "text_encoder lacks 4 of its weights" in server.last_words()


@contextmanager
def converting_server(model, folder):
    """A server in the middle of a conversion for OpenVINO, and the process that converts."""
    config = {"options": {"engine": "openvino"}, "conversions_folder": str(folder / "conversions")}
    with running_image_server(model, folder, **config) as server:
        (child,) = wait_for(
            lambda: children_that_run("mom.serving.image_server.openvino_child", server.process.pid),
            "the process that converts",
        )
        yield server, child


@pytest.mark.torch
def test_the_process_that_converts_for_openvino_ends_with_the_server(tiny_pipeline, tmp_path):
    with converting_server(tiny_pipeline, tmp_path) as (server, child):
        server.process.stdin.close()
        assert server.process.wait(DEADLINE_S) == 0
        wait_for(lambda: has_ended(child.pid), "the process that converts to end")


@pytest.mark.torch
def test_where_the_system_ends_the_process_that_converts_the_server_draws_with_pytorch(tiny_pipeline, tmp_path):
    with converting_server(tiny_pipeline, tmp_path) as (server, child):
        child.kill()
        server.wait_until_ready()
        assert "PyTorch (OpenVINO cannot convert this model (the system ended its process" in server.health()["engine"]
        assert server.generate(**QUICK).status_code == 200


def test_a_missing_model_ends_the_server_with_one_sentence(tmp_path):
    with running_image_server(tmp_path / "nothing", tmp_path) as server:
        wait_for(lambda: server.process.poll() is not None, "the server to end")
        assert server.process.returncode == DO_NOT_RESTART
        assert server.last_words() == f"There is no image model at {tmp_path / 'nothing'}."


@pytest.mark.parametrize("name", ["model.ckpt", "model.pt", "model.bin"])
def test_a_pickle_is_refused_before_it_is_opened(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(ModelFileError, match="pickle"):
        find_checkpoint(str(tmp_path / name))


def test_a_folder_of_pickles_is_refused(folder):
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(ModelFileError, match="pickles"):
        find_checkpoint(str(folder))


@pytest.mark.parametrize("name", ["model_index.json", "unet/diffusion_pytorch_model.safetensors"])
def test_json_that_is_nested_too_deeply_is_called_damaged(folder, name):
    deep = b"[" * 100_000
    (folder / name).write_bytes(deep if name.endswith(".json") else struct.pack("<Q", len(deep)) + deep)
    with pytest.raises(ModelFileError, match="damaged"):
        find_checkpoint(str(folder))


def test_a_folder_with_code_of_its_own_is_refused(folder):
    write_index(folder, text_encoder=["evil_module", "Evil"])
    with pytest.raises(ModelFileError, match="own code for its text_encoder"):
        find_checkpoint(str(folder))


def test_another_kind_of_pipeline_is_refused_by_name(folder):
    write_index(folder, _class_name="WanPipeline")
    with pytest.raises(ModelFileError, match="WanPipeline"):
        find_checkpoint(str(folder))


def test_a_model_that_is_not_made_for_few_steps_is_refused_unless_a_lora_makes_it_so(folder):
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps({"_class_name": "PNDMScheduler"}))
    with pytest.raises(ModelFileError, match="few steps"):
        find_checkpoint(str(folder))
    assert find_checkpoint(str(folder), has_lora=True).path == folder
    (folder / "unet" / "config.json").write_text(json.dumps({"time_cond_proj_dim": 256}))
    assert find_checkpoint(str(folder)).unet_bytes > 5


def test_half_precision_weights_are_found_where_they_are_the_only_ones(folder):
    whole = folder / "unet" / "diffusion_pytorch_model.safetensors"
    half = whole.with_suffix(".fp16.safetensors")
    write_weights(half, 3)
    sizes = {None: whole.stat().st_size, "fp16": half.stat().st_size}
    assert (find_checkpoint(str(folder)).variant, find_checkpoint(str(folder)).unet_bytes) == (None, sizes[None])
    whole.unlink()
    assert (find_checkpoint(str(folder)).variant, find_checkpoint(str(folder)).unet_bytes) == ("fp16", sizes["fp16"])


@pytest.mark.parametrize("damage", ["{", "[]", ""])
def test_a_damaged_index_is_told(folder, damage):
    (folder / "model_index.json").write_text(damage)
    with pytest.raises(ModelFileError, match=r"model_index\.json"):
        find_checkpoint(str(folder))


def test_a_folder_without_weights_is_told(folder):
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(ModelFileError, match="incomplete"):
        find_checkpoint(str(folder))


def test_a_hub_model_that_is_not_on_this_machine_is_told_how_to_come_by(tmp_path):
    with pytest.raises(ModelFileError, match="hf download no-such-owner/no-such-model"):
        find_checkpoint("no-such-owner/no-such-model")


def test_a_misspelt_configuration_is_refused():
    config = {"port": 1, "api_key": "k", "model": "m", "model_name": "n"}
    assert ServerConfig.from_json(config).steps == 4
    with pytest.raises(ServingError, match="max_waitin"):
        ServerConfig.from_json({**config, "max_waitin": 3})
    with pytest.raises(ServingError, match="model"):
        ServerConfig.from_json({"port": 1, "api_key": "k"})


def test_weights_that_are_cut_off_are_told_in_whichever_part_they_are(folder):
    (folder / "vae").mkdir()
    file = folder / "vae" / "diffusion_pytorch_model.safetensors"
    write_weights(file, 100)
    assert find_checkpoint(str(folder))
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ModelFileError, match="cut off"):
        find_checkpoint(str(folder))


@pytest.mark.parametrize(
    ("part", "files"),
    [
        ("vae", []),
        ("tokenizer", []),
        ("tokenizer", ["tokenizer_config.json"]),
        ("tokenizer", ["vocab.json", "merges.txt"]),
        ("tokenizer", ["tokenizer_config.json", "vocab.json"]),
    ],
)
def test_a_part_that_lacks_files_is_told(folder, part, files):
    write_index(folder, **{part: ["transformers", "Anything"]})
    (folder / part).mkdir()
    for name in files:
        (folder / part / name).write_text("{}")
    with pytest.raises(ModelFileError, match=f"{part} is missing or lacks files"):
        find_checkpoint(str(folder))


@pytest.mark.parametrize("vocabulary", [["tokenizer.json"], ["vocab.json", "merges.txt"], ["spiece.model"]])
def test_a_tokenizer_has_one_of_three_vocabularies(folder, vocabulary):
    write_index(folder, tokenizer_2=["transformers", "Anything"])
    (folder / "tokenizer_2").mkdir()
    for name in ["tokenizer_config.json", *vocabulary]:
        (folder / "tokenizer_2" / name).write_text("{}")
    assert find_checkpoint(str(folder))


def test_a_lora_is_told_from_other_files(tmp_path):
    good, other, cut = (tmp_path / name / "lora.safetensors" for name in ("good", "other", "cut"))
    for file, name in ((good, "unet.lora.down.weight"), (other, "decoder.conv_in.weight"), (cut, "unet.lora.up")):
        file.parent.mkdir()
        write_weights(file, 10, name)
    cut.write_bytes(cut.read_bytes()[:-1])
    (tmp_path / "pickle.bin").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    assert [find_lora(str(path)) for path in (good, good.parent)] == [good, good.parent]
    for path, words in (
        (other, "is no LoRA"),
        (cut.parent, "cut off"),
        (tmp_path / "pickle.bin", "none of another kind is opened"),
        (tmp_path / "empty", "none of another kind is opened"),
        ("no-such-owner/no-such-lora", "hf download no-such-owner/no-such-lora"),
    ):
        with pytest.raises(ModelFileError, match=words):
            find_lora(str(path))


@pytest.mark.parametrize(
    "data", [b"", b"1234567", b"\xff" * 20, b"\x02" + bytes(7) + b"[]", b"\x05" + bytes(7) + b"{{{{{"]
)
def test_a_file_that_is_no_weights_is_told(tmp_path, data):
    file = tmp_path / "model.safetensors"
    file.write_bytes(data)
    with pytest.raises(ModelFileError, match="Download it again"):
        find_checkpoint(str(file))


def test_one_file_is_known_by_the_names_of_its_weights(tmp_path):
    file = tmp_path / "model.safetensors"
    write_weights(file, 10, "model.diffusion_model.out.2.bias", "cond_stage_model.transformer.text_model.final.bias")
    assert find_checkpoint(str(file)).family is Family.SD
    write_weights(file, 10, "model.diffusion_model.out.2.bias", "conditioner.embedders.1.model.ln_final.bias")
    assert find_checkpoint(str(file)).family is Family.SDXL


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lora_unet_down.lora_up.weight", "MOM_IMAGE_LORA"),
        ("double_blocks.0.img_mod", "folder"),
        ("layers.0.q", "another model"),
    ],
)
def test_one_file_of_another_architecture_is_refused(tmp_path, name, words):
    write_weights(tmp_path / "model.safetensors", 10, name)
    with pytest.raises(ModelFileError, match=words):
        find_checkpoint(str(tmp_path / "model.safetensors"))


def test_flux_is_taken_where_it_is_the_model_of_few_steps(folder):
    (folder / "unet").rename(folder / "transformer")
    write_index(
        folder, _class_name="FluxPipeline", unet=[None, None], transformer=["diffusers", "FluxTransformer2DModel"]
    )
    (folder / "transformer" / "config.json").write_text(json.dumps({"guidance_embeds": True}))
    with pytest.raises(ModelFileError, match="few steps"):
        find_checkpoint(str(folder))
    (folder / "transformer" / "config.json").write_text(json.dumps({"guidance_embeds": False}))
    assert find_checkpoint(str(folder)).family is Family.FLUX


def test_a_turbo_model_is_known_by_its_schedule(folder):
    write_index(folder, _class_name="StableDiffusionXLPipeline")
    turbo = {"_class_name": "EulerAncestralDiscreteScheduler", "timestep_spacing": "trailing"}
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(turbo))
    assert find_checkpoint(str(folder)).family is Family.SDXL
