"""`mom` as people and scripts call it: what is printed where, and with which exit code it ends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mom.cli.environment import plan_of
from mom.errors import PartUnavailableError
from mom.models.parts import PartName
from mom.settings import read_settings
from tests.cli.calling import mom, one_sentence
from tests.scripted import ScriptedLabelModel


def test_classify_prints_the_verdict(site, parts):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    assert mom("classify", "a fox").stdout == "image  0.90  by small_llm\n"
    explained = mom("classify", "a fox", "--explain").stdout.splitlines()
    assert explained[-1] == "  small_llm: image 0.90, scripted-classifier says so"
    parts.small_llm = ScriptedLabelModel(steps=[PartUnavailableError("It is loading.", part="small_llm")])
    assert mom("classify", "a fox", "--explain").stdout.splitlines()[-1] == "  small_llm: It is loading."
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    verdict = json.loads(mom("classify", "a fox", "--json").stdout)
    assert verdict["probabilities"] == {"text": 0.1, "image": 0.9}


def test_classify_waits_for_a_server_that_is_still_loading_its_classifier(site, parts):
    still = iter([True, True, False])
    parts.is_starting = lambda: next(still)
    assert mom("classify", "a fox").exit_code == 0
    assert list(still) == []


def test_classify_reads_a_conversation_from_stdin(site, parts):
    conversation = {"messages": [{"role": "user", "content": "draw a fox"}]}
    assert mom("classify", "-", "--json", stdin=json.dumps(conversation)).exit_code == 0
    assert "draw a fox" in parts.small_llm.questions[0][-1].content
    assert mom("classify", "-", stdin="hello").exit_code == 2
    assert mom("classify", "-", stdin="[]").exit_code == 2
    assert mom("classify", "-", stdin='{"messages": []}').exit_code == 2


@pytest.mark.parametrize(
    ("words", "stdin"),
    [
        (["ask", "caf\udce9"], None),  # as Python reads an argument in Latin-1
        (["classify", "caf\udce9"], None),
        (["classify", "-"], r'{"messages": [{"role": "user", "content": "a\ud800"}]}'),
    ],
)
def test_words_that_are_no_utf_8_are_a_usage_error(words, stdin):
    result = mom(*words, stdin=stdin)
    assert result.exit_code == 2
    assert "not UTF-8" in one_sentence(result)


@pytest.mark.parametrize("value", ["[" * depth + "]" * depth for depth in (500, 990, 100_000)] + ["NaN"])
def test_json_that_no_server_reads_is_a_usage_error(value):
    result = mom("classify", "-", stdin=f'{{"messages": {value}}}')
    assert result.exit_code == 2
    assert one_sentence(result)


def test_models_shows_part_model_state_and_memory(site):
    lines = mom("models").stdout.splitlines()
    assert [line.split()[:3] for line in lines if line.startswith("large")] == [["large_llm", "scripted-llm", "ready"]]
    assert any(line.startswith("web") and line.endswith("MB") for line in lines)
    parts = json.loads(mom("models", "--json").stdout)
    assert set(parts) == {"web", "small_llm", "large_llm", "image_model"}
    assert {"model", "state", "memory_bytes"} <= parts["large_llm"].keys()


def test_models_without_a_server_says_how_to_start_one():
    result = mom("models")
    assert result.exit_code == 3
    assert "mom serve" in one_sentence(result)


def test_an_unknown_setting_is_a_warning(site, environment):
    environment.setenv("MOM_LARGE_LM", "demo")
    result = mom("ask", "hello")
    assert (result.stdout, result.exit_code) == ("Hello!\n", 0)
    assert "Did you mean MOM_LARGE_LLM?" in result.stderr


def test_a_setting_that_does_not_fit_is_one_sentence(environment):
    environment.setenv("MOM_PORT", "eighty")
    result = mom("ask", "hello")
    assert result.exit_code == 1
    assert "MOM_PORT" in one_sentence(result)


@pytest.mark.parametrize(
    "words", [["paint"], ["ask"], ["ask", "x", "--seed", "-1"], ["serve", "--install-image", "tpu"]]
)
def test_what_is_no_command_is_a_usage_error(words):
    assert mom(*words).exit_code == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_disk_that_is_full_is_one_sentence(site):
    with Path("/dev/full").open("w") as full:
        asked = [sys.executable, "-m", "mom", "classify", "draw a fox", "--json"]
        result = subprocess.run(asked, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert result.stderr == "There is no room to write: No space left on device. Make room, and try again.\n"


def test_help_lists_moms_commands_and_not_its_inner_ones():
    commands = mom("--help").stdout
    for name in ("serve", "ask", "classify", "models", "doctor", "db", "db_seed", "db_reset"):
        assert f"\n  {name} " in commands
    assert "\n  web " not in commands
    assert "\n  run " not in commands


def test_the_plan_of_mom_serve_is_the_settings(environment, tmp_path):
    for name, value in {
        "MOM_LARGE_LLM": "ollama:x", "MOM_VISION_LLM": "http://h/v1#v", "MOM_API_KEY_VISION_LLM": "key",
        "MOM_LLAMA_SERVER": "/bin/llama", "HF_TOKEN": "token", "MOM_PORT": "9000",
    }.items():  # fmt: skip
        environment.setenv(name, value)
    plan = plan_of(read_settings()[0], reload=True)
    assert plan.addresses == {PartName.LARGE_LLM: "ollama:x", PartName.VISION_LLM: "http://h/v1#v"}
    assert plan.api_keys == {PartName.VISION_LLM: "key"}
    assert (plan.data_dir, plan.port, plan.reload, plan.hub_token) == (tmp_path / "data", 9000, True, "token")
