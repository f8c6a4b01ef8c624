"""The ordered stages, the deadline and the default."""

import asyncio
from dataclasses import dataclass

import pytest

from mom.errors import PartBrokenError
from mom.mixture.classifier import Classifier, SmallLlmStage
from mom.mixture.conversation import Conversation, Message
from mom.mixture.verdict import DecidedBy, Need, Verdict
from tests.scripted import ScriptedLabelModel

CONVERSATION = Conversation((Message("user", "a fox"),))
AN_IMAGE = Verdict(need=Need.IMAGE, image_probability=0.9, decided_by=DecidedBy.BERT, took_ms=0, reason="sure")


@dataclass
class Stage:
    verdict: Verdict | None = None
    failure: Exception | None = None
    hangs: bool = False
    name: str = "a stage"
    asked: int = 0

    async def classify(self, conversation: Conversation) -> Verdict | None:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.failure:
            raise self.failure
        return self.verdict


async def test_the_first_stage_that_is_sure_decides():
    unsure, sure, never = Stage(), Stage(AN_IMAGE), Stage(AN_IMAGE)
    verdict = await Classifier([unsure, sure, never], 5).classify(CONVERSATION)
    assert verdict.decided_by is DecidedBy.BERT
    assert (unsure.asked, sure.asked, never.asked) == (1, 1, 0)
    assert verdict.took_ms > 0


async def test_a_stage_that_fails_is_passed_over():
    broken = Stage(failure=PartBrokenError("it ended", part="small_llm"))
    verdict = await Classifier([broken, Stage(AN_IMAGE)], 5).classify(CONVERSATION)
    assert verdict.need is Need.IMAGE


async def test_where_every_stage_fails_the_answer_is_text_and_says_why():
    broken = Stage(failure=PartBrokenError("it ended", part="small_llm"))
    verdict = await Classifier([broken], 5).classify(CONVERSATION)
    assert (verdict.need, verdict.decided_by) == (Need.TEXT, DecidedBy.DEFAULT)
    assert verdict.reason == "a stage failed: it ended"


async def test_a_verdict_that_is_late_is_text_and_says_so():
    verdict = await Classifier([Stage(hangs=True)], deadline_s=0.01).classify(CONVERSATION)
    assert (verdict.need, verdict.decided_by) == (Need.TEXT, DecidedBy.DEFAULT)
    assert "no verdict within 10 ms" in verdict.reason


async def test_a_defect_in_a_stage_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        await Classifier([Stage(failure=ZeroDivisionError())], 5).classify(CONVERSATION)


async def test_stopping_while_classifying_is_not_taken_for_a_late_verdict():
    task = asyncio.create_task(Classifier([Stage(hangs=True)], deadline_s=60).classify(CONVERSATION))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_small_llm_reads_a_static_prefix_first_and_the_message_last():
    small = ScriptedLabelModel(0.9)
    first = await SmallLlmStage(small).classify(CONVERSATION)
    await SmallLlmStage(small).classify(Conversation((Message("user", "a bear"),)))
    assert first is not None
    assert (first.need, first.image_probability) == (Need.IMAGE, 0.9)
    assert small.questions[0][0] == small.questions[1][0]
    assert small.questions[0][-1].content == "Message: a fox"


async def test_a_message_of_a_megabyte_is_read_at_its_head_and_tail_only():
    small = ScriptedLabelModel(0.9)
    await SmallLlmStage(small).classify(Conversation((Message("user", "draw " + "x" * 1_000_000 + " a fox"),)))
    question = small.questions[0][-1].content
    assert len(question) < 1_050
    assert question.startswith("Message: draw")
    assert question.endswith("a fox")
