import pytest

from mom.mixture.events import ReasoningDelta, TextDelta
from mom.models.thinking import ThinkingSplitter, answer_without_thinking

CASES = {
    "plain words": ("", "plain words"),
    "<think>why</think>because": ("why", "because"),
    "\n <think>\nwhy\n</think>\n\nbecause": ("\nwhy\n", "because"),
    "<think>a</think><think>b</think>c": ("ab", "c"),
    "the tag <think> opens a thought</think>": ("", "the tag <think> opens a thought</think>"),
    "<thinker> is a statue": ("", "<thinker> is a statue"),
    "<think>never ends </thin": ("never ends </thin", ""),
    "<think></think>": ("", ""),
    "<thi": ("", "<thi"),
    "  indented": ("", "  indented"),
    "a < b": ("", "a < b"),
    "": ("", ""),
}


def parts(pieces) -> tuple[str, str]:
    splitter = ThinkingSplitter()
    deltas = [delta for piece in pieces for delta in splitter.feed(piece)] + splitter.end()
    assert all(delta.text for delta in deltas)
    thinking = "".join(delta.text for delta in deltas if isinstance(delta, ReasoningDelta))
    return thinking, "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


@pytest.mark.parametrize("text", CASES)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_thinking_is_split_off_wherever_the_pieces_are_cut(text, size):
    assert parts([text[start : start + size] for start in range(0, len(text), size)]) == CASES[text]


def test_words_are_not_held_back_longer_than_needed():
    splitter = ThinkingSplitter()

    assert splitter.feed("Hi") == [TextDelta("Hi")]
    assert splitter.feed(" <") == [TextDelta(" <")]


def test_the_answer_of_a_whole_reply():
    assert answer_without_thinking("<think>x</think>\n{}") == "{}"
