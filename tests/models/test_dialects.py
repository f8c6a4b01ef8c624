"""Structured answers and labels in each dialect, against servers that speak it, and servers that do not keep it."""

import json
import math

import httpx
import pytest
from starlette.responses import JSONResponse

from mom.errors import PartBrokenError, PartTimeoutError, StructureError
from mom.mixture.conversation import Message
from mom.models.chat_client import ChatClient
from mom.models.dialects import OLLAMA, OPENAI, VLLM, find_dialect
from mom.models.http_client import TimeLimits
from mom.models.json_labels import UNCALIBRATED
from mom.models.parts import Endpoint, PartName
from mom.models.upstream import Upstream
from tests.models.fake_servers import completion, refused, running, sse

CHAT = "/v1/chat/completions"
OLLAMA_CHAT = "/api/chat"
OLLAMA_VERSION = {"/api/version": [JSONResponse({"version": "0.13.0"})]}
QUESTION = [Message("system", "You write prompts."), Message("user", "a fox")]
SCHEMA = {
    "type": "object",
    "properties": {"prompt": {"type": "string", "minLength": 1, "maxLength": 20}},
    "required": ["prompt"],
    "additionalProperties": False,
}
LABELS = ("text", "image")


def client_of(server, http, part=PartName.SMALL_LLM) -> ChatClient:
    return ChatClient(server.endpoint, http, part)


def ollama_reply(content: str, **fields) -> JSONResponse:
    return JSONResponse(
        {"message": {"role": "assistant", "content": content}, "done": True, "done_reason": "stop", **fields}
    )


async def write(client) -> dict:
    return dict(await client.write_structure(QUESTION, SCHEMA, max_tokens=50))


@pytest.mark.parametrize(
    ("replies", "dialect"),
    [
        (OLLAMA_VERSION, OLLAMA),
        ({"/version": [JSONResponse({"version": "0.9"})]}, VLLM),
        ({}, OPENAI),
        ({"/props": [JSONResponse({"detail": "mine"})], "/version": [JSONResponse(["no object"])]}, OPENAI),
    ],
)
async def test_the_dialect_is_found_out(http, replies, dialect):
    with running(replies) as server:
        assert await find_dialect(Upstream(server.endpoint, http, PartName.SMALL_LLM)) is dialect


async def test_openai_is_asked_with_a_strict_nested_schema_once_the_dialect_is_known(http):
    with running({CHAT: [completion('{"prompt": "a fox"}')]}) as server:
        client = client_of(server, http)
        assert await write(client) == {"prompt": "a fox"}
        assert await write(client) == {"prompt": "a fox"}
        asked = server.asked

    body = asked[-1][1]
    wrapped = body["response_format"]["json_schema"]
    assert (body["response_format"]["type"], wrapped["strict"]) == ("json_schema", True)
    assert wrapped["schema"]["required"] == ["prompt"]
    assert wrapped["schema"]["properties"] == {"prompt": {"type": "string"}}  # strict mode refuses lengths
    assert "chat_template_kwargs" not in body
    assert sorted(path for path, _ in asked) == ["/api/version", "/props", CHAT, CHAT, "/version"]


async def test_openai_is_told_that_what_may_be_left_out_may_be_empty(http):
    others = {"type": "array", "items": {"type": "string", "maxLength": 20}, "maxItems": 3}
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "others": others}}
    with running({CHAT: [completion('{"prompt": "a fox", "others": []}')]}) as server:
        written = await client_of(server, http).write_structure(QUESTION, schema, max_tokens=50)
        sent = server.asked[-1][1]["response_format"]["json_schema"]["schema"]

    assert written == {"prompt": "a fox", "others": []}
    assert sent["required"] == ["prompt", "others"]
    assert sent["properties"]["others"] == {"type": "array", "items": {"type": "string"}}


async def test_lengths_that_openai_is_not_told_are_checked_all_the_same(http):
    with running(
        {CHAT: [completion('{"prompt": "a fox that is much too long"}'), completion('{"prompt": "fox"}')]}
    ) as server:
        assert await write(client_of(server, http)) == {"prompt": "fox"}
        second = server.bodies(CHAT)[1]

    assert "That does not fit" in second["messages"][-1]["content"]
    assert "response_format" in second


async def test_vllm_is_told_not_to_think(http):
    replies = {"/version": [JSONResponse({"version": "0.9"})], CHAT: [completion('{"prompt": "fox"}')]}
    with running(replies) as server:
        await write(client_of(server, http))
        assert server.bodies(CHAT)[0]["chat_template_kwargs"] == {"enable_thinking": False}


async def test_ollama_is_asked_at_its_own_face_with_a_format(http):
    with running({**OLLAMA_VERSION, OLLAMA_CHAT: [ollama_reply('{"prompt": "fox"}')]}) as server:
        assert await write(client_of(server, http)) == {"prompt": "fox"}
        (body,) = server.bodies(OLLAMA_CHAT)

    assert body["format"] == SCHEMA
    assert (body["think"], body["stream"], body["truncate"]) == (False, False, False)
    assert body["options"]["num_predict"] == 50


async def test_a_server_that_ignores_the_structure_is_asked_in_words_from_then_on(http, caplog):
    replies = [
        completion("Sure! A fox."),
        completion('Here it is:\n```json\n{"prompt": "fox"}\n```'),
        completion('{"prompt": "2"}'),
    ]
    with running({CHAT: replies}) as server:
        client = client_of(server, http)
        assert await write(client) == {"prompt": "fox"}
        assert await write(client) == {"prompt": "2"}
        first, second, third = server.bodies(CHAT)

    assert "response_format" in first
    for body in (second, third):
        assert "response_format" not in body
        assert body["messages"][0]["content"].startswith("You write prompts.\n\nReply with one JSON object")
    assert caplog.text.count("ignores the structure") == 1


async def test_a_server_that_refuses_the_structure_is_asked_in_words_from_then_on(http, caplog):
    refusal = refused(400, "response_format json_schema is not available here")
    with running({CHAT: [refusal, completion('{"prompt": "fox"}')]}) as server:
        client = client_of(server, http)
        assert await write(client) == {"prompt": "fox"}
        assert await write(client) == {"prompt": "fox"}
        assert ["response_format" in body for body in server.bodies(CHAT)] == [True, False, False]
    assert "refuses a structured answer" in caplog.text


@pytest.mark.parametrize(
    "broken", ["", "Sure!", "{}", '{"prompt": 5}', '{"prompt": "fox", "more": 1}', "[1]", '{"prompt": "']
)
async def test_a_second_reply_that_does_not_fit_is_an_error(http, broken):
    with running({CHAT: [completion(broken)]}) as server:
        with pytest.raises(StructureError, match="did not answer in the form"):
            await write(client_of(server, http))
        assert len(server.bodies(CHAT)) == 2


async def test_thinking_is_no_part_of_a_structured_answer(http):
    with running({CHAT: [completion('<think>{"prompt": "wrong"}</think>{"prompt": "fox"}')]}) as server:
        assert await write(client_of(server, http)) == {"prompt": "fox"}


async def test_a_structured_answer_in_parts_is_read(http):
    parts = [{"type": "thinking", "thinking": "well"}, {"type": "text", "text": '{"prompt": "fox"}'}]
    with running({CHAT: [completion(parts)]}) as server:
        assert await write(client_of(server, http)) == {"prompt": "fox"}


async def test_a_model_that_thinks_its_tokens_away_gets_more(http):
    with running(
        {CHAT: [completion("<think>well", finish_reason="length"), completion('{"prompt": "fox"}')]}
    ) as server:
        assert await write(client_of(server, http)) == {"prompt": "fox"}
        assert [body["max_tokens"] for body in server.bodies(CHAT)] == [50, 400]


@pytest.mark.parametrize("answer", [JSONResponse(["no"]), JSONResponse({"choices": []}), JSONResponse({"choices": 3})])
async def test_a_reply_of_no_known_shape_is_broken(http, answer):
    with running({CHAT: [answer]}) as server, pytest.raises(PartBrokenError, match="no chat server answers"):
        await write(client_of(server, http))


async def test_a_reply_that_does_not_come_is_too_slow(http):
    async def never() -> None:
        import asyncio

        await asyncio.Event().wait()

    with running({CHAT: [sse(then=never)]}) as server:
        limits = TimeLimits(reply_s=0.3, probe_s=0.3)
        with pytest.raises(PartTimeoutError):
            await write(ChatClient(server.endpoint, http, PartName.LARGE_LLM, limits))


async def test_a_label_without_probabilities_gets_the_uncalibrated_one(http):
    with running({CHAT: [completion('{"need": "image"}')]}) as server:
        weights = await client_of(server, http).weigh_labels(QUESTION, LABELS)
        schema = server.bodies(CHAT)[0]["response_format"]["json_schema"]["schema"]

    assert weights == pytest.approx({"image": UNCALIBRATED, "text": 1 - UNCALIBRATED})
    assert schema["properties"]["need"]["enum"] == ["text", "image"]


@pytest.mark.parametrize("shape", ["openai", "ollama"])
async def test_a_label_is_weighed_by_its_tokens_where_they_are_told(http, shape):
    tokens = ['{"', "need", '":', ' "', "image", '"}']
    positions = [{"token": token, "logprob": -0.01, "top_logprobs": []} for token in tokens]
    positions[4]["top_logprobs"] = [
        {"token": "image", "logprob": math.log(0.6)},
        {"token": "text", "logprob": math.log(0.1)},
        {"token": "im", "logprob": math.log(0.1)},
        {"token": "other", "logprob": math.log(0.2)},
    ]
    content = json.dumps({"need": "image"})
    replies = {CHAT: [completion(content, positions=positions)]}
    if shape == "ollama":
        replies = {**OLLAMA_VERSION, OLLAMA_CHAT: [ollama_reply(content, logprobs=positions)]}
    with running(replies) as server:
        weights = await client_of(server, http).weigh_labels(QUESTION, LABELS)

    assert weights == pytest.approx({"image": 0.7 / 0.8, "text": 0.1 / 0.8})


async def test_a_model_that_forbids_probabilities_is_asked_without_them(http):
    forbidden = {"error": {"message": "You are not allowed to request logprobs from this model"}}
    with running({CHAT: [JSONResponse(forbidden, 403), completion('{"need": "image"}')]}) as server:
        assert (await client_of(server, http).weigh_labels(QUESTION, LABELS))["image"] == UNCALIBRATED
        assert ["logprobs" in body for body in server.bodies(CHAT)] == [True, False]


async def test_a_label_among_words_is_understood(http):
    with running({CHAT: [completion("Image.")]}) as server:
        assert (await client_of(server, http).weigh_labels(QUESTION, LABELS))["image"] == UNCALIBRATED


async def test_no_label_at_all_is_an_error(http):
    with running({CHAT: [completion("text or image, who knows")]}) as server, pytest.raises(StructureError):
        await client_of(server, http).weigh_labels(QUESTION, LABELS)


async def test_a_llama_cpp_that_ignores_the_grammar_is_asked_for_json(http, caplog):
    ignored = [
        {"token": "text", "id": 1, "logprob": -0.1, "top_logprobs": [{"token": "text", "id": 1, "logprob": -0.1}]}
    ]
    replies = {
        "/props": [JSONResponse({"default_generation_settings": {}})],
        "/tokenize": [JSONResponse({"tokens": [1]}), JSONResponse({"tokens": [2]})],
        CHAT: [completion("text", positions=ignored), completion('{"need": "image"}')],
    }
    with running(replies) as server:
        client = client_of(server, http)
        for _ in range(2):
            assert (await client.weigh_labels(QUESTION, LABELS))["image"] == UNCALIBRATED
        grammars = [body.get("grammar") for body in server.bodies(CHAT)]

    assert grammars == ["root ::= <[1]> | <[2]>", None, None]
    assert "cannot weigh tokens" in caplog.text


async def test_a_llama_cpp_of_several_models_is_told_whose_tokens_are_meant(http):
    replies = {
        "/props": [JSONResponse({"role": "router", "default_generation_settings": {}})],
        CHAT: [completion('{"need": "image"}')],
    }
    with running(replies) as server:
        await client_of(server, http).weigh_labels(QUESTION, LABELS)
        assert server.bodies("/tokenize")[0]["model"] == server.endpoint.model


async def test_a_llama_cpp_without_its_tokenizer_is_asked_for_json(http):
    replies = {
        "/props": [JSONResponse({"default_generation_settings": {}})],
        CHAT: [completion('{"need": "image"}')],
    }
    with running(replies) as server:
        client = client_of(server, http)
        for _ in range(2):
            assert (await client.weigh_labels(QUESTION, LABELS))["image"] == UNCALIBRATED
        assert len(server.bodies("/tokenize")) == 1


@pytest.mark.parametrize(("failures", "asked_so"), [(1, [True, False, True]), (2, [True, False, True, False, False])])
async def test_a_llama_cpp_that_fails_once_is_asked_for_tokens_again(http, failures, asked_so):
    weighed = [
        {"token": "image", "id": 2, "logprob": -0.1, "top_probs": [{"token": "image", "id": 2, "prob": 0.9},
                                                                   {"token": "text", "id": 1, "prob": 0.1}]}
    ]  # fmt: skip
    failure, said = JSONResponse({"error": "being started"}, 500), completion('{"need": "image"}')
    replies = {
        "/props": [JSONResponse({"default_generation_settings": {}})],
        "/tokenize": [JSONResponse({"tokens": [1]}), JSONResponse({"tokens": [2]})],
        CHAT: [*[failure, said] * failures, completion("image", positions=weighed) if failures == 1 else said],
    }
    with running(replies) as server:
        client = client_of(server, http)
        for _ in range(failures + 1):
            await client.weigh_labels(QUESTION, LABELS)
        assert ["grammar" in body for body in server.bodies(CHAT)] == asked_so


async def test_a_llama_cpp_that_has_another_model_by_now_is_asked_for_the_tokens_anew(http, caplog):
    def weighed(text: int, image: int, words: tuple[str, str] = LABELS):
        tokens = [{"token": word, "id": token, "prob": 0.5} for word, token in zip(words, (text, image), strict=True)]
        return completion("image", positions=[{"token": "image", "top_probs": tokens}])

    replies = {
        "/props": [JSONResponse({"default_generation_settings": {}})],
        "/tokenize": [JSONResponse({"tokens": [token]}) for token in (1, 2, 3, 4)],
        CHAT: [
            weighed(1, 2),
            weighed(1, 2, (" the", "ing")),
            completion('{"need": "image"}'),
            weighed(3, 4, (" text", " image")),
        ],
    }
    with running(replies) as server:
        client = client_of(server, http)
        for image in (0.5, UNCALIBRATED, 0.5):
            assert (await client.weigh_labels(QUESTION, LABELS))["image"] == image
        grammars = [body.get("grammar") for body in server.bodies(CHAT)]

    assert grammars == ["root ::= <[1]> | <[2]>", "root ::= <[1]> | <[2]>", None, "root ::= <[3]> | <[4]>"]
    assert "from now on" not in caplog.text


class BreaksOff(httpx.AsyncHTTPTransport):
    """Breaks so many requests off before it lets any through, such as a container's proxy before its server listens."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.times > 0:
            self.times -= 1
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        return await super().handle_async_request(request)


async def test_a_server_that_breaks_off_before_it_says_what_it_is_is_asked_again():
    replies = {"/version": [JSONResponse({"version": "0.9"})], CHAT: [completion('{"prompt": "fox"}')]}
    with running(replies) as server:
        async with httpx.AsyncClient(transport=BreaksOff(3)) as http:
            client = client_of(server, http)
            with pytest.raises(PartBrokenError, match="closed the connection"):
                await write(client)
            await write(client)
        assert server.bodies(CHAT)[0]["chat_template_kwargs"] == {"enable_thinking": False}


async def test_an_error_in_a_good_reply_is_told_in_the_servers_words(http):
    answer = {"error": {"message": "Provider returned error: insufficient credits", "code": 402}}
    with (
        running({CHAT: [JSONResponse(answer)]}) as server,
        pytest.raises(PartBrokenError, match="insufficient credits"),
    ):
        await write(client_of(server, http))


async def test_a_name_in_the_address_is_sent_as_it_is(http):
    with running({CHAT: [completion('{"prompt": "fox"}')]}) as server:
        endpoint = Endpoint(f"{server.root}/v1/", "org/model-1", None)
        await write(ChatClient(endpoint, http, PartName.LARGE_LLM))
        assert server.bodies(CHAT)[0]["model"] == "org/model-1"
