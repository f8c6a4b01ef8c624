"""The shipped demo LLM behind a real server, asked as the mixture asks: real prompts, real labels."""

import pytest

from mom.mixture.classifier import SmallLlmStage
from mom.mixture.conversation import Conversation, Drawing, Message
from mom.mixture.events import TextDelta
from mom.mixture.needs_image import write_image_prompts
from mom.mixture.needs_text import stream_text
from mom.mixture.ports import SamplingOptions
from mom.mixture.verdict import Need
from mom.models.chat_client import ChatClient
from mom.models.parts import PartName
from mom.serving.demo import LLM_FILE
from tests.llama import running_llama


@pytest.fixture(scope="module")
def demo_server():
    with running_llama(LLM_FILE, context_tokens=4096, model="demo") as server:
        yield server


@pytest.fixture
def client(demo_server, http) -> ChatClient:
    return ChatClient(demo_server.endpoint, http, PartName.SMALL_LLM)


@pytest.mark.parametrize(
    ("words", "need"),
    [
        ("draw a fox in the snow", Need.IMAGE),
        ("what is 12 plus 30?", Need.TEXT),
        ("write a poem about rain", Need.TEXT),
    ],
)
async def test_the_demo_llm_tells_text_from_image_by_one_token(client, caplog, words, need):
    verdict = await SmallLlmStage(client).classify(Conversation((Message("user", words),)))

    assert verdict.need is need
    assert "asked for JSON" not in caplog.text


async def test_the_demo_llm_writes_an_image_prompt(client):
    [prompt] = await write_image_prompts(Conversation((Message("user", "draw a fox in the snow"),)), client)

    assert "fox" in prompt


@pytest.mark.parametrize(
    ("words", "prompt", "change", "changed"),
    [
        ("Draw two red circles", "two red circles", "Make it bluer", "two blue circles"),
        ("draw me two red circles", "two red circles", "make them blue", "two blue circles"),
        ("draw a cat", "a cat", "now three of them", "three cats"),
    ],
)
async def test_the_pages_pictures_are_written_and_changed_word_for_word(client, words, prompt, change, changed):
    question = Message("user", words)
    assert await write_image_prompts(Conversation((question,)), client) == [prompt]
    drawn = Message("assistant", "", drawing=Drawing(prompt))
    assert await write_image_prompts(Conversation((question, drawn, Message("user", change))), client) == [changed]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("What is MoM?", "Mixture of Models"),
        ("Explain JPEG", "demo model"),
        ("How do I connect Ollama?", "MOM_LARGE_LLM=ollama:"),
        ("What is 7 times 8?", "56"),
        ("Explain quantum physics", "MOM_LARGE_LLM"),
    ],
)
async def test_the_first_questions_are_answered(client, words, said):
    conversation = Conversation((Message("user", words),))
    stream = stream_text(conversation, client, SamplingOptions(temperature=0))
    answer = "".join([item.text async for item in stream if isinstance(item, TextDelta)])

    assert said in answer
