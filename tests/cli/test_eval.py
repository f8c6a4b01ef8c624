"""`mom eval routing`: classifiers measured on labelled conversations."""

import json
from pathlib import Path

from mom.models.parts import Part, PartName, State
from tests.cli.calling import mom, one_sentence
from tests.cli.conftest import ROWS
from tests.scripted import ScriptedLabelModel
from tests.web.site import running_site


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


def test_a_report_that_cannot_be_written_to_its_file_is_not_lost(data):
    words = ["--data", data, "--classifier", "regex", "--format", "json", "--output", "x" * 300]
    result = mom("eval", "routing", *words)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["classifiers"]["regex"]["n"] == len(ROWS)
    assert "Name another --output." in result.stderr


def test_eval_says_which_line_cannot_be_read(data):
    Path(data).write_bytes(b'{"route": "te\xff"}')
    result = mom("eval", "routing", "--data", data, "--classifier", "regex")
    assert result.exit_code == 2
    assert "routing.jsonl, line 1: not UTF-8" in one_sentence(result)


def test_eval_of_a_classifier_whose_model_is_not_there_has_an_exit_code_of_its_own(environment, parts, data, tmp_path):
    failed = Part(PartName.SMALL_LLM, State.FAILED, "", detail="It did not start.")
    with running_site(tmp_path / "site", parts, shown={PartName.SMALL_LLM: failed}) as site:
        environment.setenv("MOM_PORT", site.url.rpartition(":")[2])
        result = mom("eval", "routing", "--data", data, "--classifier", "small-llm")
    assert result.exit_code == 3
    assert "needs the small LLM, which is not there. It did not start." in one_sentence(result)


def test_eval_measures_nothing_where_one_of_several_classifiers_is_not_available(environment, parts, data, tmp_path):
    failed = Part(PartName.SMALL_LLM, State.FAILED, "", detail="It did not start.")
    with running_site(tmp_path / "site", parts, shown={PartName.SMALL_LLM: failed}) as site:
        environment.setenv("MOM_PORT", site.url.rpartition(":")[2])
        result = mom("eval", "routing", "--data", data, "--classifier", "regex", "--classifier", "small-llm")
    assert result.exit_code == 3
    assert "needs the small LLM" in one_sentence(result)


def test_eval_of_a_classifier_that_does_not_exist_is_a_usage_error(data):
    result = mom("eval", "routing", "--data", data, "--classifier", "oracle")
    assert result.exit_code == 2
    assert "'regex'" in result.stderr


def test_eval_measures_the_head_in_use_and_tells_one_that_cannot_be_used(environment, data, tmp_path):
    environment.setenv("MOM_CLASSIFIER_DEADLINE_MS", "60000")  # a busy machine is no failure
    words = ["eval", "routing", "--data", data, "--classifier", "bert", "--format", "json"]
    assert json.loads(mom(*words).stdout)["classifiers"]["bert"]["decided_by"] == {"bert": 1.0}
    trained = tmp_path / "data" / "routing_head.npz"
    trained.parent.mkdir(exist_ok=True)
    trained.write_bytes(b"no head")
    result = mom(*words)
    assert result.exit_code == 3
    assert "routing_head.npz cannot be read" in result.stderr
    assert f"`mom train routing`, or delete {trained}." in result.stderr


def test_a_conversation_that_a_server_would_refuse_is_named_before_anything_is_measured(site, parts, data):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    said = [{"role": "user", "content": "x" * 300_000}, {"role": "assistant", "content": "y" * 300_000}]
    for messages in ([*said, *said, said[0]], [{"role": "user", "content": "draw a fox"}] * 1_001):
        Path(data).write_text("\n".join(json.dumps(row) for row in [*ROWS, {**ROWS[0], "messages": messages}]))
        here = mom("eval", "routing", "--data", data, "--classifier", "regex")
        assert here.exit_code == 0, here.stderr
        result = mom("eval", "routing", "--data", data, "--classifier", "regex", "--classifier", "small-llm")
        assert result.exit_code == 2
        assert "routing.jsonl, line 3: the conversation is too long" in one_sentence(result)
