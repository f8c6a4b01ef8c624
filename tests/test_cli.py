"""`mom` as people and scripts call it: what is printed where, and with which exit code it ends."""

import io
import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from PIL import Image

from mom.cli import main
from mom.cli.environment import plan_of
from mom.errors import PartUnavailableError
from mom.models.parts import Part, PartName, State
from mom.settings import read_settings, variable_names
from tests.chats.waiting import wait_for
from tests.scripted import ScriptedImageModel, ScriptedLabelModel, ScriptedLanguageModel, ScriptedParts
from tests.web.site import running_site


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    for name in variable_names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MOM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MOM_PORT", "1")  # nobody listens there
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.fixture
def parts():
    return ScriptedParts()


@pytest.fixture
def site(environment, tmp_path, parts):
    with running_site(tmp_path / "site", parts) as site:
        environment.setenv("MOM_PORT", site.url.rpartition(":")[2])
        yield site


def mom(*words: str, stdin: str | None = None):
    return CliRunner().invoke(main, words, input=stdin)


def one_sentence(result) -> str:
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    return result.stderr


def test_ask_prints_the_text_as_it_streams(site):
    result = mom("ask", "hello")
    assert (result.stdout, result.stderr, result.exit_code) == ("Hello!\n", "", 0)


def test_ask_as_json(site):
    result = json.loads(mom("ask", "hello", "--json").stdout)
    assert set(result) == {"verdict", "text", "images", "finish_reason", "timings"}
    assert (result["text"], result["images"], result["finish_reason"]) == ("Hello!", [], "stop")
    assert result["verdict"]["need"] == "text"
    assert result["timings"]["total_ms"] >= 0


def test_ask_keeps_a_picture_and_prints_its_path(site, tmp_path):
    result = mom("ask", "a fox", "--image", "--seed", "7", "--image-dir", "pictures")
    (path,) = result.stdout.split()
    assert Path(path).parent == tmp_path / "pictures"
    assert Image.open(io.BytesIO(Path(path).read_bytes())).format == "PNG"
    (made,) = json.loads(mom("ask", "/image a fox", "--seed", "7", "--json").stdout)["images"]
    assert set(made) == {"path", "prompt", "seed", "steps", "width", "height"}
    assert (made["prompt"], made["seed"]) == ("a fox", 7)
    assert Path(made["path"]).exists()


def test_ask_prints_what_the_image_model_does_not_know(site, parts):
    parts.image_model = ScriptedImageModel(unknown_words=("fox",))
    path, words = mom("ask", "/image a fox").stdout.splitlines()
    assert Path(path).exists()
    assert words.startswith("I don't know “fox” yet")
    assert json.loads(mom("ask", "/image a fox", "--json").stdout)["text"] == words


def test_ask_takes_up_the_record_of_a_picture_that_mom_drew(site, parts):
    (drawn,) = json.loads(mom("ask", "/image a red boat on a lake", "--seed", "7", "--json").stdout)["images"]
    parts.small_llm.image_probability = 0.98
    parts.large_llm.structure = {"prompt": "a blue boat on a lake"}
    (made,) = json.loads(mom("ask", "make it bluer", "--from", drawn["path"], "--json").stdout)["images"]
    assert (made["prompt"], made["seed"]) == ("a blue boat on a lake", 7)
    assert parts.image_model.requests[-1].source


def test_a_picture_without_a_record_or_no_picture_is_told(site, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    (tmp_path / "words.png").write_text("no picture")
    assert "holds no record" in one_sentence(mom("ask", "make it bluer", "--from", "plain.png"))
    assert "no picture" in one_sentence(mom("ask", "make it bluer", "--from", "words.png"))
    assert mom("ask", "make it bluer", "--from", "nowhere.png").exit_code == 2


def test_ask_may_say_what_is_needed(site, parts):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    assert mom("ask", "a fox", "--text").stdout == "Hello!\n"


@pytest.mark.parametrize("words", ["", "/paint a fox", "/image"])
def test_a_question_that_cannot_be_asked_is_a_usage_error(site, words):
    result = mom("ask", words)
    assert result.exit_code == 2
    one_sentence(result)


def test_a_part_that_is_not_there_has_an_exit_code_of_its_own(site, parts):
    parts.large_llm = ScriptedLanguageModel([PartUnavailableError("No large LLM is set up.", part="large_llm")])
    result = mom("ask", "hello")
    assert (one_sentence(result), result.exit_code) == ("No large LLM is set up.\n", 3)
    parts.image_model = ScriptedImageModel([ZeroDivisionError()])
    failed = mom("ask", "/image x")
    assert failed.exit_code == 1
    one_sentence(failed)


def test_classify_prints_the_verdict(site, parts):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    assert mom("classify", "a fox").stdout == "image  0.90  by small_llm\n"
    explained = mom("classify", "a fox", "--explain").stdout.splitlines()
    assert explained[-1] == "  small_llm: image 0.90, scripted-classifier reads it so"
    parts.small_llm = ScriptedLabelModel(steps=[PartUnavailableError("It is loading.", part="small_llm")])
    assert mom("classify", "a fox", "--explain").stdout.splitlines()[-1] == "  small_llm: It is loading."
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    verdict = json.loads(mom("classify", "a fox", "--json").stdout)
    assert verdict["probabilities"] == {"text": 0.1, "image": 0.9}


def test_classify_reads_a_conversation_from_stdin(site, parts):
    conversation = {"messages": [{"role": "user", "content": "draw a fox"}]}
    assert mom("classify", "-", "--json", stdin=json.dumps(conversation)).exit_code == 0
    assert "draw a fox" in parts.small_llm.questions[0][-1].content
    assert mom("classify", "-", stdin="hello").exit_code == 2
    assert mom("classify", "-", stdin="[]").exit_code == 2
    assert mom("classify", "-", stdin='{"messages": []}').exit_code == 2


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


def test_help_lists_moms_commands_and_not_its_inner_ones():
    commands = mom("--help").stdout
    for name in ("serve", "ask", "classify", "models", "doctor", "db", "db_seed", "db_reset"):
        assert f"\n  {name} " in commands
    assert "\n  web " not in commands


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


def test_ask_without_a_server_starts_what_it_needs_and_ends_it(environment):
    children_before = set(psutil.Process().children(recursive=True))
    result = subprocess.run(
        [sys.executable, "-m", "mom", "ask", "hello", "--text"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert (result.returncode, bool(result.stdout.strip())) == (0, True), result.stderr
    wait_for(lambda: set(psutil.Process().children(recursive=True)) <= children_before, "the processes to end")


def flask(*words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "flask", "--app", "mom.app", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_flasks_own_commands_work_before_there_is_a_table(tmp_path):
    assert flask("db", "init", "--directory", str(tmp_path / "migrations")).returncode == 0
    assert flask("db", "upgrade").returncode == 0
    assert flask("db_seed").returncode == 0
    assert flask("db_reset").returncode == 2
    assert flask("db_reset", "--yes").returncode == 0
    check = flask("db", "check")
    assert check.returncode == 0, check.stderr


def test_the_secret_key_is_made_once_and_kept_to_its_owner(tmp_path):
    assert flask("routes").returncode == 0
    key = tmp_path / "data" / "secret_key"
    first = key.read_bytes()
    assert (len(first), key.stat().st_mode & 0o777) == (32, 0o600)
    assert flask("routes").returncode == 0
    assert key.read_bytes() == first


ROWS = [
    {"messages": [{"role": "user", "content": "draw a fox"}], "route": "image", "source": "hand", "kind": "spoken"},
    {"messages": [{"role": "user", "content": "what is JPEG?"}], "route": "text", "source": "hand", "kind": "question"},
]


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "routing.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in ROWS))
    return str(path)


def test_eval_measures_several_classifiers_in_one_run(site, parts, data):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    words = ["--classifier", "regex", "--classifier", "small-llm", "--classifier", "large-llm"]
    result = mom("eval", "routing", "--data", data, *words, "--format", "json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)["classifiers"]
    assert list(found) == ["regex", "small-llm", "large-llm"]
    assert set(found["regex"]) == {
        "n", "accuracy", "false_image_rate", "false_image_ci95", "missed_image_rate", "ece", "decided_by", "latency_ms",
        "slices",
    }  # fmt: skip
    assert (found["regex"]["accuracy"], found["regex"]["decided_by"]) == (1.0, {"regex": 1.0})
    assert (found["small-llm"]["false_image_rate"], found["small-llm"]["decided_by"]) == (1.0, {"small_llm": 1.0})
    assert "small-llm: 2 of 2" in result.stderr


def test_eval_writes_a_report_to_a_file(data, tmp_path):
    result = mom("eval", "routing", "--data", data, "--classifier", "regex", "--format", "html", "--output", "out.html")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "out.html").read_text().startswith("<!doctype html>")
    assert "accuracy" in mom("eval", "routing", "--data", data, "--classifier", "regex").stdout
    nowhere = mom("eval", "routing", "--data", data, "--classifier", "regex", "--output", "no/such/folder/out.html")
    assert nowhere.exit_code == 2
    assert "no folder" in one_sentence(nowhere)


def test_eval_says_which_line_cannot_be_read(data):
    Path(data).write_bytes(b'{"route": "te\xff"}')
    result = mom("eval", "routing", "--data", data, "--classifier", "regex")
    assert result.exit_code == 2
    assert "routing.jsonl, line 1: no UTF-8" in one_sentence(result)


def test_eval_of_a_classifier_whose_model_is_not_there_has_an_exit_code_of_its_own(environment, parts, data, tmp_path):
    failed = Part(PartName.SMALL_LLM, State.FAILED, "", detail="It did not start.")
    with running_site(tmp_path / "site", parts, shown={PartName.SMALL_LLM: failed}) as site:
        environment.setenv("MOM_PORT", site.url.rpartition(":")[2])
        result = mom("eval", "routing", "--data", data, "--classifier", "small-llm")
    assert result.exit_code == 3
    assert "needs the small LLM, which is not there. It did not start." in one_sentence(result)


def test_eval_of_a_classifier_that_does_not_exist_is_a_usage_error(data):
    result = mom("eval", "routing", "--data", data, "--classifier", "oracle")
    assert result.exit_code == 2
    assert "'regex'" in result.stderr


def test_corrections_are_listed_exported_and_deleted(environment, site, tmp_path):
    environment.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'site' / 'mom.sqlite3'}")
    assert (mom("corrections").stdout, mom("corrections").exit_code) == ("", 0)
    turns, owner = site.services.turns, site.services.history.local_user_id()
    first = turns.ask(owner, site.services.history.create_chat(owner), "a fox")
    wait_for(lambda: turns.read(owner, first.turn_id)["status"] == "finished", "the answer")
    turns.overrule(owner, first.turn_id, "image")
    assert "text → image  a fox" in mom("corrections").stdout
    row = json.loads(mom("corrections", "--json").stdout)
    (tmp_path / "corrections.jsonl").write_text(mom("corrections", "--json").stdout)
    measured = mom("eval", "routing", "--data", "corrections.jsonl", "--classifier", "regex", "--format", "json")
    assert json.loads(measured.stdout)["classifiers"]["regex"]["n"] == 1
    assert mom("corrections", "--delete", row["id"]).exit_code == 0
    assert mom("corrections").stdout == ""
    gone = mom("corrections", "--delete", row["id"])
    assert gone.exit_code == 1
    assert "no such correction" in one_sentence(gone)


def test_eval_measures_the_head_in_use_and_tells_one_that_cannot_be_used(data, tmp_path):
    words = ["eval", "routing", "--data", data, "--classifier", "bert", "--format", "json"]
    assert json.loads(mom(*words).stdout)["classifiers"]["bert"]["decided_by"] == {"bert": 1.0}
    trained = tmp_path / "data" / "routing_head.npz"
    trained.parent.mkdir(exist_ok=True)
    trained.write_bytes(b"no head")
    result = mom(*words)
    assert result.exit_code == 3
    assert "routing_head.npz cannot be read" in one_sentence(result)


def test_corrections_before_mom_has_ever_run_are_none():
    result = mom("corrections")
    assert (result.stdout, result.stderr, result.exit_code) == ("", "", 0)
