import pytest

from mom.errors import PartMissingError, PartUnavailableError
from mom.mixture.conversation import Message
from mom.mixture.events import TextDelta
from mom.mixture.ports import DrawingRequest, Ended
from mom.models.parts import Endpoint, Part, PartName, State
from mom.models.roster import Roster
from tests.models.fake_servers import STOP, chunk, completion, running, sse

CHAT = "/v1/chat/completions"
QUESTION = [Message("user", "hello")]


class TellingSource:
    """A parts source that says what a test tells it."""

    def __init__(self, *parts: Part) -> None:
        self.tell(*parts)

    def tell(self, *parts: Part) -> None:
        self._parts = {part.name: part for part in parts}

    def parts(self):
        return self._parts

    async def follow(self, http) -> None:
        pass


@pytest.fixture
async def source():
    return TellingSource()


@pytest.fixture
async def roster(source):
    roster = Roster(source)
    roster.start()
    yield roster
    await roster.close()


def ready(name: PartName, endpoint: Endpoint) -> Part:
    return Part(name, State.READY, endpoint.model, endpoint=endpoint)


async def ask(model) -> list:
    async with model.stream_text(QUESTION) as stream:
        return [item async for item in stream]


async def test_what_is_handed_out_follows_the_parts(roster, source):
    large = roster.large_llm()
    with running({CHAT: [sse(chunk("one"), STOP)]}) as first, running({CHAT: [sse(chunk("two"), STOP)]}) as second:
        source.tell(ready(PartName.LARGE_LLM, first.endpoint))
        assert await ask(large) == [TextDelta("one"), Ended("stop", None)]
        source.tell(ready(PartName.LARGE_LLM, second.endpoint))
        assert await ask(large) == [TextDelta("two"), Ended("stop", None)]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (None, "No large LLM is set up: choose one under .* or set MOM_LARGE_LLM"),
        (Part(PartName.LARGE_LLM, State.STARTING, "m"), "The large LLM is still loading"),
        (
            Part(PartName.LARGE_LLM, State.DOWNLOADING, "m", detail="40% of 2 GB"),
            "not ready yet: 40% of 2 GB. Try again",
        ),
        (Part(PartName.LARGE_LLM, State.FAILED, "m", detail="No such file."), "No such file."),
    ],
)
async def test_a_part_that_is_not_ready_says_why(roster, source, part, words):
    if part:
        source.tell(part)
    large = roster.large_llm()

    with pytest.raises(PartUnavailableError, match=words):
        await ask(large)
    with pytest.raises(PartUnavailableError, match=words):
        await large.write_structure(QUESTION, {}, max_tokens=5)


async def test_the_other_parts_say_why_not_too(roster, source):
    source.tell(Part(PartName.VISION_LLM, State.NONE, ""))
    with pytest.raises(PartUnavailableError, match="No small LLM"):
        await roster.small_llm().weigh_labels(QUESTION, ("text", "image"))
    with pytest.raises(PartMissingError, match="No vision LLM is set up: choose one"):
        await ask(roster.vision_llm())
    with pytest.raises(PartUnavailableError, match="No image model"):
        async with roster.image_model().draw(DrawingRequest(prompt="a fox")):
            pass


async def test_one_model_in_two_parts_is_found_out_once(roster, source):
    with running({CHAT: [completion('{"need": "image"}')]}) as server:
        source.tell(ready(PartName.LARGE_LLM, server.endpoint), ready(PartName.SMALL_LLM, server.endpoint))
        await roster.small_llm().weigh_labels(QUESTION, ("text", "image"))
        await roster.large_llm().write_structure(QUESTION, {"type": "object"}, max_tokens=5)
        assert [path for path, _ in server.asked].count("/props") == 1


async def test_the_names_are_those_of_parts_that_can_be_asked(roster, source):
    source.tell(
        ready(PartName.LARGE_LLM, Endpoint("http://h/v1", "big")), Part(PartName.SMALL_LLM, State.STARTING, "little")
    )

    assert roster.names() == {"large_llm": "big"}
    assert (roster.large_llm().name, roster.small_llm().name, roster.vision_llm().name) == (
        "big",
        "little",
        "vision LLM",
    )
