"""The calls of tools as one server or another streams them; what is expected is how OpenAI does."""

import string

import pytest

from mom.mixture.events import ToolCallDelta
from mom.models.tool_calls import ToolCallReader
from mom.models.wire import ToolCallPiece


def piece(arguments=None, **fields) -> ToolCallPiece:
    name = fields.pop("name", None)
    return ToolCallPiece.model_validate({**fields, "function": {"name": name, "arguments": arguments}})


def read(*chunks: list[ToolCallPiece]) -> list[ToolCallDelta]:
    reader = ToolCallReader()
    return [delta for chunk in chunks for delta in reader.feed(chunk)] + reader.end("tool_calls")


@pytest.mark.parametrize(
    "chunks",
    [
        [[piece("{}", index=0, id="a", name="f")], [piece("{}", index=1, id="b", name="g")]],
        [[piece("{}", index=0, id="a", name="f")], [piece("{}", index=0, id="b", name="g")]],
        [[piece("{}", id="a", name="f")], [piece("{}", id="b", name="g")]],
        [[piece("{}", id="a", name="f"), piece("{}", id="b", name="g")]],
        [[piece("{}", index=1, id="a", name="f"), piece("{}", index=2, id="b", name="g")]],
        [[piece({}, index=0, id="a", name="f"), piece({}, index=1, id="b", name="g")]],
    ],
    ids=["openai", "all-have-index-0", "no-index", "no-index-in-one-chunk", "from-1", "an-object"],
)
def test_two_calls_are_numbered_however_their_server_numbers_them(chunks):
    assert read(*chunks) == [ToolCallDelta(0, "a", "f", "{}"), ToolCallDelta(1, "b", "g", "{}")]


@pytest.mark.parametrize(
    "head",
    [{}, {"id": "a", "name": "f"}, {"id": "", "name": ""}, {"name": "f"}, {"id": "another"}],
    ids=["openai", "all-repeated", "empty", "name-repeated", "each-with-an-id"],
)
def test_the_pieces_of_one_call_stay_together(head):
    chunks = [[piece(index=0, id="a", name="f")], [piece('{"x"', index=0, **head)], [piece(":1}", index=0, **head)]]
    assert read(*chunks) == [
        ToolCallDelta(0, "a", "f", ""),
        ToolCallDelta(0, None, None, '{"x"'),
        ToolCallDelta(0, None, None, ":1}"),
    ]


@pytest.mark.parametrize("no_id", [None, ""])
def test_calls_without_an_id_are_given_one_that_mistrals_templates_accept(no_id):
    first, second = read([piece("{}", index=0, id=no_id, name="f")], [piece("{}", index=0, id=no_id, name="g")])
    assert ((first.index, first.tool), (second.index, second.tool)) == ((0, "f"), (1, "g"))
    assert first.id != second.id
    assert {len(first.id), len(second.id)} == {9}
    assert set(first.id + second.id) <= set(string.ascii_letters + string.digits)


def test_a_call_without_arguments_has_none_in_json_before_the_next_begins():
    assert read([piece("", index=0, id="a", name="f"), piece(index=1, id="b", name="g")]) == [
        ToolCallDelta(0, "a", "f", ""),
        ToolCallDelta(0, None, None, "{}"),
        ToolCallDelta(1, "b", "g", ""),
        ToolCallDelta(1, None, None, "{}"),
    ]
