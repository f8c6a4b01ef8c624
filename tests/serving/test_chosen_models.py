import pytest

from mom.models.parts import PartName
from mom.serving.chosen_models import ChosenModels

LARGE = PartName.LARGE_LLM


@pytest.fixture
def path(tmp_path):
    return tmp_path / "chosen_models.json"


def test_a_choice_holds_until_the_setting_changes(path):
    ChosenModels(path, {LARGE: "demo"}).keep(LARGE, "file:a.gguf")
    assert ChosenModels(path, {LARGE: "demo"}).read() == {LARGE: "file:a.gguf"}
    assert ChosenModels(path, {LARGE: "file:b.gguf"}).read() == {}


def test_the_file_is_its_owners_alone_as_an_address_may_hold_a_password(path):
    ChosenModels(path, {}).keep(LARGE, "http://me:secret@127.0.0.1:1/v1")
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "words",
    ["", "[]", "null", '"x"', '{"large_llm": "x"}', '{"large_llm": {}}', '{"large_llm": {"address": 3, "instead_of": null}}', 100_000 * "["],
    ids=["nothing", "list", "null", "string", "no choice", "empty choice", "number", "deep"],
)  # fmt: skip
def test_a_file_that_is_none_of_ours_is_no_choice_and_is_replaced(path, words, caplog):
    path.write_text(words)
    chosen = ChosenModels(path, {})
    assert chosen.read() == {}
    assert "the models chosen before are forgotten" in caplog.text
    chosen.forget(LARGE)
    chosen.keep(LARGE, "file:a.gguf")
    assert chosen.read() == {LARGE: "file:a.gguf"}
