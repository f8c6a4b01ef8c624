import pytest

from mom.mixture.conversation import Message
from mom.models.structure import COMPLAINT_CHARS, MisfitError, find_object, read_structure, with_schema_in_words

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer", "maximum": 5}}, "required": ["a"]}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        ' \n{"a": 1}\n',
        '```json\n{"a": 1}\n```',
        'Sure:\n```\n{"a": 1}\n```\nDone.',
        'The answer is {"a": 1}, as {you} asked.',
        'In {braces}: {"a": 1}',
    ],
)
def test_the_object_is_found_among_words(text):
    assert read_structure(text, SCHEMA) == {"a": 1}


@pytest.mark.parametrize("text", ["", "words", "[1]", '{"a": ', "{" * 100_000, '{"a":' * 50_000])
def test_a_reply_without_an_object_is_a_misfit(text):
    with pytest.raises(MisfitError) as raised:
        find_object(text)
    assert not raised.value.is_json


@pytest.mark.parametrize(("text", "why"), [("{}", "required"), ('{"a": "x"}', r"\$\.a"), ('{"a": 9}', "maximum")])
def test_an_object_of_another_shape_is_a_misfit_that_says_why(text, why):
    with pytest.raises(MisfitError, match=why) as raised:
        read_structure(text, SCHEMA)
    assert raised.value.is_json


def test_what_is_wrong_is_said_in_few_words():
    with pytest.raises(MisfitError) as raised:
        read_structure('{"a": "' + "x" * 10_000 + '"}', SCHEMA)
    assert len(str(raised.value)) <= COMPLAINT_CHARS


def test_the_schema_stands_in_the_system_message():
    user = Message("user", "hello")

    assert [message.role for message in with_schema_in_words([user], SCHEMA)] == ["system", "user"]
    (system, last) = with_schema_in_words([Message("system", "Be brief."), user], SCHEMA)
    assert system.content.startswith("Be brief.\n\nReply with one JSON object")
    assert '"maximum": 5' in system.content
    assert last is user
