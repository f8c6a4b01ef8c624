import pytest

from mom.models.parts import PartName
from mom.serving.chosen_models import Choice, ChosenModels

LARGE = PartName.LARGE_LLM


@pytest.fixture
def path(tmp_path):
    return tmp_path / "chosen_models.json"


def test_a_choice_holds_until_the_setting_changes(path):
    ChosenModels(path, {LARGE: "demo"}).keep(LARGE, Choice("file:a.gguf"))
    assert ChosenModels(path, {LARGE: "demo"}).read() == {LARGE: Choice("file:a.gguf")}
    assert ChosenModels(path, {LARGE: "file:b.gguf"}).read() == {}


def test_a_key_is_kept_in_a_file_that_is_its_owners_alone_and_shown_nowhere(path):
    path.with_suffix(".unfinished").touch(mode=0o644)  # left there when the disk was full
    choice = Choice("http://127.0.0.1:1/v1", "sk-secret")
    ChosenModels(path, {}).keep(LARGE, choice)
    assert path.stat().st_mode & 0o077 == 0
    assert ChosenModels(path, {}).read() == {LARGE: choice}
    assert "sk-secret" not in repr(choice)


@pytest.mark.parametrize(
    "words",
    ["", "[]", "null", '"x"', '{"large_llm": "x"}', '{"large_llm": {}}', '{"large_llm": {"address": 3, "instead_of": null}}', '{"large_llm": {"address": "x", "api_key": 3, "instead_of": null}}', 100_000 * "["],
    ids=["nothing", "list", "null", "string", "no choice", "empty choice", "number", "key", "deep"],
)  # fmt: skip
def test_a_file_that_is_none_of_ours_is_no_choice_and_is_replaced(path, words, caplog):
    path.write_text(words)
    chosen = ChosenModels(path, {})
    assert chosen.read() == {}
    assert "the models chosen before are forgotten" in caplog.text
    chosen.forget(LARGE)
    chosen.keep(LARGE, Choice("file:a.gguf"))
    assert chosen.read() == {LARGE: Choice("file:a.gguf")}
