"""Asks a server of the tests' own by the chat client."""

from mom.mixture.conversation import Message
from mom.mixture.ports import SamplingOptions
from mom.models.chat_client import ChatClient
from mom.models.http_client import TimeLimits
from mom.models.parts import PartName

CHAT = "/v1/chat/completions"
QUESTION = [Message("user", "hello")]
IMPATIENT = TimeLimits(connect_s=2, probe_s=0.5, first_token_s=0.3, between_tokens_s=0.3, reply_s=0.5)


def client_of(server, http, limits=None) -> ChatClient:
    return ChatClient(server.endpoint, http, PartName.LARGE_LLM, limits)


async def read(client, messages=QUESTION, options=None) -> list:
    async with client.stream_text(messages, options or SamplingOptions()) as stream:
        return [item async for item in stream]
