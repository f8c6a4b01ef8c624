"""A language model behind any OpenAI-compatible server: llama.cpp, Ollama, vLLM, or a hosted one."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial

import httpx

from mom.mixture.conversation import Message
from mom.mixture.ports import SamplingOptions, Written
from mom.models.chat_stream import read_chat_stream
from mom.models.dialects import LLAMA_CPP, Reply, Shape
from mom.models.http_client import TimeLimits
from mom.models.json_labels import label_shape, read_label_weights
from mom.models.parts import Endpoint, PartName
from mom.models.structure import read_structure
from mom.models.structured_asking import StructuredAsking
from mom.models.token_labels import TokenLabels
from mom.models.upstream import Upstream
from mom.models.wire import messages_as_json, options_as_json

DEFAULT_OPTIONS = SamplingOptions()


class ChatClient:
    """Implements `ports.LanguageModel` and `ports.LabelModel`. `part` is whom its errors speak of."""

    def __init__(
        self, endpoint: Endpoint, http: httpx.AsyncClient, part: PartName, limits: TimeLimits | None = None
    ) -> None:
        self._upstream = Upstream(endpoint, http, part, limits)
        self._structured = StructuredAsking(self._upstream)
        self._token_labels = TokenLabels(self._upstream)
        self._name = endpoint.model or self._upstream.server.host

    @property
    def name(self) -> str:
        return self._name

    @asynccontextmanager
    async def stream_text(
        self, messages: Sequence[Message], options: SamplingOptions = DEFAULT_OPTIONS
    ) -> AsyncIterator[AsyncIterator[Written]]:
        """Stream the reply; leaving the context closes the connection, which frees the server's slot."""
        body = {
            "model": await self._upstream.model(),
            "messages": messages_as_json(messages),
            "stream": True,
            "stream_options": {"include_usage": True},
            **options_as_json(options),
        }
        async with (
            self._upstream.stream(f"{self._upstream.base_url}/chat/completions", body) as response,
            aclosing(read_chat_stream(response, self._upstream, may_call="tools" in body)) as deltas,
        ):
            yield deltas

    async def write_structure(
        self, messages: Sequence[Message], schema: Mapping[str, object], *, max_tokens: int
    ) -> Mapping[str, object]:
        """One JSON object that is valid against `schema`, or `StructureError` after the second reply that is not."""

        def read(reply: Reply) -> dict[str, object]:
            return read_structure(reply.text, schema)

        return await self._structured.ask(messages, Shape(schema, max_tokens), read)

    async def weigh_labels(self, messages: Sequence[Message], labels: Sequence[str]) -> Mapping[str, float]:
        """The probability of each label: read from one token at llama.cpp, otherwise from the label named in JSON."""
        if (await self._structured.dialect()).name == LLAMA_CPP.name:
            weights = await self._token_labels.weigh(messages, labels)
            if weights is not None:
                return weights
        return await self._structured.ask(messages, label_shape(labels), partial(read_label_weights, labels=labels))

    @property
    def cached_label_tokens(self) -> int | None:
        """How many tokens of the last label question the server had cached, or None where it does not tell."""
        return self._token_labels.cached_tokens

    async def check_label_structure(self, messages: Sequence[Message], labels: Sequence[str]) -> None:
        """Where labels are named in JSON: ask once, and fall to the plain dialect if the reply does not keep to it."""
        if (await self._structured.dialect()).name != LLAMA_CPP.name or not self._token_labels.reads(labels):
            await self._structured.check(messages, label_shape(labels))

    def distrust_label_tokens(self, labels: Sequence[str], why: str) -> bool:
        """Read labels as JSON from now on, as their tokens' probabilities prove wrong. False where they were not read."""
        was_read = self._token_labels.reads(labels)
        if was_read:
            self._token_labels.distrust(labels, why)
        return was_read
