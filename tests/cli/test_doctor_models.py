"""`mom doctor` before models that are not to be had: addresses, servers, keys, the hub, files."""

import socket

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from mom.cli import model_checks
from mom.serving import demo
from tests.cli.doctor import doctor, one_failed
from tests.models.fake_servers import running, serving
from tests.serving.hub import running_hub

WHOLE = demo.LLM_FILE.read_bytes()


@pytest.mark.parametrize(
    ("part", "address", "fix"),
    [
        ("small_llm", "chatgpt", "is not a model address"),
        ("large_llm", "http:///v1", "MOM_LARGE_LLM is not a URL: it has no host. Write it like http://"),
        ("large_llm", "http://127.0.0.1:80900/v1", "MOM_LARGE_LLM is not a URL: Port out of range"),
        ("large_llm", "http://[::1/v1", "MOM_LARGE_LLM is not a URL: Invalid IPv6 URL."),
        ("large_llm", "same", "cannot be 'same'"),
        ("large_llm", "hf:owner/repo", "write hf:OWNER/REPO/FILE.gguf"),
        ("large_llm", "hf:owner/repo/../../x.gguf", "is not a model address"),
        ("large_llm", "file:/nothing.gguf", "There is no model file /nothing.gguf."),
        ("large_llm", "file:~nobody-at-all/x.gguf", "There is no model file ~nobody-at-all/x.gguf."),
        ("large_llm", "file:README", "is not a GGUF file"),
        ("image_model", "file:/nothing", "There is no model file /nothing."),
        ("image_model", "file:.", "model_index.json is missing"),
    ],
)
def test_an_address_that_nothing_can_be_had_from(environment, tmp_path, part, address, fix):
    (tmp_path / "README").write_text("words, no model")
    environment.setenv(f"MOM_{part.upper()}", address)
    assert fix in one_failed(part)["fix"]


def test_ollama_draws_no_pictures(environment):
    with running({"/api/tags": [JSONResponse({"models": [{"name": "llava:latest"}]})]}) as ollama:
        environment.setenv("MOM_OLLAMA_URL", ollama.root)
        environment.setenv("MOM_IMAGE_MODEL", "ollama:llava")
        assert "Ollama draws no pictures" in one_failed("image_model")["fix"]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_is_cut_off(environment, tmp_path, share):
    (tmp_path / "whole.gguf").write_bytes(WHOLE)
    (tmp_path / "part.gguf").write_bytes(WHOLE[: int(len(WHOLE) * share)])
    environment.setenv("MOM_LARGE_LLM", "file:whole.gguf")
    assert doctor()[0]["large_llm"]["words"] == "file:whole.gguf, 0.0 GB"
    environment.setenv("MOM_LARGE_LLM", "file:part.gguf")
    assert "part.gguf is cut off, or damaged" in one_failed("large_llm")["fix"]


def test_a_server_that_does_not_answer(environment, closed_port):
    url = f"http://app:secret@127.0.0.1:{closed_port}/v1"
    shown = f"http://app:***@127.0.0.1:{closed_port}/v1"
    environment.setenv("MOM_LARGE_LLM", url)
    check = one_failed("large_llm")
    assert check["words"] == f"MOM_LARGE_LLM={shown}"
    assert check["fix"] == f"Nothing answers at {shown}. Start that server, or correct its address."


def test_a_server_that_is_not_ready(environment):
    with running({"/v1/models": [JSONResponse({}, 503)]}) as server:
        environment.setenv("MOM_LARGE_LLM", f"{server.root}/v1")
        assert "is not ready: it answers 503" in one_failed("large_llm")["fix"]


@pytest.mark.parametrize(
    ("path", "words", "fix"),
    [
        ("/v1#small", "answers", ""),
        ("/v1#large", "answers, but has no model called large", "There are medium, small."),
        ("/v1", "answers, but has 2 models", "Write the name of one behind # in MOM_LARGE_LLM."),
        ("/api", "answers, but lists no models", "correct the path in MOM_LARGE_LLM: most end in /v1"),
    ],
)
def test_a_name_that_the_server_does_not_know(environment, path, words, fix):
    listed = {"data": [{"id": "small"}, {"id": "medium"}]}
    with running({"/v1/models": [JSONResponse(listed)]}) as server:
        environment.setenv("MOM_LARGE_LLM", f"{server.root}{path}")
        checks, exit_code = doctor()
    assert checks["large_llm"]["words"] == f"{server.root}{path} {words}"
    assert fix in checks["large_llm"]["fix"]
    assert (checks["large_llm"]["finding"], exit_code) == ("note" if fix else "ok", 0)


def test_a_model_elsewhere_is_asked_with_its_key(environment):
    async def list_models(request):
        is_known = request.headers.get("Authorization") == "Bearer right"
        return JSONResponse({"data": [{"id": "one"}]}, 200 if is_known else 401)

    with serving(Starlette(routes=[Route("/v1/models", list_models)])) as url:
        environment.setenv("MOM_LARGE_LLM", f"{url}/v1")
        assert "set MOM_API_KEY_LARGE_LLM" in one_failed("large_llm")["fix"]
        environment.setenv("MOM_API_KEY_LARGE_LLM", "wrong")
        assert "set MOM_API_KEY_LARGE_LLM" in one_failed("large_llm")["fix"]
        environment.setenv("MOM_API_KEY_LARGE_LLM", "right")
        assert doctor()[0]["large_llm"]["words"] == f"{url}/v1 answers"
        environment.setenv("MOM_API_KEY_LARGE_LLM", "“right”")
        assert "a character in it that no key has" in one_failed("large_llm")["fix"]


def test_a_model_that_ollama_does_not_have(environment):
    with running({"/api/tags": [JSONResponse({"models": [{"name": "qwen3:8b", "size": 5}]})]}) as ollama:
        environment.setenv("MOM_OLLAMA_URL", ollama.root)
        environment.setenv("MOM_LARGE_LLM", "ollama:qwen3:8b")
        assert doctor()[0]["large_llm"]["words"] == "ollama:qwen3:8b answers"
        environment.setenv("MOM_SMALL_LLM", "ollama:llama3.2:1b")
        assert "ollama pull llama3.2:1b" in one_failed("small_llm")["fix"]


def test_a_hub_that_cannot_be_reached_or_does_not_have_the_model(environment, closed_port, tmp_path):
    environment.setenv("MOM_SMALL_LLM", "same")
    environment.setenv("MOM_LARGE_LLM", "hf:owner/repo/model.gguf")
    with running_hub({"model.gguf": WHOLE}) as hub:
        environment.setenv("HF_ENDPOINT", hub.url)
        environment.setenv("HF_TOKEN", "hf_right")
        checks, exit_code = doctor()
        assert exit_code == 0
        assert checks["small_llm"]["words"] == "the large LLM"
        assert checks["large_llm"]["words"] == "hf:owner/repo/model.gguf will be downloaded, 0.0 GB"
        assert "Bearer hf_right" in hub.tokens
        assert not (tmp_path / "data/models").exists()
        environment.setenv("HF_TOKEN", "“right”")
        assert "HF_TOKEN has a character in it" in one_failed("large_llm")["fix"]
        environment.delenv("HF_TOKEN")
        environment.setenv("MOM_LARGE_LLM", "hf:owner/repo/other.gguf")
        assert "The hub has no file hf:owner/repo/other.gguf" in one_failed("large_llm")["fix"]
    environment.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed_port}")
    assert f"No hub is reachable at http://127.0.0.1:{closed_port}" in one_failed("large_llm")["fix"]


def test_a_hub_that_never_answers(environment):
    environment.setattr(model_checks, "HUB_S", 1.0)
    environment.setenv("MOM_LARGE_LLM", "hf:owner/repo/model.gguf")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert "The hub gave no answer within 1 s" in one_failed("large_llm")["fix"]


def test_a_downloaded_model_needs_no_hub_and_is_looked_at(environment, closed_port, tmp_path):
    environment.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed_port}")
    environment.setenv("MOM_LARGE_LLM", "hf:owner/repo/model.gguf")
    (tmp_path / "data/models/owner/repo").mkdir(parents=True)
    (tmp_path / "data/models/owner/repo/model.gguf").write_bytes(WHOLE)
    assert doctor()[0]["large_llm"]["words"] == "hf:owner/repo/model.gguf, 0.0 GB"
    (tmp_path / "data/models/owner/repo/model.gguf").write_bytes(WHOLE[:5_000_000])
    assert "is cut off" in one_failed("large_llm")["fix"]


def test_a_model_in_parts_that_was_downloaded_in_part_still_needs_the_hub(environment, closed_port, tmp_path):
    environment.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed_port}")
    environment.setenv("MOM_LARGE_LLM", "hf:owner/repo/model-00001-of-00002.gguf")
    parts = [tmp_path / f"data/models/owner/repo/model-0000{number}-of-00002.gguf" for number in (1, 2)]
    parts[0].parent.mkdir(parents=True)
    parts[0].write_bytes(WHOLE)
    assert "No hub is reachable" in one_failed("large_llm")["fix"]
    parts[1].write_bytes(WHOLE)
    size = f"{2 * len(WHOLE) / 1e9:.1f}"
    assert doctor()[0]["large_llm"]["words"] == f"hf:owner/repo/model-00001-of-00002.gguf, {size} GB"


def test_a_pipeline_that_was_downloaded_in_part_still_needs_the_hub(environment, closed_port, tmp_path):
    environment.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed_port}")
    environment.setenv("MOM_IMAGE_MODEL", "hf:owner/repo")
    (tmp_path / "data/models/owner/repo/unet").mkdir(parents=True)
    assert "No hub is reachable" in one_failed("image_model")["fix"]


@pytest.mark.parametrize(
    ("lora", "name", "fix"),
    [
        ("file:absent.safetensors", "image LoRA", "There is no model file absent.safetensors."),
        ("hf:owner/repo/lora.safetensors", "image LoRA", "No hub is reachable"),
        ("lcm", "image_model", "MOM_IMAGE_LORA='lcm' is not a model address"),
    ],
)
def test_a_lora_that_is_not_to_be_had(environment, closed_port, lora, name, fix):
    environment.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed_port}")
    environment.setenv("MOM_IMAGE_LORA", lora)
    assert doctor()[1] == 0  # the demo image model takes none
    environment.setenv("MOM_IMAGE_MODEL", f"file:{demo.IMAGE_FOLDER}")
    assert fix in one_failed(name)["fix"]


def test_a_choice_about_the_image_engine_that_cannot_be(environment):
    environment.setenv("MOM_IMAGE_ENGINE", "steps=many")
    assert "MOM_IMAGE_ENGINE: steps is a number" in one_failed("image_model")["fix"]
