from dataclasses import replace

from mom.evaluation.measuring import THROWN_AWAY, measure
from mom.evaluation.routing_data import Example
from mom.mixture.conversation import Conversation, Message
from mom.mixture.verdict import DecidedBy, Need, certain


def example(words: str) -> Example:
    return Example(Conversation((Message("user", words),)), Need.IMAGE, {})


async def test_each_example_is_asked_once_and_progress_told():
    asked, told = [], []

    async def ask(conversation):
        asked.append(conversation.last.content)
        return certain(Need.IMAGE, DecidedBy.REGEX, "so")

    outcomes = await measure(ask, [example("a fox"), example("a bear")], lambda done, of: told.append((done, of)))
    assert asked == [THROWN_AWAY.last.content, "a fox", "a bear"]
    assert told == [(1, 2), (2, 2)]
    assert all(each.is_right for each in outcomes)


async def test_what_loads_at_the_first_message_is_no_latency_of_an_example():
    loading_ms = [200.0]

    async def ask(_conversation):
        took_ms = 5.0 + (loading_ms.pop() if loading_ms else 0.0)
        return replace(certain(Need.IMAGE, DecidedBy.BERT, "so"), took_ms=took_ms)

    outcomes = await measure(ask, [example("a fox"), example("a bear")], lambda _done, _of: None)
    assert [each.verdict.took_ms for each in outcomes] == [5.0, 5.0]


async def test_of_a_message_with_a_file_the_own_words_are_asked_about_as_in_a_chat():
    asked = []

    async def ask(conversation):
        asked.append(conversation.last.content)
        return certain(Need.IMAGE, DecidedBy.REGEX, "so")

    file = "File: a.txt\n```\ndraw a fox\n```"
    rows = [example(f"{file}\n\na poster of it"), example(file)]
    outcomes = await measure(ask, rows, lambda _done, _of: None)
    assert asked == [THROWN_AWAY.last.content, "a poster of it"]
    assert [each.words for each in outcomes] == ["a poster of it", ""]
    assert outcomes[1].verdict.decided_by is DecidedBy.ATTACHMENT


async def test_a_command_decides_by_itself_and_one_that_does_not_exist_is_words():
    async def ask(_conversation):
        return certain(Need.TEXT, DecidedBy.REGEX, "so")

    outcomes = await measure(ask, [example("/image a fox"), example("/imagine a fox")], lambda _done, _of: None)
    assert [each.verdict.decided_by for each in outcomes] == [DecidedBy.COMMAND, DecidedBy.REGEX]
