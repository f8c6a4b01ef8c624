"""Downloads through huggingface_hub from a stand-in hub on this machine."""

import asyncio
import os
import shutil

import pytest

from mom.errors import DownloadError
from mom.models.addresses import parse_address
from mom.models.parts import Progress
from mom.serving.download_child import choose_pipeline_files
from mom.serving.downloads import Hub, fetch, progress_words
from tests.serving.hub import running_hub
from tests.serving.waiting import until

CHUNK_BYTES = 10_000_000  # huggingface_hub writes in such pieces
WEIGHTS = os.urandom(CHUNK_BYTES * 5 // 2)
PIPELINE = {
    "model_index.json": b"{}",
    "README.md": b"words",
    "big.ckpt": b"old",
    "unet/config.json": b"{}",
    "unet/diffusion_pytorch_model.safetensors": b"weights",
    "unet/diffusion_pytorch_model.fp16.safetensors": b"half",
    "unet/diffusion_pytorch_model.bin": b"pickled",
    "vae/diffusion_pytorch_model.bin": b"pickled",
    "tokenizer/vocab.json": b"{}",
    "tokenizer/merges.txt": b"a b",
}


@pytest.fixture
def hub():
    with running_hub({"model.gguf": WEIGHTS, **PIPELINE}) as hub:
        yield hub


@pytest.fixture
def fetch_from(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)

    async def fetch_from(url, address, told=None, token=None, steps=None):
        told = [] if told is None else told

        def tell(words, progress):
            told.append(words)
            if progress and steps is not None:
                steps.append(progress)

        hub = Hub(tmp_path / "models", url, token)
        return await fetch(parse_address(address), hub, tell, log_folder=tmp_path, name="large_llm")

    return fetch_from


async def test_a_file_is_fetched_once_with_its_progress(fetch_from, hub, tmp_path):
    told, steps = [], []
    path = await fetch_from(hub.url, "hf:owner/repo/model.gguf", told, token="hf_secret", steps=steps)
    assert path == tmp_path / "models/owner/repo/model.gguf"
    assert path.read_bytes() == WEIGHTS
    assert told[0] == "asking the hub for hf:owner/repo/model.gguf"
    assert any(words.startswith("downloading: ") and words.endswith("%)") for words in told)
    assert [(step.model, step.bytes_total) for step in steps] == [("model", len(WEIGHTS))] * len(steps)
    done = [step.bytes_done for step in steps]
    assert done == sorted(done)
    assert done[-1] == len(WEIGHTS)
    assert "Bearer hf_secret" in hub.tokens
    told.clear()
    assert await fetch_from("http://127.0.0.1:9", "hf:owner/repo/model.gguf", told) == path
    assert not told


async def test_a_download_that_was_cut_short_goes_on_where_it_ended(fetch_from, hub, tmp_path):
    hub.slow.clear()
    told = []
    downloading = asyncio.create_task(fetch_from(hub.url, "hf:owner/repo/model.gguf", told))
    half = lambda: [f for f in (tmp_path / "models").rglob("model.gguf.*") if f.stat().st_size >= CHUNK_BYTES]  # noqa: E731
    await until(half, "half of the file")
    downloading.cancel()
    await asyncio.wait({downloading})
    hub.slow.set()
    path = await fetch_from(hub.url, "hf:owner/repo/model.gguf")
    assert path.read_bytes() == WEIGHTS
    assert hub.ranges[-1] >= CHUNK_BYTES


async def test_two_parts_share_the_download_of_one_file(fetch_from, hub):
    waits = []
    first = asyncio.create_task(fetch_from(hub.url, "hf:owner/repo/model.gguf"))
    other = asyncio.create_task(fetch_from(hub.url, "hf:owner/repo/model.gguf", waits))
    assert await first == await other
    assert (await other).read_bytes() == WEIGHTS
    assert waits[-1].endswith("(100%)")
    assert hub.downloads == 1


async def test_a_part_that_waits_for_a_download_goes_on_with_it_when_the_other_gives_up(fetch_from, hub, tmp_path):
    hub.slow.clear()
    first, waiting, other = (asyncio.create_task(fetch_from(hub.url, "hf:owner/repo/model.gguf")) for _ in range(3))
    half = lambda: [f for f in (tmp_path / "models").rglob("model.gguf.*") if f.stat().st_size >= CHUNK_BYTES]  # noqa: E731
    await until(half, "half of the file")
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    assert not first.done()
    first.cancel()
    await asyncio.wait({first})
    hub.slow.set()
    assert (await other).read_bytes() == WEIGHTS
    assert hub.ranges[-1] >= CHUNK_BYTES


async def test_a_connection_that_breaks_is_taken_up_again(fetch_from, hub):
    hub.cuts = 1
    path = await fetch_from(hub.url, "hf:owner/repo/model.gguf")
    assert path.read_bytes() == WEIGHTS
    [start] = hub.ranges
    assert start >= CHUNK_BYTES  # what had arrived was not asked for again


async def test_a_hub_that_gives_no_parts_of_files_is_asked_for_the_whole(fetch_from, hub):
    hub.cuts, hub.has_ranges = 1, False
    path = await fetch_from(hub.url, "hf:owner/repo/model.gguf")
    assert path.read_bytes() == WEIGHTS
    assert hub.ranges == []


async def test_a_file_whose_size_is_not_told_is_fetched_all_the_same(fetch_from, hub, tmp_path):
    hub.tells_sizes = False
    partial = tmp_path / f"models/owner/repo/.partial/model.gguf.{hub.etag('model.gguf')}"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(WEIGHTS)  # all of it, from a process that was killed then
    path = await fetch_from(hub.url, "hf:owner/repo/model.gguf")
    assert path.read_bytes() == WEIGHTS
    assert hub.ranges == []


async def test_a_file_that_was_changed_meanwhile_is_fetched_anew(fetch_from, hub, tmp_path):
    hub.slow.clear()
    downloading = asyncio.create_task(fetch_from(hub.url, "hf:owner/repo/model.gguf"))
    half = lambda: [f for f in (tmp_path / "models").rglob("model.gguf.*") if f.stat().st_size >= CHUNK_BYTES]  # noqa: E731
    await until(half, "half of the file")
    downloading.cancel()
    await asyncio.wait({downloading})
    hub.slow.set()
    hub.files["model.gguf"] = os.urandom(CHUNK_BYTES)  # another ETag
    path = await fetch_from(hub.url, "hf:owner/repo/model.gguf")
    assert path.read_bytes() == hub.files["model.gguf"]
    assert hub.ranges == []
    assert not list((tmp_path / "models").rglob("model.gguf.*"))  # nor does the old half take room


async def test_a_hub_that_asks_to_wait_is_asked_again(fetch_from, hub):
    hub.busy = 2
    told = []
    path = await fetch_from(hub.url, "hf:owner/repo/model.gguf", told)
    assert path.read_bytes() == WEIGHTS
    assert len([words for words in told if words.startswith("the hub is asked for too much")]) == 2


async def test_of_a_model_in_parts_all_are_fetched_and_what_arrived_is_not_asked_for_again(fetch_from, hub, tmp_path):
    names = [f"Q8/large-0000{number}-of-00003.gguf" for number in (1, 2, 3)]
    hub.files = dict(zip(names, (b"first", os.urandom(CHUNK_BYTES * 5 // 2), b"last"), strict=True))
    address, folder = f"hf:owner/repo/{names[0]}", tmp_path / "models/owner/repo"
    (folder / "Q8").mkdir(parents=True)
    (folder / names[0]).write_bytes(b"first")
    hub.slow.clear()
    downloading = asyncio.create_task(fetch_from(hub.url, address))
    half = lambda: [f for f in folder.rglob("large-00002-*.gguf.*") if f.stat().st_size >= CHUNK_BYTES]  # noqa: E731
    await until(half, "half of the second part")
    downloading.cancel()
    await asyncio.wait({downloading})
    hub.slow.set()
    steps = []
    assert await fetch_from(hub.url, address, steps=steps) == folder / names[0]
    assert {name: (folder / name).read_bytes() for name in names} == hub.files
    assert hub.ranges[-1] >= CHUNK_BYTES
    assert hub.downloads == 3  # the second twice, the last once
    size = sum(map(len, hub.files.values()))
    assert (steps[-1].model, steps[-1].bytes_done, steps[-1].bytes_total) == ("large", size, size)
    assert await fetch_from("http://127.0.0.1:9", address) == folder / names[0]


async def test_a_part_that_the_hub_does_not_have_is_named_before_any_is_fetched(fetch_from, hub, tmp_path):
    hub.files = {"large-00001-of-00002.gguf": b"GGUF"}
    with pytest.raises(DownloadError, match=r"The hub has no file hf:owner/repo/large-00002-of-00002\.gguf"):
        await fetch_from(hub.url, "hf:owner/repo/large-00001-of-00002.gguf")
    assert hub.downloads == 0


async def test_a_damaged_file_is_removed_and_said_so(fetch_from, hub, tmp_path):
    hub.lie = True
    with pytest.raises(DownloadError, match="arrived damaged"):
        await fetch_from(hub.url, "hf:owner/repo/model.gguf")
    assert not (tmp_path / "models/owner/repo/model.gguf").exists()


async def test_of_a_pipeline_only_what_is_loaded_is_fetched(fetch_from, hub, tmp_path):
    folder = await fetch_from(hub.url, "hf:owner/repo")
    names = {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and ".cache" not in path.parts
    }
    assert names == {
        ".complete",
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.bin",
        "tokenizer/vocab.json",
        "tokenizer/merges.txt",
    }
    assert await fetch_from("http://127.0.0.1:9", "hf:owner/repo") == folder


async def test_a_pipeline_whose_weights_could_not_be_read_is_refused_before_it_is_fetched(fetch_from, hub, tmp_path):
    for name in ("unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.fp16.safetensors"):
        del hub.files[name]  # a pickle is left
    with pytest.raises(DownloadError, match=r"hf:owner/repo has no \.safetensors weights for transformer or unet"):
        await fetch_from(hub.url, "hf:owner/repo")
    assert not (tmp_path / "models/owner/repo").exists()


@pytest.mark.parametrize("address", ["hf:owner/repo/model.gguf", "hf:owner/repo"])
async def test_without_a_hub_the_alternatives_are_named(fetch_from, address):
    with pytest.raises(DownloadError, match=r"No hub is reachable at http://127.0.0.1:9 .* use file: .* or demo"):
        await fetch_from("http://127.0.0.1:9", address)


async def test_a_file_that_the_hub_does_not_have_is_named(fetch_from, hub):
    with pytest.raises(DownloadError, match=r"The hub has no file hf:owner/repo/other\.gguf"):
        await fetch_from(hub.url, "hf:owner/repo/other.gguf")


async def test_a_repository_that_the_hub_does_not_have_is_named(fetch_from, hub):
    with pytest.raises(DownloadError, match="The hub has no hf:no/body, or it is private"):
        await fetch_from(hub.url, "hf:no/body")


def of_size(size):
    class Large(bytes):
        def __len__(self):
            return size

    return Large(b"x")


async def test_a_model_larger_than_the_disk_is_refused_before_it_is_fetched(fetch_from, hub, tmp_path):
    count = 1 + shutil.disk_usage(tmp_path).free // 40_000_000_000
    names = [f"model-{number:05}-of-{count:05}.gguf" for number in range(1, count + 1)]
    hub.files = dict.fromkeys(names, of_size(40_000_000_000))
    (tmp_path / "models/owner/repo").mkdir(parents=True)
    with (tmp_path / "models/owner/repo/other.gguf").open("wb") as other:
        other.truncate(count * 40_000_000_000)  # a hole: takes no space, nor does it make room
    with pytest.raises(DownloadError, match=rf"needs {40 * count}\.0 GB; .* GB free. Make room, or set MOM_DATA_DIR"):
        await fetch_from(hub.url, f"hf:owner/repo/{names[0]}")


async def test_a_file_larger_than_the_hub_gives_is_refused_before_it_is_fetched(fetch_from, hub):
    hub.files["model.gguf"] = of_size(60_000_000_000)
    with pytest.raises(DownloadError, match=r"model.gguf has 60 GB, and the hub gives at most 50 GB of one file\."):
        await fetch_from(hub.url, "hf:owner/repo/model.gguf")


def test_pickled_weights_are_taken_only_where_there_are_no_others():
    chosen = choose_pipeline_files(
        ["model_index.json", "a/w.bin", "a/w.safetensors", "b/w.bin", "b/w.onnx", "b/w.fp16.bin"]
    )
    assert chosen == ["model_index.json", "a/w.safetensors", "b/w.bin"]


def test_half_precision_is_taken_where_there_is_no_other():
    names = ["a/w.safetensors", "a/w.fp16.safetensors", "b/w.fp16.safetensors", "b/w.bin", "b/w.bf16.safetensors"]
    assert choose_pipeline_files(names) == ["model_index.json", "a/w.safetensors", "b/w.fp16.safetensors"]


def test_no_file_of_a_repository_lies_outside_of_it():
    assert choose_pipeline_files(["../../a/x.json", "/etc/x.json", "a/../../x.json", "a/x.json"]) == [
        "model_index.json",
        "a/x.json",
    ]


def test_progress_is_told_in_the_unit_that_fits():
    assert progress_words(Progress("x", 400_000_000, 1_300_000_000)) == "downloading: 0.4 of 1.3 GB (30%)"
    assert progress_words(Progress("x", 1_000_000, 4_000_000)) == "downloading: 1.0 of 4.0 MB (25%)"
