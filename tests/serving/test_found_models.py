"""What is found on disk to play the parts, and what of it is offered for which."""

import json
import struct

import httpx
import pytest

from mom.models.parts import PartName
from mom.serving.downloads import COMPLETE
from mom.serving.found_models import find_models
from mom.serving.offers import find_choices

HEADER = struct.pack("<4sIQQ", b"GGUF", 3, 1, 0)
OLLAMA = "http://127.0.0.1:11434"
TAGS = {
    "models": [
        {"name": "llava:7b", "size": 4_000_000_000, "capabilities": ["completion", "vision"]},
        {"name": "tiny:latest", "size": 1_000_000, "capabilities": ["completion"]},
        {"name": "nomic:latest", "size": 1_000, "capabilities": ["embedding"]},
    ]
}
NAMES = {"The large LLM", "tiny:latest", "llava:7b", "one", "drawer", "demo LLM", "demo image model"}


def put(file, content=HEADER):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def safetensors(name):
    header = json.dumps({name: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "models"


def found(tmp_path):
    return {model.address: model.size_bytes for model in find_models(tmp_path / "data/models")}


def test_without_the_folders_nothing_is_found(folder, tmp_path):
    assert find_models(tmp_path / "data/models") == []


def test_language_models_are_found_where_people_put_them(folder, tmp_path):
    put(folder / "one.gguf")
    put(folder / "owner/repo/two.gguf", HEADER + bytes(76))
    for number in (1, 2):
        put(folder / f"big-0000{number}-of-00002.gguf")
    assert found(tmp_path) == {
        "file:models/one.gguf": 24,
        "file:models/owner/repo/two.gguf": 100,
        "file:models/big-00001-of-00002.gguf": 48,
    }


def test_what_is_no_whole_model_is_not_found(folder, tmp_path):
    put(folder / "page.gguf", b"<html>")
    put(folder / "short.gguf", HEADER[:12])
    put(folder / "half-00001-of-00002.gguf")
    put(folder / "mmproj-model.gguf")
    put(folder / "lora.safetensors", safetensors("lora_te_text_model.weight"))
    put(folder / "cut.safetensors", b"\0")
    put(folder / ".trash/old.gguf")
    put(folder / "a/b/c/d/deep.gguf")
    (folder / "folder.gguf").mkdir()
    assert found(tmp_path) == {}


def test_image_models_are_found_as_folders_and_as_files(folder, tmp_path):
    put(folder / "dreamshaper/model_index.json", b"{}")
    put(folder / "dreamshaper/unet/model.safetensors", safetensors("conv_in.weight"))
    put(folder / "sd.safetensors", safetensors("cond_stage_model.transformer.text_model.a"))
    put(folder / "sdxl.safetensors", safetensors("conditioner.embedders.1.a"))
    put(folder / "words.gguf")
    drawing = {model.address for model in find_models(tmp_path / "data/models") if model.draws}
    assert drawing == {"file:models/dreamshaper", "file:models/sd.safetensors", "file:models/sdxl.safetensors"}


def test_what_was_downloaded_is_named_as_it_was_asked_for(folder, tmp_path):
    downloads = tmp_path / "data/models"
    put(downloads / "own.gguf")
    put(downloads / "mine/own.gguf")
    put(downloads / "owner/repo/sub/file.gguf")
    put(downloads / "owner/repo/.partial/other.gguf")
    put(downloads / "owner/drawer/model_index.json", b"{}")
    put(downloads / "owner/unfinished/model_index.json", b"{}")
    (downloads / "owner/drawer" / COMPLETE).touch()
    assert set(found(tmp_path)) == {
        f"file:{downloads}/own.gguf",
        f"file:{downloads}/mine/own.gguf",
        "hf:owner/repo/sub/file.gguf",
        "hf:owner/drawer",
    }


def test_a_link_is_followed_but_not_round_in_a_circle(folder, tmp_path):
    put(tmp_path / "disk/two.gguf")
    put(folder / "one.gguf")
    for name, target in {"disk": tmp_path / "disk", "here": ".", "above": ".."}.items():
        (folder / name).symlink_to(target)
    assert set(found(tmp_path)) == {"file:models/one.gguf", "file:models/disk/two.gguf"}


async def test_many_models_of_one_kind_hide_none_of_the_other(folder, tmp_path):
    for number in range(120):
        put(folder / f"{number:03}.gguf")
    put(folder / "sd.safetensors", safetensors("cond_stage_model.transformer.text_model.a"))
    models = find_models(tmp_path / "data/models")
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=TAGS))) as http:
        drawing = await find_choices(PartName.IMAGE_MODEL, models, http, OLLAMA)
        writing = await find_choices(PartName.LARGE_LLM, models, http, OLLAMA)
    assert [choice.address for choice in drawing] == ["file:models/sd.safetensors", "demo"]
    assert sum(choice.address.startswith("file:") for choice in writing) == 100


@pytest.mark.parametrize(
    ("part", "addresses"),
    [
        (PartName.SMALL_LLM, ["same", "ollama:tiny:latest", "ollama:llava:7b", "file:models/one.gguf", "demo"]),
        (PartName.LARGE_LLM, ["ollama:tiny:latest", "ollama:llava:7b", "file:models/one.gguf", "demo"]),
        (PartName.VISION_LLM, ["same", "ollama:llava:7b"]),
        (PartName.IMAGE_MODEL, ["file:models/drawer", "demo"]),
    ],
)
async def test_each_part_is_offered_what_can_play_it(folder, tmp_path, part, addresses):
    put(folder / "one.gguf")
    put(folder / "drawer/model_index.json", b"{}")
    models = find_models(tmp_path / "data/models")
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=TAGS))) as http:
        choices = await find_choices(part, models, http, OLLAMA)
    assert [choice.address for choice in choices] == addresses
    assert {choice.model for choice in choices} <= NAMES
