"""What the settings say reaches the image server's configuration, or is refused before anything is started."""

import asyncio

import httpx
import pytest

from mom.errors import SettingsError
from mom.models.addresses import parse_address
from mom.models.parts import PartName
from mom.serving.board import Board
from mom.serving.downloads import Hub
from mom.serving.keeping import Restarts
from mom.serving.players import Stage, choose_player
from mom.serving.programs import image_program


def choose(tmp_path, address="file:models/sd", **settings):
    stage = Stage(
        board=Board(), http=httpx.AsyncClient(), data_dir=tmp_path, log_folder=tmp_path, hub=Hub(tmp_path), restarts=Restarts(),
        web_is_ready=asyncio.Event(), ollama_url="", **settings,
    )  # fmt: skip
    return choose_player(PartName.IMAGE_MODEL, parse_address(address), None, stage)


@pytest.mark.parametrize("lora", ["file:models/lcm.safetensors", "hf:owner/repo/lora.safetensors"])
def test_a_lora_is_a_file_here_or_on_the_hub(tmp_path, lora):
    assert choose(tmp_path, image_lora=lora).model == "sd"


@pytest.mark.parametrize("lora", ["hf:owner/repo", "demo", "http://127.0.0.1/v1", "models/lcm.safetensors", "ollama:x"])
def test_any_other_address_is_no_lora(tmp_path, lora):
    with pytest.raises(SettingsError, match="MOM_IMAGE_LORA"):
        choose(tmp_path, image_lora=lora)
    assert choose(tmp_path, "demo", image_lora=lora).demo  # which none is fused into


def test_a_misspelt_option_of_the_engine_is_told_at_once(tmp_path):
    with pytest.raises(SettingsError, match="MOM_IMAGE_ENGINE: there is no 'dtyp'"):
        choose(tmp_path, image_engine="dtyp=float32")


def test_a_link_into_the_hubs_cache_keeps_the_name_that_tells_its_kind(tmp_path):
    link = tmp_path / "model.safetensors"
    link.symlink_to(tmp_path / "blobs/0123")
    program = image_program(link, "model", data_dir=tmp_path, lora=link)
    assert (program.config["model"], program.config["lora"]) == (str(link), str(link))


def test_the_image_servers_configuration_has_what_was_set(tmp_path):
    program = image_program(
        tmp_path, "sd", data_dir=tmp_path, lora=tmp_path / "lora", options={"steps": "6"}, edits=False
    )
    assert (program.config["lora"], program.config["options"]) == (str(tmp_path / "lora"), {"steps": "6"})
    assert program.config["edits"] is False
    assert program.config["conversions_folder"] == str(tmp_path / "openvino")
