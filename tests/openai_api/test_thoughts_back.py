"""What a model thought comes back to its server with the call of a tool, past servers that refuse as the real ones do."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from openai import OpenAI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mom.models.chat_client import ChatClient
from mom.models.http_client import make_http_client
from mom.models.parts import Endpoint, PartName
from tests.models.fake_servers import chunk, serving, sse
from tests.openai_api.test_chat import post
from tests.scripted import ScriptedParts
from tests.web.site import running_site

QUESTION = {"role": "user", "content": "Is it raining in Oslo?"}
TOOLS = [{"type": "function", "function": {"name": "weather"}}]
SIGNED = {"google": {"thought_signature": "CsEBAdHtim9abc=="}}
THOUGHT = "The weather tool knows."


def call(number: int, **more: Any) -> dict[str, Any]:
    return {
        "index": number,
        "id": f"c{number}",
        "type": "function",
        "function": {"name": "weather", "arguments": "{}"},
        **more,
    }


def refuse(status: int, body: Any) -> Response:
    return JSONResponse(body, status_code=status)


def answers_in(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [message for message in body["messages"] if message["role"] == "assistant"]


def deepseek(body: dict[str, Any]) -> Response | None:
    if all("reasoning_content" in answer for answer in answers_in(body)):
        return None
    words = "The `reasoning_content` in the thinking mode must be passed back to the API."
    return refuse(400, {"error": {"message": words, "type": "invalid_request_error", "param": None}})


def moonshot(body: dict[str, Any]) -> Response | None:
    if all(answer.get("reasoning_content") for answer in answers_in(body) if "tool_calls" in answer):
        return None
    words = "thinking is enabled but reasoning_content is missing in assistant tool call message at index 1"
    return refuse(400, {"error": {"message": words, "type": "invalid_request_error"}})


def openrouter(body: dict[str, Any]) -> Response | None:
    """Moonshot behind OpenRouter, which tells its provider's refusal inside of its own."""
    if (refusal := moonshot(body)) is None:
        return None
    metadata = {"raw": bytes(refusal.body).decode(), "provider_name": "Moonshot AI"}
    return refuse(400, {"error": {"message": "Provider returned error", "code": 400, "metadata": metadata}})


def gemini(body: dict[str, Any]) -> Response | None:
    first = [answer["tool_calls"][0] for answer in answers_in(body) if "tool_calls" in answer]
    if all(one.get("extra_content", {}).get("google", {}).get("thought_signature") for one in first):
        return None
    words = "Function call is missing a thought_signature in functionCall parts. This is required for tools to work."
    return refuse(400, [{"error": {"code": 400, "message": words, "status": "INVALID_ARGUMENT"}}])


def gemini_at_openrouter(body: dict[str, Any]) -> Response | None:
    called = [answer for answer in answers_in(body) if "tool_calls" in answer]
    if all([one["id"] for one in answer.get("reasoning_details", ())] == ["c0"] for answer in called):
        return None
    raw = (
        "Gemini models require OpenRouter reasoning details to be preserved in each request. Please refer to our docs."
    )
    return refuse(400, {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": raw}}})


def groq(body: dict[str, Any]) -> Response | None:
    if not any("reasoning_content" in answer for answer in answers_in(body)):
        return None
    words = "'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : property 'reasoning_content' is unsupported)]"
    return refuse(400, {"error": {"message": words, "type": "invalid_request_error"}})


def mistral(body: dict[str, Any]) -> Response | None:
    known = {"role", "content", "tool_calls"}
    unknown = [
        {
            "type": "extra_forbidden",
            "loc": ["body", "messages", 1, "assistant", name],
            "msg": "Extra inputs are not permitted",
        }
        for answer in answers_in(body)
        for name in answer.keys() - known
    ]
    return refuse(422, {"object": "error", "message": {"detail": unknown}}) if unknown else None


@dataclass
class ThinkingServer:
    """Thinks, calls a tool, and answers its result; `check` refuses as one hosted server does."""

    thought: dict[str, str]
    calls: list[dict[str, Any]]
    check: Callable[[dict[str, Any]], Response | None]
    taken: list[dict[str, Any]] = field(default_factory=list)
    refusals: int = 0

    async def answer(self, request: Request) -> Response:
        body = json.loads(await request.body())
        if refusal := self.check(body):
            self.refusals += 1
            return refusal
        self.taken.append(body)
        if body["messages"][-1]["role"] == "tool":
            return sse(chunk(**self.thought), chunk("It pours."), chunk(finish_reason="stop"))()
        return sse(chunk(**self.thought), chunk(tool_calls=self.calls), chunk(finish_reason="tool_calls"))()


@contextmanager
def client_before(server: ThinkingServer, folder) -> Iterator[OpenAI]:
    """The official client at a MoM whose large LLM is `server`."""
    app = Starlette(routes=[Route("/v1/chat/completions", server.answer, methods=["POST"])])
    parts, http = ScriptedParts(), make_http_client()
    with serving(app) as root:
        parts.large_llm = ChatClient(Endpoint(f"{root}/v1", "thinker", None), http, PartName.LARGE_LLM)
        with (
            running_site(folder, parts) as site,
            OpenAI(base_url=f"{site.url}/v1", api_key="x", max_retries=0) as client,
        ):
            try:
                yield client
            finally:
                asyncio.run_coroutine_threadsafe(http.aclose(), site.loop).result(20)


def ask(client: OpenAI, messages: list[dict[str, Any]], *, streamed: bool):
    asked = {"model": "mom-text", "messages": messages, "tools": TOOLS}
    if not streamed:
        return client.chat.completions.create(**asked).choices[0].message
    with client.chat.completions.stream(**asked) as stream:
        return stream.get_final_completion().choices[0].message


def kept(message) -> dict[str, Any]:
    """A message as programs keep it that keep all of it."""
    return message.model_dump(exclude_none=True, exclude={"parsed": True})


def forgotten(message) -> dict[str, Any]:
    """A message as programs keep it that know OpenAI's own fields alone."""
    calls = [one.model_dump(include={"id", "type", "function"}) for one in message.tool_calls or ()]
    return {"role": "assistant", "content": message.content, **({"tool_calls": calls} if calls else {})}


def converse(client: OpenAI, keep: Callable[[Any], dict[str, Any]], *, streamed: bool) -> str:
    """Two questions, the first with a tool called on the way; the last answer."""
    messages = [QUESTION]
    called = ask(client, messages, streamed=streamed)
    messages += [
        keep(called),
        *({"role": "tool", "tool_call_id": one.id, "content": "yes"} for one in called.tool_calls),
    ]
    answered = ask(client, messages, streamed=streamed)
    messages += [keep(answered), QUESTION, keep(called), *messages[2:]]
    return ask(client, messages, streamed=streamed).content


CONTENT, SHORT = {"reasoning_content": THOUGHT}, {"reasoning": THOUGHT}
SERVERS = {
    "deepseek": (CONTENT, [call(0)], deepseek),
    "deepseek-without-a-thought": ({"reasoning_content": ""}, [call(0)], deepseek),
    "moonshot": (CONTENT, [call(0)], moonshot),
    "openrouter": (SHORT, [call(0)], openrouter),
    "gemini-at-openrouter": (SHORT, [call(0), call(1)], gemini_at_openrouter),
    "gemini": ({"content": ""}, [call(0, extra_content=SIGNED), call(1)], gemini),
    "groq": (SHORT, [call(0)], groq),
    "mistral": (CONTENT, [call(0)], mistral),
}


@pytest.mark.parametrize("keep", [kept, forgotten])
@pytest.mark.parametrize("name", SERVERS)
def test_the_result_of_a_tool_is_answered_whatever_its_server_demands(tmp_path, name, keep):
    with client_before(ThinkingServer(*SERVERS[name]), tmp_path) as client:
        assert converse(client, keep, streamed=True) == "It pours."
        assert converse(client, keep, streamed=False) == "It pours."


@pytest.mark.parametrize("name", ["deepseek", "moonshot", "gemini"])
def test_what_a_program_keeps_comes_back_as_it_was(tmp_path, name):
    server = ThinkingServer(*SERVERS[name])
    with client_before(server, tmp_path) as client:
        for streamed in (True, False):
            converse(client, kept, streamed=streamed)
            answers = answers_in(server.taken[-1])
            if name == "gemini":
                calls = [one for answer in answers for one in answer.get("tool_calls", ())]
                assert [one.get("extra_content") for one in calls] == [SIGNED, None] * 2
            else:
                assert [answer["reasoning_content"] for answer in answers] == [THOUGHT] * 3
    assert server.refusals == 0


def test_a_server_is_asked_twice_only_once(tmp_path):
    server = ThinkingServer(*SERVERS["deepseek"])
    with client_before(server, tmp_path) as client:
        converse(client, forgotten, streamed=True)
        converse(client, forgotten, streamed=True)
    assert server.refusals == 1


def test_thoughts_go_back_where_there_are_tools_alone(tmp_path):
    server = ThinkingServer(*SERVERS["deepseek"])
    answered = {"role": "assistant", "content": "Yes.", "reasoning_content": THOUGHT}
    with client_before(server, tmp_path) as client:
        client.chat.completions.create(model="mom-text", messages=[QUESTION], max_tokens=5)
        server.check = lambda _: None
        client.chat.completions.create(model="mom-text", messages=[QUESTION, answered, QUESTION])
    assert [*answers_in(server.taken[-1])[0]] == ["role", "content"]


@pytest.mark.parametrize("odd", [7, ["x"], {"effort": "low"}, None])
def test_what_is_no_thought_is_passed_over(site, odd):
    answered = {"role": "assistant", "content": "Yes.", "reasoning": odd, "reasoning_content": odd}
    assert post(site, messages=[QUESTION, answered, QUESTION], tools=TOOLS).status_code == 200


def test_thoughts_count_in_the_length_of_a_conversation(site):
    half = "x" * 2**19
    called = {
        "role": "assistant", "content": None, "reasoning_content": half,
        "tool_calls": [{**call(0), "extra_content": {"google": {"thought_signature": half}}}],
    }  # fmt: skip
    answer = post(site, messages=[QUESTION, called, {"role": "tool", "tool_call_id": "c0", "content": "yes"}])
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "message_too_long")
