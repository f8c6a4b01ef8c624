"""Speculative start: held until the verdict, released once, dropped without a trace."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from mom.errors import PartBrokenError
from mom.mixture.classifier import Classifier, SmallLlmStage
from mom.mixture.conversation import Attachment, Conversation, Message
from mom.mixture.events import AnswerEvent, ImageFinished, Routed, TextDelta, ToolCallDelta, TurnFinished
from mom.mixture.paths import Mixture, Wishes, answer
from mom.mixture.speculation import EarlyAnswer
from mom.mixture.verdict import DecidedBy, Need, certain
from tests.mixture.album import Album
from tests.scripted import DEADLINE_S, Gate, ScriptedLabelModel, ScriptedLanguageModel, ScriptedParts

QUESTION = Conversation((Message("user", "a fox"),))
BROKEN = PartBrokenError("The large LLM ended.", part="large_llm")


def parts_of(*verdict_steps: Gate | Exception, image: float = 0.02, **large_llm) -> ScriptedParts:
    small_llm = ScriptedLabelModel(image, verdict_steps)
    return ScriptedParts(small_llm=small_llm, large_llm=ScriptedLanguageModel(**large_llm))


def speculating(parts: ScriptedParts) -> Mixture:
    return replace(parts.mixture_for(Album()), may_speculate=lambda: True)


class Answering:
    """An answer in a task of its own; `events` are those that were shown."""

    def __init__(self, mixture: Mixture, conversation: Conversation = QUESTION) -> None:
        self.events: list[AnswerEvent | TurnFinished] = []
        self.has_words = asyncio.Event()
        self.task = asyncio.create_task(self._collect(mixture, conversation))

    async def _collect(self, mixture: Mixture, conversation: Conversation) -> None:
        async with aclosing(answer(conversation, mixture)) as events:
            async for event in events:
                self.events.append(event)
                if isinstance(event, TextDelta):
                    self.has_words.set()

    async def stop(self) -> None:
        self.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self.task

    @property
    def words(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))


async def test_the_large_llm_writes_while_the_small_one_decides_and_nothing_is_shown_before_the_verdict():
    verdict, middle = Gate(), Gate()
    parts = parts_of(verdict, reply=["Hel", "lo ", middle, "fox"])
    answering = Answering(speculating(parts))
    await middle.until_reached()
    assert answering.events == []
    assert parts.small_llm.at_work == 1
    verdict.open()
    middle.open()
    await answering.task
    assert isinstance(answering.events[0], Routed)
    assert answering.words == "Hello fox"
    assert isinstance(answering.events[-1], TurnFinished)
    assert len(parts.large_llm.questions) == 1


async def test_the_call_of_a_tool_is_held_like_words():
    verdict, middle = Gate(), Gate()
    piece = ToolCallDelta(0, "c1", "weather", "{}")
    answering = Answering(speculating(parts_of(verdict, reply=[piece, middle, "Hm."])))
    await middle.until_reached()
    assert answering.events == []
    verdict.open()
    middle.open()
    await answering.task
    assert [type(event) for event in answering.events] == [Routed, ToolCallDelta, TextDelta, TurnFinished]


async def test_an_image_verdict_ends_the_answer_that_was_begun_before_the_prompt_is_asked_for():
    verdict, never, prompt = Gate(), Gate(), Gate()
    parts = parts_of(verdict, image=0.98, reply=["A fox", never], structure=[prompt, {"prompt": "a fox"}])
    answering = Answering(speculating(parts))
    await never.until_reached()
    assert parts.large_llm.at_work == 1
    verdict.open()
    await prompt.until_reached()
    assert parts.large_llm.at_work == 1, "the slot belongs to the image prompt alone"
    prompt.open()
    await answering.task
    assert answering.words == ""
    assert any(isinstance(event, ImageFinished) for event in answering.events)
    assert parts.at_work == 0
    assert len(parts.large_llm.questions) == 2, "one answer that was dropped, one image prompt"


async def test_an_answer_that_fails_early_does_not_cost_the_picture():
    verdict = Gate()
    parts = parts_of(verdict, image=0.98, reply=[BROKEN])
    answering = Answering(speculating(parts))
    await asyncio.to_thread(parts.large_llm.freed.wait, DEADLINE_S)
    verdict.open()
    await answering.task
    assert any(isinstance(event, ImageFinished) for event in answering.events)


async def test_an_answer_that_fails_early_fails_the_text_it_was_begun_for_after_what_it_wrote():
    verdict = Gate()
    parts = parts_of(verdict, reply=["A fox", BROKEN])
    answering = Answering(speculating(parts))
    await asyncio.to_thread(parts.large_llm.freed.wait, DEADLINE_S)
    verdict.open()
    with pytest.raises(PartBrokenError):
        await answering.task
    assert answering.words == "A fox"
    assert len(parts.large_llm.questions) == 1


async def test_stop_before_the_verdict_frees_both_llms():
    verdict, middle = Gate(), Gate()
    parts = parts_of(verdict, reply=["A", middle])
    answering = Answering(speculating(parts))
    await middle.until_reached()
    await answering.stop()
    assert parts.at_work == 0
    assert answering.events == []


async def test_stop_after_the_verdict_frees_the_large_llm():
    middle = Gate()
    parts = parts_of(reply=["A", middle])
    answering = Answering(speculating(parts))
    await middle.until_reached()
    await answering.has_words.wait()
    await answering.stop()
    assert parts.at_work == 0


async def test_a_verdict_that_is_late_releases_what_was_held():
    never, middle = Gate(), Gate()
    parts = parts_of(never, reply=["A ", "fox"])
    small = Classifier([SmallLlmStage(parts.small_llm)], deadline_s=0.05)
    answering = Answering(replace(speculating(parts), classifier=small))
    middle.open()
    await answering.task
    assert answering.events[0].verdict.decided_by is DecidedBy.DEFAULT
    assert answering.words == "A fox"
    assert len(parts.large_llm.questions) == 1


class SureStage:
    name = DecidedBy.BERT.value

    async def classify(self, conversation: Conversation):
        await asyncio.to_thread(lambda: None)  # long enough for an answer to begin
        return certain(Need.IMAGE, DecidedBy.BERT, "sure")


@pytest.mark.parametrize(
    "last", [Message("user", "/image a fox"), Message("user", "?", (Attachment(b"", "image/png"),))]
)
async def test_where_the_form_of_the_message_decides_no_answer_is_begun(last):
    parts = parts_of()
    async for _ in answer(Conversation((last,)), speculating(parts)):
        pass
    assert parts.large_llm.questions == []


async def test_an_overruled_verdict_begins_no_answer():
    parts = parts_of()
    async for _ in answer(QUESTION, speculating(parts), Wishes(Need.IMAGE)):
        pass
    [prompt_question] = parts.large_llm.questions
    assert prompt_question[-1].content == "Message: a fox"


async def test_an_earlier_stage_that_is_sure_begins_no_answer():
    parts = parts_of()
    both = Classifier([SureStage(), SmallLlmStage(parts.small_llm)], deadline_s=5)
    await Answering(replace(speculating(parts), classifier=both)).task
    [prompt_question] = parts.large_llm.questions
    assert prompt_question[-1].content == "Message: a fox"


async def test_without_leave_to_speculate_the_verdict_comes_first():
    verdict = Gate()
    parts = parts_of(verdict)
    answering = Answering(parts.mixture_for(Album()))
    await verdict.until_reached()
    assert parts.large_llm.questions == []
    verdict.open()
    await answering.task
    assert answering.words == "Hello!"


async def test_no_more_than_the_bound_is_held():
    taken = 0

    async def write():
        nonlocal taken
        for number in range(100):
            taken += 1
            yield number

    early = EarlyAnswer(write, held_items=3)
    async with aclosing(early):
        early.begin()
        early.begin()
        for _ in range(50):
            await asyncio.sleep(0)
        assert taken == 4, "three held, and one in hand"
        assert [number async for number in early.read()] == list(range(100))


async def test_closing_returns_when_the_backend_is_free():
    begun, freed = asyncio.Event(), False

    async def write():
        nonlocal freed
        try:
            begun.set()
            yield "a"
            await asyncio.Event().wait()
        finally:
            await asyncio.to_thread(lambda: None)  # as long as closing a connection takes
            freed = True

    early = EarlyAnswer(write)
    early.begin()
    await begun.wait()
    await early.aclose()
    assert freed


async def test_nothing_is_begun_that_the_vision_llm_would_answer():
    photo = Message("user", "what is it?", (Attachment(b"png", "image/png"),))
    conversation = Conversation((photo, Message("assistant", "A dog."), Message("user", "a cartoon of it")))
    verdict = Gate()
    parts = parts_of(verdict, image=0.98)
    answering = Answering(speculating(parts), conversation)
    await asyncio.to_thread(verdict.wait_until_reached)
    await asyncio.sleep(0.05)
    verdict.open()
    await answering.task
    assert parts.vision_llm.questions == []
