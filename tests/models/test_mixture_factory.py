import time

import pytest

from mom.errors import ParameterError
from mom.mixture.conversation import Conversation, Message
from mom.mixture.paths import answer
from mom.mixture.verdict import DecidedBy, Need
from mom.models.bert import stage
from mom.models.bert.options import BertOptions
from mom.models.bert.reader import load_reader
from mom.models.bert.stage import BertStage
from mom.models.mixture_factory import make_classifier, make_mixture, make_named_classifier
from mom.models.parts import Part, PartName, State
from mom.models.roster import Roster
from mom.models.self_test.self_test import SelfTest
from tests.mixture.album import Album
from tests.models.fake_servers import STOP, chunk, completion, running, sse
from tests.models.test_roster import TellingSource

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize("choice", ["cascade", "small-llm"])
async def test_the_small_llm_decides(choice):
    with running({CHAT: [completion('{"need": "image"}')]}) as server:
        roster = Roster(TellingSource(Part(PartName.SMALL_LLM, State.READY, "little", endpoint=server.endpoint)))
        classifier = make_classifier(choice, 10, roster)
        verdict = await classifier.classify(Conversation((Message("user", "a red fox"),)))
        await roster.close()

    assert (verdict.need, verdict.decided_by) == (Need.IMAGE, DecidedBy.SMALL_LLM)


async def test_bert_alone_asks_no_llm():
    roster = Roster(TellingSource())
    verdict = await make_classifier("bert", 10, roster).classify(Conversation((Message("user", "draw a red fox"),)))
    await roster.close()

    assert (verdict.need, verdict.decided_by) == (Need.IMAGE, DecidedBy.BERT)


@pytest.mark.parametrize("choice", ["bert", "cascade"])
async def test_a_message_just_after_the_start_waits_for_bert_to_be_loaded_whatever_the_deadline(monkeypatch, choice):
    def load_slowly(head):
        time.sleep(2.5)
        return load_reader(head)

    monkeypatch.setattr(stage, "_shared_reader", load_slowly)
    roster = Roster(TellingSource())
    classifier = make_classifier(choice, 2, roster, bert=BertStage())
    verdict = await classifier.classify(Conversation((Message("user", "draw a red fox"),)))
    await roster.close()

    assert (verdict.need, verdict.decided_by) == (Need.IMAGE, DecidedBy.BERT)
    assert verdict.took_ms < 2000


async def test_the_cascade_asks_the_small_llm_only_where_bert_does_not_say():
    class Unsure:
        name = "bert"

        async def load(self):
            pass

        async def classify(self, conversation):
            return None

    with running({CHAT: [completion('{"need": "image"}')]}) as server:
        roster = Roster(TellingSource(Part(PartName.SMALL_LLM, State.READY, "little", endpoint=server.endpoint)))
        conversation = Conversation((Message("user", "draw a red fox"),))
        by = [
            (await make_classifier("cascade", 10, roster, bert=stage).classify(conversation)).decided_by
            for stage in (BertStage(), Unsure())
        ]
        await roster.close()

    assert by == [DecidedBy.BERT, DecidedBy.SMALL_LLM]


async def test_a_mixture_of_real_clients_answers_in_text():
    with running({CHAT: [completion('{"need": "text"}')]}) as small, running({CHAT: [sse(chunk("Hi"), STOP)]}) as large:
        source = TellingSource(
            Part(PartName.SMALL_LLM, State.READY, "little", endpoint=small.endpoint),
            Part(PartName.LARGE_LLM, State.READY, "big", endpoint=large.endpoint),
        )
        roster = Roster(source)
        mixture = make_mixture(roster, make_classifier("small-llm", 10, roster), lambda: True, Album())
        events = [event async for event in answer(Conversation((Message("user", "hello"),)), mixture)]
        await roster.close()

    assert [event.name for event in events] == ["routed", "text_delta", "turn_finished"]


async def test_a_mixture_can_see_where_a_vision_llm_is_there_to_be_asked():
    with running({}) as eyes:
        for part, can in (
            (Part(PartName.VISION_LLM, State.READY, "eyes", endpoint=eyes.endpoint), True),
            (None, False),
        ):
            roster = Roster(TellingSource(*filter(None, (part,))))
            mixture = make_mixture(roster, make_classifier("regex", 10, roster), lambda: True, Album())
            assert mixture.can_see() is can
            await roster.close()


async def test_a_classifier_that_does_not_exist_is_the_parameters_fault():
    roster = Roster(TellingSource())
    with pytest.raises(ParameterError, match="There is no classifier 'oracle'") as caught:
        make_named_classifier(roster, 10, BertOptions(), SelfTest(roster), "oracle")
    assert caught.value.as_json()["param"] == "classifier"
    await roster.close()


async def test_the_cascade_that_is_measured_waits_for_its_small_llms_test():
    class NotYet(SelfTest):
        waited = False

        async def wait_for_report(self):
            self.waited = True

    roster = Roster(TellingSource())
    self_test = NotYet(roster)
    conversation = Conversation((Message("user", "draw a red fox"),))
    for name, waits in (("bert", False), ("cascade", True)):
        await make_named_classifier(roster, 10, BertOptions(), self_test, name).classify(conversation)
        assert self_test.waited is waits
    await roster.close()
