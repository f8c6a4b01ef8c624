import asyncio

from mom.mixture.classifier import Classifier, SmallLlmStage
from mom.mixture.conversation import Conversation, Message
from mom.mixture.explaining import explain
from tests.scripted import ScriptedLabelModel


class Hanging:
    name = "hanging"

    async def classify(self, conversation):
        await asyncio.Event().wait()


async def test_every_stage_is_asked_also_after_one_has_decided_and_a_late_one_says_so():
    stages = [SmallLlmStage(ScriptedLabelModel(0.9)), Hanging(), SmallLlmStage(ScriptedLabelModel(0.1))]
    first, late, last = await explain(Conversation((Message("user", "a fox"),)), Classifier(stages, deadline_s=0.05))
    assert (first.verdict.image_probability, last.verdict.image_probability) == (0.9, 0.1)
    assert (late.verdict, late.failure) == (None, "no verdict within 50 ms")


async def test_a_verdict_is_not_lost_by_the_time_that_its_evidence_takes():
    class Thorough(SmallLlmStage):
        async def evidence(self, conversation):
            await asyncio.sleep(0.2)
            return ["it says fox"]

    classifier = Classifier([Thorough(ScriptedLabelModel(0.9))], deadline_s=0.1)
    [opinion] = await explain(Conversation((Message("user", "a fox"),)), classifier)
    assert (opinion.verdict.image_probability, opinion.failure, opinion.evidence) == (0.9, "", ("it says fox",))
