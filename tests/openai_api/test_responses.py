"""Responses, as OpenAI's own client reads them and as they stand on the wire."""

import base64
import json

import httpx
import openai as sdk
import pytest
from openai import OpenAI

from mom.errors import BusyError, PartBrokenError, PartUnavailableError
from mom.mixture.events import ReasoningDelta, TextDelta
from mom.mixture.ports import Ended
from tests.chats.waiting import wait_for
from tests.openai_api.responses import create, items, kinds, post, stream
from tests.scripted import ScriptedImageModel, ScriptedLabelModel, ScriptedLanguageModel, png_of

MESSAGE = ["output_item.added", "content_part.added", "output_text.delta", "output_text.done", "content_part.done"]
BEGIN = ["created", "in_progress"]


def test_a_whole_answer(openai: OpenAI):
    answer = openai.responses.create(model="mom", input="hello", metadata={"a": "b"}, instructions="Be brief.")
    assert (answer.object, answer.model, answer.status, answer.output_text) == (
        "response",
        "mom",
        "completed",
        "Hello!",
    )
    (message,) = answer.output
    assert (message.type, message.role, message.status) == ("message", "assistant", "completed")
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.total_tokens) == (3, 2, 5)
    assert (answer.metadata, answer.instructions, answer.error) == ({"a": "b"}, "Be brief.", None)


def test_a_streamed_answer_tells_each_step_in_openais_order(site):
    events = stream(site)
    assert kinds(events) == [*BEGIN, *MESSAGE, "output_item.done", "completed"]
    assert "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta") == "Hello!"
    first, last = events[0]["response"], events[-1]["response"]
    assert (first["status"], first["output"], first["usage"]) == ("in_progress", [], None)
    assert (last["status"], last["output"], last["id"]) == ("completed", items(events), first["id"])
    assert {event["item_id"] for event in events if "item_id" in event} == {items(events)[0]["id"]}


def test_the_official_client_puts_a_stream_together(openai: OpenAI):
    with openai.responses.stream(model="mom", input="hello") as answering:
        assert [event.delta for event in answering if event.type == "response.output_text.delta"] == ["Hello", "!"]
        assert answering.get_final_response().output_text == "Hello!"


def test_thinking_is_an_item_of_its_own_before_the_answer(site, openai: OpenAI, parts):
    parts.large_llm.reply = [ReasoningDelta("h"), ReasoningDelta("m"), "Yes"]
    reasoning, message = openai.responses.create(model="mom", input="hello").output
    assert [part.text for part in reasoning.summary] == ["hm"]
    assert message.content[0].text == "Yes"
    thinking = ["output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta"]
    thinking += ["reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done"]
    assert kinds(stream(site)) == [*BEGIN, *thinking, *MESSAGE, "output_item.done", "completed"]


@pytest.mark.parametrize(("reason", "told"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_an_answer_that_was_cut_off_says_why(site, parts, reason, told):
    parts.large_llm = ScriptedLanguageModel([TextDelta("Hel"), Ended(reason)])
    whole, events = create(site), stream(site)
    assert kinds(events)[-1] == "incomplete"
    for answer in (whole, events[-1]["response"]):
        assert (answer["status"], answer["incomplete_details"]) == ("incomplete", {"reason": told})
        assert answer["output"][-1]["status"] == "incomplete"


@pytest.mark.parametrize("streamed", [False, True])
def test_the_route_is_told(site, streamed):
    assert post(site, stream=streamed).headers["x-mom-route"].startswith("text; by=small_llm; p=0.98; ms=")
    answer = stream(site)[-1]["response"] if streamed else create(site)
    assert answer["mom"]["verdict"]["need"] == "text"
    assert answer["mom"]["timings"]["total_ms"] >= 0


def test_words_never_end_a_line_of_the_stream(site, parts):
    odd = "one\u2028two\u2029three\x85four\x0bfive\rsix\n"
    parts.large_llm = ScriptedLanguageModel([odd])
    body = {"model": "mom", "input": "hello", "stream": True}
    with httpx.stream("POST", f"{site.url}/v1/responses", json=body, timeout=30) as answer:
        lines = [line for line in answer.iter_lines() if line]
    last = json.loads(lines[-1].removeprefix("data: "))
    assert last["response"]["output"][0]["content"][0]["text"] == odd


def test_the_items_of_an_answer_can_be_sent_back_as_they_came(openai: OpenAI, parts):
    parts.large_llm.reply = [ReasoningDelta("hm"), "Yes"]
    asked = [{"role": "user", "content": "hello"}]
    answer = openai.responses.create(model="mom", input=asked)
    openai.responses.create(model="mom", input=[*asked, *answer.output, {"role": "user", "content": "sure?"}])
    said = [(message.role, message.content) for message in parts.large_llm.questions[-1][1:]]
    assert said == [("user", "hello"), ("assistant", "Yes"), ("user", "sure?")]


def test_instructions_and_messages_of_all_roles_and_forms(site, parts):
    said = [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be kind."}]},
        {"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "c", "annotations": []}]},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "d"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
        {"role": "user", "content": "e"},
    ]
    create(site, input=said, instructions="Be brief.", model="mom-text")
    assert [(message.role, message.content) for message in parts.large_llm.questions[-1]] == [
        ("system", "Be brief."), ("system", "Be kind."), ("user", "a\nb"), ("assistant", "c\n\nd"), ("user", "e"),
    ]  # fmt: skip


def test_what_may_be_asked_of_the_model_reaches_it_and_nothing_else_does(openai: OpenAI, parts):
    openai.responses.create(
        model="mom", input="hello", temperature=0.5, top_p=0.9, max_output_tokens=7, reasoning={"effort": "low"},
        include=["reasoning.encrypted_content"], truncation="disabled", service_tier="auto", user="me", store=True,
        parallel_tool_calls=True, tool_choice="auto", tools=[], text={"verbosity": "low"}, top_logprobs=0,
        background=False, extra_body={"seed": 3, "previous_response_id": None, "cache_prompt": False},
    )  # fmt: skip
    (options,) = parts.large_llm.options
    assert (options.temperature, options.top_p, options.max_tokens, options.seed) == (0.5, 0.9, 7, 3)
    assert options.passed_on == {}


def test_the_mixtures_and_the_models_by_their_names(openai: OpenAI, parts):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    assert openai.responses.create(model="mom", input="hello").output_text.startswith("![a fox](")
    assert openai.responses.create(model="mom-text", input="hello").output_text == "Hello!"
    assert openai.responses.create(model="mom-image", input="hello").output_text.startswith("![a fox](")
    assert openai.responses.create(model="scripted-llm", input="hello").output_text == "Hello!"
    with pytest.raises(sdk.NotFoundError):
        openai.responses.create(model="gpt-5", input="hello")


def test_an_attached_picture_is_seen_and_no_address_is_fetched(site, parts):
    def asking(picture: dict):
        content = [{"type": "input_text", "text": "what is it?"}, {"type": "input_image", "detail": "auto", **picture}]
        return post(site, input=[{"role": "user", "content": content}])

    seen = asking({"image_url": "data:image/png;base64," + base64.b64encode(png_of()).decode()})
    assert seen.json()["output"][0]["content"][0]["text"] == "I see it."
    assert parts.vision_llm.questions[0][-1].attachments[0].media_type == "image/png"
    foreign = asking({"image_url": "https://example.com/x.png"})
    assert (foreign.status_code, foreign.json()["error"]["param"]) == (400, "input")
    kept = asking({"file_id": "file-1"})
    assert (kept.status_code, kept.json()["error"]["param"]) == (400, "input.0.content.1.file_id")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": " "}, "input"),
        ({"input": [{"role": "assistant", "content": "hello"}]}, "input"),
        ({"input": [{"role": "function", "content": "x"}]}, "input.0.role"),
        ({"input": [{"content": "x"}]}, "input.0"),
        ({"input": [{"type": "web_search_call", "id": "ws_1"}]}, "input.0.type"),
        ({"input": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "input.0.content.0.type"),
        ({"input": [{"type": "item_reference"}]}, "input.0"),
        ({"input": "/paint x"}, "content"),
        ({"temperature": 3}, "temperature"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"conversation": {"id": "conv_1"}}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"background": True}, "background"),
        ({"top_logprobs": 3}, "top_logprobs"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_name_of_the_field(site, body, param):
    answer = post(site, **body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"previous_response_id": "resp_1"},
            "There is no such response, or it was deleted. Leave previous_response_id out, and send the earlier items",
        ),
        ({"conversation": "conv_1"}, "go on from one by previous_response_id."),
        ({"background": True}, "wait for it, or stream it."),
        ({"prompt": {"id": "pmpt_1"}}, "send its words as instructions."),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "the Vercel AI SDK does with store: false)."),
        ({"tools": [{"type": "web_search"}]}, "MoM has no web_search of its own; leave it out, or offer a function"),
    ],
)
def test_a_refusal_says_what_to_do(site, body, words):
    assert words in post(site, **body).json()["error"]["message"]


def test_a_conversation_of_more_than_a_mebibyte_is_too_long(site):
    answer = post(site, input="x" * 2**20, instructions="y")
    assert (answer.status_code, answer.json()["error"]["param"]) == (413, "input")


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (PartUnavailableError("The large LLM is still loading.", part="large_llm"), sdk.InternalServerError, 503),
        (BusyError("Too many ask.", retry_after_s=4), sdk.RateLimitError, 429),
    ],
)
def test_a_part_that_fails_at_once_is_a_status(openai: OpenAI, parts, streamed, error, kind, status):
    parts.large_llm = ScriptedLanguageModel([error])
    with pytest.raises(kind) as failed:
        list(openai.responses.create(model="mom", input="hello", stream=streamed))
    assert failed.value.status_code == status


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (PartBrokenError("The large LLM ended.", part="large_llm"), "part_broken", "server_error"),
        (BusyError("Too many ask.", retry_after_s=4), "busy", "rate_limit_exceeded"),
    ],
)
def test_a_part_that_fails_in_mid_stream_ends_it_as_failed(site, parts, error, code, told):
    parts.large_llm = ScriptedLanguageModel(["Hel", error])
    *_, failure, last = stream(site)
    assert (failure["type"], failure["code"], failure["message"]) == ("error", code, error.message)
    assert (last["type"], last["response"]["status"]) == ("response.failed", "failed")
    assert last["response"]["error"] == {"code": told, "message": error.message}


def test_a_mistake_of_moms_own_in_mid_stream_is_told_without_its_inside(site, parts, caplog):
    parts.large_llm = ScriptedLanguageModel(["Hel", ZeroDivisionError("secret")])
    events = stream(site)
    assert events[-2]["code"] == "internal_error"
    assert "secret" not in json.dumps(events)
    assert "secret" in caplog.text


def test_a_client_that_leaves_a_stream_cancels_the_work(openai: OpenAI, parts, gate):
    parts.large_llm = ScriptedLanguageModel(["one", gate, "two"])
    answering = openai.responses.create(model="mom", input="hello", stream=True)
    gate.wait_until_reached()
    assert parts.large_llm.at_work == 1
    answering.close()
    assert parts.large_llm.freed.wait(20), "the model is still at work"


def test_a_client_that_leaves_while_it_waits_for_a_whole_answer_cancels_the_work(site, parts, gate):
    parts.large_llm = ScriptedLanguageModel(["one", gate, "two"])
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{site.url}/v1/responses", json={"input": "hello"}, timeout=httpx.Timeout(20, read=0.3))
    wait_for(lambda: parts.large_llm.questions and parts.at_work == 0, "the model to be freed")


def test_a_client_that_leaves_while_it_is_drawn_drops_the_job(site, parts, gate):
    parts.image_model = ScriptedImageModel([gate])
    body = {"input": "/image a fox", "stream": True, "tools": [{"type": "image_generation"}]}
    with httpx.stream("POST", f"{site.url}/v1/responses", json=body, timeout=20):
        gate.wait_until_reached()
        assert parts.image_model.at_work == 1
    assert parts.image_model.freed.wait(20), "the image model is still at work"
