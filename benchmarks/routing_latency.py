"""What routing costs: time to the first token direct, routed and with a speculative start; and a label's reading alone.

    python -m benchmarks.routing_latency [--rounds 12]

Ways are measured in turn within each round, and compared within it (paired ratios), as a busy machine changes from round
to round. `fixed_pace`: servers that keep a given pace and share no cores. `same_cores`: two llama.cpp servers with random
weights on this machine's cores. Writes `benchmarks/out/routing_latency.json`.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from benchmarks.paced_server import Pace, PacedServer
from benchmarks.results import write_result
from mom.mixture.classifier import Classifier, SmallLlmStage
from mom.mixture.conversation import Conversation, Message
from mom.mixture.events import TextDelta
from mom.mixture.needs_text import stream_text
from mom.mixture.paths import Mixture, answer
from mom.mixture.ports import LabelModel, SamplingOptions
from mom.mixture.prompts import FOR_VERDICT, question_with_transcript, system_prompt
from mom.models.chat_client import ChatClient
from mom.models.dialects import Shape
from mom.models.http_client import make_http_client
from mom.models.json_labels import label_shape
from mom.models.parts import Endpoint, PartName
from mom.models.structured_asking import StructuredAsking
from mom.models.upstream import Upstream
from tests.llama import LlamaServer, running_llama
from tests.mixture.album import Album
from tests.models.fake_servers import serving
from tests.random_llm import SHAPES, write_random_llm
from tests.scripted import ScriptedImageModel, ScriptedLanguageModel

PACE = Pace(first_token_s=0.4, between_s=0.02, verdict_s=0.15)
LABELS = ("text", "image")
Way = Callable[[str], Awaitable[float]]


async def measure(
    ways: Mapping[str, Way], rounds: int, base: str, settle: Callable[[], Awaitable[None]]
) -> dict[str, Any]:
    """Milliseconds of each way, and its ratio to `base` in the same round. The order turns with the rounds."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for number in range(-1, rounds):  # round -1 warms up
        turn = number % len(names)
        for name in (*names[turn:], *names[:turn]):
            await settle()
            words = f"{number} {name}: " + "what does a fox eat in winter, and where does it sleep?"
            ms = await ways[name](words[:70]) * 1000
            if number >= 0:
                taken[name].append(ms)
    return {name: _figures(times, taken[base]) for name, times in taken.items()} | {"rounds": rounds}


def _figures(times: Sequence[float], base: Sequence[float]) -> dict[str, float]:
    ratios = [time / other for time, other in zip(times, base, strict=True)]
    return {
        "p50_ms": round(median(times), 1),
        "p95_ms": round(_p95(times), 1),
        "paired_ratio_p50": round(median(ratios), 3),
        "paired_ratio_p95": round(_p95(ratios), 3),
    }


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]


@dataclass(frozen=True)
class ReadsButAnswersText:
    """The small LLM at its full cost. What random weights say means nothing, so the verdict is always text."""

    small_llm: ChatClient
    name: str = "small"

    async def weigh_labels(self, messages: Sequence[Message], labels: Sequence[str]) -> Mapping[str, float]:
        await self.small_llm.weigh_labels(messages, labels)
        return {"text": 1.0, "image": 0.0}


def first_token_ways(small: LabelModel, large: ChatClient) -> dict[str, Way]:
    def mixture(*, speculates: bool) -> Mixture:
        classifier = Classifier([SmallLlmStage(small)], deadline_s=60)
        nobody = ScriptedLanguageModel()
        return Mixture(classifier, large, nobody, ScriptedImageModel(), Album(), lambda: speculates)

    async def first(items: AsyncIterator[Any]) -> float:
        started = time.perf_counter()
        async with aclosing(items) as stream:  # type: ignore[type-var]
            async for item in stream:
                if isinstance(item, TextDelta):
                    return time.perf_counter() - started
        raise RuntimeError("no token came")

    def ask(words: str) -> Conversation:
        return Conversation((Message("user", words),))

    return {
        "direct": lambda words: first(stream_text(ask(words), large, SamplingOptions())),
        "routed": lambda words: first(answer(ask(words), mixture(speculates=False))),
        "speculative": lambda words: first(answer(ask(words), mixture(speculates=True))),
    }


async def measure_fixed_pace(rounds: int) -> dict[str, Any]:
    with serving(PacedServer(PACE).app()) as root:
        async with make_http_client() as http:
            endpoint = Endpoint(f"{root}/v1", "paced")
            small = ReadsButAnswersText(ChatClient(endpoint, http, PartName.SMALL_LLM))
            ways = first_token_ways(small, ChatClient(endpoint, http, PartName.LARGE_LLM))
            figures = await measure(ways, rounds, "direct", partial(asyncio.sleep, 0))
    return figures | {"first_token_ms": PACE.first_token_s * 1000, "verdict_ms": PACE.verdict_s * 1000}


def label_ways(server: LlamaServer, http: httpx.AsyncClient) -> dict[str, Way]:
    client = ChatClient(server.endpoint, http, PartName.SMALL_LLM)
    upstream = Upstream(server.endpoint, http, PartName.SMALL_LLM)
    structured = StructuredAsking(upstream)

    def question(words: str) -> list[Message]:
        return question_with_transcript("classify", Conversation((Message("user", words),)), FOR_VERDICT)

    async def timed(work: Awaitable[Any]) -> float:
        started = time.perf_counter()
        await work
        return time.perf_counter() - started

    def prefill_alone(words: str) -> Awaitable[float]:
        return timed(_complete(upstream, question(words), {"max_tokens": 1, "temperature": 0, "cache_prompt": True}))

    def as_json(words: str) -> Awaitable[float]:
        shape = label_shape(LABELS)
        return timed(structured.ask(question(words), Shape(shape.schema, 32), lambda reply: reply))

    def as_the_seed(words: str) -> Awaitable[float]:
        """The message before the guidelines, and two booleans in JSON: nothing behind the message is cached."""
        prompt = f"The message: '{words}'\n{system_prompt('classify')}"
        flags = {flag: {"type": "boolean"} for flag in ("is_image", "is_text")}
        schema = {"type": "object", "properties": flags, "required": list(flags)}
        shape = {"type": "json_schema", "json_schema": {"name": "route", "schema": schema}}
        body = {"max_tokens": 28, "temperature": 0, "cache_prompt": True, "response_format": shape}
        return timed(_complete(upstream, [Message("user", prompt)], body))

    return {
        "floor": prefill_alone,
        "labels": lambda words: timed(client.weigh_labels(question(words), LABELS)),
        "json_enum": as_json,
        "json_of_the_seed": as_the_seed,
    }


async def _complete(upstream: Upstream, messages: Sequence[Message], fields: Mapping[str, Any]) -> None:
    asked = [{"role": message.role, "content": message.content} for message in messages]
    await upstream.post(f"{upstream.base_url}/chat/completions", {"messages": asked, **fields})


async def measure_llama(rounds: int, model: Path) -> dict[str, Any]:
    """Both parts on the same cores, then the small LLM alone."""
    with (
        running_llama(model, context_tokens=4096, model="small") as small_server,
        running_llama(model, context_tokens=4096, model="large") as large_server,
    ):
        async with make_http_client() as http:
            small = ReadsButAnswersText(ChatClient(small_server.endpoint, http, PartName.SMALL_LLM))
            large = ChatClient(large_server.endpoint, http, PartName.LARGE_LLM)

            async def settle() -> None:
                assert await asyncio.to_thread(large_server.becomes_idle_within, 20)

            same_cores = await measure(first_token_ways(small, large), rounds, "direct", settle)
            labels = await measure(label_ways(small_server, http), rounds, "floor", partial(asyncio.sleep, 0))
    return {"same_cores": same_cores, "label_reading": labels}


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=12)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        model = write_random_llm(Path(folder) / "slow.gguf", SHAPES["slow"])
        result = {"fixed_pace": await measure_fixed_pace(rounds * 3), **await measure_llama(rounds, model)}
    result |= {
        "model": "random weights, 8 layers of width 768, one token per character",
        "load_1min": os.getloadavg()[0],
    }
    write_result("routing_latency", result)


if __name__ == "__main__":
    asyncio.run(main())
