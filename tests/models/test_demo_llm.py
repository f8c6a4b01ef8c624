"""The shipped demo LLM behind a real server, asked as the mixture asks: real prompts, real labels."""

import pytest

from mom.mixture.classifier import SmallLlmStage
from mom.mixture.conversation import Conversation, Message
from mom.mixture.needs_image import write_image_prompt
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
    prompt = await write_image_prompt(Conversation((Message("user", "draw a fox in the snow"),)), client)

    assert "fox" in prompt
