"""The llama.cpp child as the supervisor runs it, with models of random weights."""

import asyncio
import json
import sys

import httpx
import pytest

from mom.errors import ModelFileError
from mom.models.parts import PartName
from mom.serving.child import Child
from mom.serving.gguf_file import check_is_whole
from mom.serving.llama_child import LlamaConfig, writing_threads
from mom.serving.programs import llm_program, usable_cores
from mom.serving.tether import DO_NOT_RESTART
from tests.random_llm import write_random_llm
from tests.serving.waiting import has_ended, until

# A llama-server of one's own, for tests: says its command line, answers /health, and is a process of its own.
LLAMA_SERVER = """#!{python}
import http.server, json, os, sys
from pathlib import Path
flags = sys.argv[1:]
value = lambda flag: flags[flags.index(flag) + 1]
key = Path(value("--api-key-file")).read_text().strip()
Path({notes!r}).write_text(json.dumps({{"flags": flags, "key": key, "pid": os.getpid()}}))
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.HTTPServer((value("--host"), int(value("--port"))), Health).serve_forever()
"""


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory):
    return write_random_llm(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture
async def start(tmp_path):
    children = []

    async def start(path, server_binary=None):
        child = await Child.start(llm_program(PartName.LARGE_LLM, path, "tiny", server_binary), tmp_path / "logs")
        children.append(child)
        return child

    (tmp_path / "logs").mkdir()
    yield start
    for child in children:
        await child.end()


async def why_it_will_not_start(start, path):
    child = await start(path)
    assert await child.wait() == DO_NOT_RESTART
    return child.last_words()


async def test_it_answers_who_knows_the_key_and_nobody_else(start, http, tiny_gguf):
    child = await start(tiny_gguf)
    assert await child.wait_until_ready(http)
    url = f"http://127.0.0.1:{child.port}"
    wanted = {"messages": [{"role": "user", "content": "a fox"}], "max_tokens": 3}
    assert (await http.post(f"{url}/v1/chat/completions", json=wanted)).status_code == httpx.codes.UNAUTHORIZED
    http.headers["Authorization"] = f"Bearer {child.api_key}"
    answer = (await http.post(f"{url}/v1/chat/completions", json=wanted)).json()
    assert answer["usage"]["completion_tokens"] == 3
    assert answer["model"] == "tiny"
    [slot] = (await http.get(f"{url}/slots")).json()
    assert slot["n_ctx"] == 4096
    page = await http.get(f"{url}/v1/models", headers={"Origin": "https://elsewhere.example"})
    assert not page.headers["access-control-allow-origin"]
    assert (await http.get(f"{url}/")).status_code == httpx.codes.NOT_FOUND


async def test_it_ends_at_once_on_sigterm_also_in_the_middle_of_an_answer(start, http, tiny_gguf):
    child = await start(tiny_gguf)
    assert await child.wait_until_ready(http)
    wanted = {"messages": [{"role": "user", "content": "a fox"}], "stream": True, "max_tokens": 4000}
    headers = {"Authorization": f"Bearer {child.api_key}"}
    async with http.stream(
        "POST", f"http://127.0.0.1:{child.port}/v1/chat/completions", json=wanted, headers=headers
    ) as answer:
        await anext(answer.aiter_lines())
        child._process.terminate()
        assert await child.wait() == -15


async def test_a_missing_file_is_named(start, tmp_path):
    assert await why_it_will_not_start(start, tmp_path / "nowhere.gguf") == (
        f"There is no model file {tmp_path}/nowhere.gguf. Check the path after 'file:'."
    )


@pytest.mark.usefixtures("llama_cpp_without_openmp")
async def test_a_library_that_the_wheel_needs_is_named_at_once(start, tiny_gguf):
    words = await why_it_will_not_start(start, tiny_gguf)
    assert words.startswith("llama.cpp's wheel cannot be loaded: libgomp.so.1: cannot open shared object file. ")
    assert "apt install libgomp1" in words


async def test_a_file_of_another_kind_is_named(start, tmp_path):
    (tmp_path / "page.gguf").write_text("<html>the login page of some proxy</html>")
    assert "page.gguf is not a GGUF file" in await why_it_will_not_start(start, tmp_path / "page.gguf")


async def test_a_git_lfs_pointer_is_named(start, tmp_path):
    (tmp_path / "pointer.gguf").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    assert "is a Git LFS pointer" in await why_it_will_not_start(start, tmp_path / "pointer.gguf")


@pytest.mark.parametrize("kept", [10, 3000, 0.5])
async def test_a_truncated_file_is_named(start, tmp_path, tiny_gguf, kept):
    whole = tiny_gguf.read_bytes()
    (tmp_path / "part.gguf").write_bytes(whole[: kept if isinstance(kept, int) else int(len(whole) * kept)])
    words = await why_it_will_not_start(start, tmp_path / "part.gguf")
    assert "part.gguf" in words
    assert words.startswith("llama.cpp cannot load") or "ends after 10 bytes" in words
    if kept == 0.5:
        assert words.endswith("model is corrupted or incomplete")


@pytest.fixture(scope="session", params=[False, True], ids=["", "the first without tensors"])
def gguf_in_parts(tmp_path_factory, request):
    """The first of four parts, all of which are links, as in the hub's own cache."""
    folder = tmp_path_factory.mktemp("parts")
    (folder / "blobs").mkdir()
    write_random_llm(folder / "large.gguf", split_max_tensors=8, small_first_shard=request.param)
    for number, part in enumerate(sorted(folder.glob("large-*.gguf"))):
        part.rename(folder / f"blobs/{number}")
        part.symlink_to(folder / f"blobs/{number}")
    [first] = folder.glob("large-00001-of-*.gguf")
    return first


async def test_a_model_in_parts_is_loaded_whole_by_its_first(start, http, gguf_in_parts):
    child = await start(gguf_in_parts)
    assert await child.wait_until_ready(http)
    http.headers["Authorization"] = f"Bearer {child.api_key}"
    wanted = {"messages": [{"role": "user", "content": "a fox"}], "max_tokens": 3}
    answer = (await http.post(f"http://127.0.0.1:{child.port}/v1/chat/completions", json=wanted)).json()
    assert answer["usage"]["completion_tokens"] == 3
    check_is_whole(gguf_in_parts)


async def test_a_part_that_is_missing_or_cut_off_is_named(start, tmp_path):
    write_random_llm(tmp_path / "large.gguf", split_max_tensors=8)
    first, second, *_ = sorted(tmp_path.glob("large-*.gguf"))
    second.write_bytes(second.read_bytes()[:2000])
    with pytest.raises(ModelFileError, match=f"{second} is cut off"):
        check_is_whole(first)
    second.unlink()
    assert await why_it_will_not_start(start, first) == (
        f"There is no {second}, which belongs to {first}. Fetch it too, into the same folder."
    )


async def test_an_unknown_architecture_is_named_by_llama_cpp(start, tmp_path):
    path = write_random_llm(tmp_path / "odd.gguf", architecture="oddity")
    assert await why_it_will_not_start(start, path) == (
        f"llama.cpp cannot load {path}: unknown model architecture: 'oddity'"
    )


@pytest.fixture
def own_llama_server(tmp_path):
    binary = tmp_path / "llama-server"
    binary.write_text(LLAMA_SERVER.format(python=sys.executable, notes=str(tmp_path / "notes.json")))
    binary.chmod(0o755)
    return binary


async def test_a_binary_of_ones_own_gets_the_same_settings_and_a_secret_key(
    start, http, tmp_path, tiny_gguf, own_llama_server
):
    child = await start(tiny_gguf, own_llama_server)
    assert await child.wait_until_ready(http)
    notes = json.loads((tmp_path / "notes.json").read_text())
    assert notes["key"] == child.api_key
    assert child.api_key not in " ".join(notes["flags"])
    assert notes["flags"][notes["flags"].index("--ctx-size") + 1] == "4096"
    assert {"--jinja", "--slots", "--no-webui"} <= set(notes["flags"])
    assert notes["flags"][notes["flags"].index("--threads") + 1] == "1"
    assert notes["flags"][notes["flags"].index("--threads-batch") + 1] == str(usable_cores())


@pytest.mark.parametrize(("mebibytes", "threads"), [(8, 1), (255, 1), (600, 3), (4000, 4)])
def test_one_more_thread_writes_for_each_256_mebibytes_up_to_the_cores(tmp_path, mebibytes, threads):
    model = tmp_path / "model.gguf"
    with model.open("wb") as file:
        file.truncate(mebibytes * 2**20)  # a hole: takes no space
    assert writing_threads(LlamaConfig(0, "key", str(model), "model", 2048, threads=4)) == threads


def test_the_threads_that_write_are_those_of_all_parts_together(tmp_path):
    parts = [tmp_path / f"model-0000{number}-of-00002.gguf" for number in (1, 2)]
    for part in parts:
        with part.open("wb") as file:
            file.truncate(200 * 2**20)
    assert writing_threads(LlamaConfig(0, "key", str(parts[0]), "model", 2048, threads=4)) == 2


WAYS = [
    "sigterm",
    "tether",
    *(["kill"] if sys.platform == "linux" else []),
]  # only Linux ends a process with its parent


@pytest.mark.parametrize("way", WAYS)
async def test_a_binary_of_ones_own_ends_with_the_child(start, http, tmp_path, tiny_gguf, own_llama_server, way):
    child = await start(tiny_gguf, own_llama_server)
    assert await child.wait_until_ready(http)
    pid = json.loads((tmp_path / "notes.json").read_text())["pid"]
    match way:
        case "sigterm":
            child._process.terminate()
        case "tether":
            child._process.stdin.close()
        case "kill":
            child._process.kill()
    await child.wait()
    await until(lambda: has_ended(pid), "the binary's end")


async def test_a_binary_that_cannot_be_run_is_named(start, tmp_path, tiny_gguf):
    child = await start(tiny_gguf, tmp_path / "nowhere")
    assert await child.wait() == DO_NOT_RESTART
    assert child.last_words() == f"MOM_LLAMA_SERVER={tmp_path}/nowhere cannot be run: No such file or directory."


async def test_two_instances_of_one_file_run_beside_each_other(start, http, tiny_gguf):
    children = await asyncio.gather(start(tiny_gguf), start(tiny_gguf))
    assert all(await asyncio.gather(*(child.wait_until_ready(http) for child in children)))
    assert len({child.port for child in children}) == 2
