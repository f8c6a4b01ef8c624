"""Chat completions, as OpenAI's own client reads them and as they stand on the wire."""

import base64
import json

import httpx
import openai as sdk
import pytest
from openai import OpenAI

from mom.errors import (
    BusyError,
    PartBrokenError,
    PartMissingError,
    PartRefusedError,
    PartUnavailableError,
    RequestRefusedError,
)
from mom.mixture.events import ReasoningDelta
from mom.openai_api.conversation import link_to
from tests.chats.waiting import wait_for
from tests.scripted import ScriptedImageModel, ScriptedLabelModel, ScriptedLanguageModel, png_of

HELLO = [{"role": "user", "content": "hello"}]
FOX = [{"role": "user", "content": "/image a fox"}]


def post(site, **body) -> httpx.Response:
    return httpx.post(f"{site.url}/v1/chat/completions", json={"model": "mom", "messages": HELLO, **body}, timeout=30)


def stream_lines(site, **body) -> list:
    """The `data:` of every event, parsed, but for `[DONE]`, which is checked to be the last."""
    answer = post(site, stream=True, **body)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    *chunks, done, end = answer.text.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    return [json.loads(chunk.removeprefix("data: ")) for chunk in chunks]


def test_a_whole_answer(openai: OpenAI):
    answer = openai.chat.completions.create(model="mom", messages=HELLO)
    assert answer.object == "chat.completion"
    assert answer.model == "mom"
    (choice,) = answer.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", "Hello!", "stop")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (3, 2, 5)


def test_a_streamed_answer(openai: OpenAI):
    chunks = list(openai.chat.completions.create(model="mom", messages=HELLO, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello!"
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in chunks}) == 1
    assert len({chunk.created for chunk in chunks}) == 1


def test_the_finish_reason_is_there_and_null_until_the_end(site):
    chunks = stream_lines(site)
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, None, None, "stop"]
    assert all(chunk["object"] == "chat.completion.chunk" for chunk in chunks)
    assert "usage" not in chunks[-1]


def test_usage_comes_last_without_choices_and_only_where_it_is_asked_for(site):
    *chunks, last = stream_lines(site, stream_options={"include_usage": True})
    assert last["choices"] == []
    assert last["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert all(chunk["usage"] is None for chunk in chunks)


def test_thinking_is_kept_apart_from_the_answer(site, openai: OpenAI, parts):
    parts.large_llm.reply = [ReasoningDelta("hm"), "Yes"]
    assert post(site).json()["choices"][0]["message"] == {
        "role": "assistant", "refusal": None, "content": "Yes", "reasoning_content": "hm",
    }  # fmt: skip
    chunks = stream_lines(site)
    assert [chunk["choices"][0]["delta"] for chunk in chunks[1:3]] == [{"reasoning_content": "hm"}, {"content": "Yes"}]


def test_words_never_end_a_line_of_the_stream(site, parts):
    """Readers of lines, httpx's for one, know more ends of a line than the protocol does."""
    odd = "one\u2028two\u2029three\x85four\x0bfive\rsix\n"
    parts.large_llm = ScriptedLanguageModel([odd])
    body = {"model": "mom", "messages": HELLO, "stream": True}
    with httpx.stream("POST", f"{site.url}/v1/chat/completions", json=body, timeout=30) as answer:
        lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    chunks = [json.loads(line) for line in lines if line != "[DONE]"]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == odd


@pytest.mark.parametrize("prompt", ["a fox\\", "a [fox]", "a\nfox"])
def test_no_prompt_breaks_the_link_to_its_picture(prompt):
    assert link_to(prompt, "http://mom/images/x.png") == "![a fox](http://mom/images/x.png)"


@pytest.mark.parametrize("stream", [False, True])
def test_the_route_stands_in_a_header(site, stream):
    route = post(site, stream=stream).headers["x-mom-route"]
    assert route.startswith("text; by=small_llm; p=0.98; ms=")


def test_a_picture_comes_as_a_link_and_in_images(site, openai: OpenAI):
    answer = openai.chat.completions.create(model="mom", messages=FOX, seed=7)
    message = answer.choices[0].message
    (image,) = message.images
    assert (image["type"], image["index"]) == ("image_url", 0)
    assert image["mom"]["seed"] == 7
    url = image["image_url"]["url"]
    assert message.content == f"![a fox]({url})"
    assert url.startswith(f"{site.url}/images/")
    assert httpx.get(url).content.startswith(b"\x89PNG")


def test_a_streamed_picture_is_one_chunk(site):
    chunks = stream_lines(site, messages=FOX)
    (delta,) = [chunk["choices"][0]["delta"] for chunk in chunks if "images" in chunk["choices"][0]["delta"]]
    assert delta["content"] == f"![a fox]({delta['images'][0]['image_url']['url']})"
    assert chunks[0]["mom"]["verdict"]["decided_by"] == "command"
    assert chunks[-1]["mom"]["timings"]["total_ms"] >= 0


@pytest.mark.parametrize("stream", [False, True])
def test_words_after_a_picture_begin_a_paragraph_after_its_link(site, parts, stream):
    parts.image_model = ScriptedImageModel(unknown_words=("fox",))
    if stream:
        deltas = [choice["delta"] for chunk in stream_lines(site, messages=FOX) for choice in chunk["choices"]]
        content = "".join(delta.get("content") or "" for delta in deltas)
    else:
        content = post(site, messages=FOX).json()["choices"][0]["message"]["content"]
    link, words = content.split("\n\n")
    assert link.startswith("![a fox](")
    assert words.startswith("I don't know “fox” yet")


@pytest.mark.parametrize("stream", [False, True])
def test_several_pictures_are_a_paragraph_each_and_the_last_is_gone_on_from(site, parts, stream):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    parts.large_llm = ScriptedLanguageModel(structure={"prompt": "a fox", "others": ["a red fox"]})
    if stream:
        deltas = [choice["delta"] for chunk in stream_lines(site, messages=HELLO) for choice in chunk["choices"]]
    else:
        deltas = [post(site, messages=HELLO).json()["choices"][0]["message"]]
    content = "".join(delta.get("content") or "" for delta in deltas)
    images = [image for delta in deltas for image in delta.get("images", ())]
    assert [(image["index"], image["mom"]["prompt"]) for image in images] == [(0, "a fox"), (1, "a red fox")]
    links = [f"![{image['mom']['prompt']}]({image['image_url']['url']})" for image in images]
    assert content == "\n\n".join(links)
    post(
        site, messages=[*HELLO, {"role": "assistant", "content": content}, {"role": "user", "content": "make it bluer"}]
    )
    assert "[image] a red fox" in parts.small_llm.questions[-1][-1].content


def test_the_three_mixtures_and_the_models_by_their_names(openai: OpenAI, parts):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    mixed = openai.chat.completions.create(model="mom", messages=HELLO)
    assert mixed.choices[0].message.images[0]["mom"]["prompt"] == "a fox"
    assert openai.chat.completions.create(model="mom-text", messages=HELLO).choices[0].message.content == "Hello!"
    drawn = openai.chat.completions.create(model="mom-image", messages=HELLO)
    assert drawn.choices[0].message.images
    parts.large_llm.questions.clear()
    direct = openai.chat.completions.create(model="scripted-llm", messages=HELLO)
    assert direct.choices[0].message.content == "Hello!"
    assert [[message.content for message in question] for question in parts.large_llm.questions] == [["hello"]]


def test_a_conversation_goes_on_from_a_picture(openai: OpenAI, parts):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    parts.large_llm = ScriptedLanguageModel(structure={"prompt": "a blue fox"})
    first = openai.chat.completions.create(model="mom", messages=FOX, seed=7).choices[0].message
    again = [*FOX, {"role": "assistant", "content": first.content}, {"role": "user", "content": "make it bluer"}]
    openai.chat.completions.create(model="mom", messages=again)
    assert "[image] a fox" in parts.small_llm.questions[-1][-1].content
    asked = parts.image_model.requests[-1]
    assert (asked.prompt, asked.seed) == ("a blue fox", 7)
    assert asked.source is not None


def test_an_answer_that_shows_a_picture_from_elsewhere_is_words(openai: OpenAI, parts):
    readme = "# Tool\n![logo](https://example.org/images/logo.png)\n## Install\npip install tool"
    asked = [*HELLO, {"role": "assistant", "content": readme}, {"role": "user", "content": "shorten it"}]
    openai.chat.completions.create(model="mom", messages=asked)
    assert parts.large_llm.questions[-1][-2].content == readme


def test_what_may_be_asked_of_the_model_reaches_it_and_nothing_else_does(openai: OpenAI, parts):
    openai.chat.completions.create(
        model="mom", messages=HELLO, temperature=0.5, top_p=0.9, max_completion_tokens=7, stop=["END"], seed=3,
        frequency_penalty=1.0, user="me", extra_body={"n_discard": -1, "cache_prompt": False},
    )  # fmt: skip
    (options,) = parts.large_llm.options
    assert (options.temperature, options.top_p, options.max_tokens, options.stop, options.seed) == (
        0.5,
        0.9,
        7,
        ("END",),
        3,
    )


@pytest.mark.parametrize("fields", [{"temperature": 0, "top_p": 0}, {"temperature": 2, "top_p": 1}])
def test_the_ends_of_openais_ranges_are_within(site, parts, fields):
    assert post(site, **fields).status_code == 200
    (options,) = parts.large_llm.options
    assert {"temperature": options.temperature, "top_p": options.top_p} == fields


@pytest.mark.parametrize("stop", ["", [""], ["", "END"]])
def test_an_empty_stop_sequence_stops_nothing(site, parts, stop):
    assert post(site, stop=stop).status_code == 200
    assert parts.large_llm.options[-1].stop == (("END",) if "END" in stop else ())


def test_a_callers_own_system_message_takes_the_place_of_ours(openai: OpenAI, parts):
    messages = [{"role": "developer", "content": "Be brief."}, *HELLO]
    openai.chat.completions.create(model="mom", messages=messages)
    assert [message.content for message in parts.large_llm.questions[-1]] == ["Be brief.", "hello"]


def test_instructions_after_the_users_message_are_heeded_with_it(openai: OpenAI, parts):
    after = {"role": "system", "content": "Stay in character."}
    openai.chat.completions.create(model="mom", messages=[{"role": "system", "content": "Be brief."}, *HELLO, after])
    asked = [message.content for message in parts.large_llm.questions[-1]]
    assert asked == ["Be brief.", "Stay in character.", "hello"]


def test_an_attached_picture_is_seen_and_no_address_is_fetched(site, openai: OpenAI, parts):
    url = "data:image/jpeg;base64," + base64.b64encode(png_of(form="JPEG")).decode()

    def asking(url: str):
        parts = [{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": url}}]
        return openai.chat.completions.create(model="mom", messages=[{"role": "user", "content": parts}])

    assert asking(url).choices[0].message.content == "I see it."
    assert parts.vision_llm.questions[0][-1].attachments[0].media_type == "image/png"
    for foreign in [
        "http://127.0.0.1:1/x.png",
        "https://example.com/x.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
    ]:
        with pytest.raises(sdk.BadRequestError) as refused:
            asking(foreign)
        assert (refused.value.code, refused.value.param) == ("invalid_attachment", "messages")


def test_a_picture_that_came_earlier_is_still_seen(openai: OpenAI, parts):
    def with_picture(url: str):
        picture = {"type": "image_url", "image_url": {"url": url}}
        return {"role": "user", "content": [{"type": "text", "text": "what is it?"}, picture]}

    url = "data:image/png;base64," + base64.b64encode(png_of()).decode()
    seen = {"role": "assistant", "content": "I see it."}
    messages = [with_picture("data:too old to be read"), seen, with_picture(url), seen, with_picture(url), seen, *HELLO]
    assert openai.chat.completions.create(model="mom", messages=messages).choices[0].message.content == "I see it."
    asked = parts.vision_llm.questions[-1]
    assert [len(message.attachments) for message in asked if message.role == "user"] == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "assistant", "content": "hello"}]}, "messages"),
        ({"messages": [{"role": "system", "content": "Be brief."}]}, "messages"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages"),
        ({"messages": [{"role": "function", "content": "x"}]}, "messages.0.role"),
        ({"temperature": 3}, "temperature"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"n": 2}, "n"),
        ({"stop": ["a", "b", "c", "d", "END"]}, "stop"),
        ({"logprobs": True}, "logprobs"),
        ({"messages": [{"role": "user", "content": "/paint x"}]}, "content"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages.0.content.0.type"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages.0.content.0"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]},
            "messages.0.content.0.image_url",
        ),
        ({"stop": [1]}, "stop.0"),
        ({"stop": "x" * 2_000}, "stop.0"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_name_of_the_field(site, body, param):
    answer = post(site, **body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert (error["type"], error["param"]) == ("invalid_request_error", param)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"functions": [{"name": "f"}]}, "functions: functions are called tools now; send tools."),
        ({"n": 2}, "n: a request is given one answer; send it again for another."),
        ({"logprobs": True}, "logprobs: no log probabilities are given; leave it out."),
    ],
)
def test_a_refusal_says_what_to_do(site, body, message):
    assert post(site, **body).json()["error"]["message"] == message


def test_empty_lists_of_functions_are_what_some_clients_always_send(site):
    assert post(site, functions=[], n=1, response_format={"type": "text"}, logprobs=False).status_code == 200


def test_a_model_that_is_not_there_is_not_found(openai: OpenAI):
    with pytest.raises(sdk.NotFoundError) as missing:
        openai.chat.completions.create(model="gpt-5", messages=HELLO)
    assert missing.value.param == "model"


def test_a_conversation_of_a_whole_mebibyte_is_answered(site):
    assert post(site, messages=[{"role": "user", "content": "x" * 2**20}]).status_code == 200


def test_a_conversation_of_more_than_a_mebibyte_is_too_long(site):
    answer = post(
        site, messages=[*HELLO, {"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "x" * 2**20}]
    )
    assert answer.status_code == 413
    assert "longer than 1,048,576 characters" in answer.json()["error"]["message"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (PartUnavailableError("The large LLM is still loading.", part="large_llm"), sdk.InternalServerError, 503),
        (BusyError("Too many ask.", retry_after_s=4), sdk.RateLimitError, 429),
    ],
)
def test_a_part_that_fails_at_once_is_a_status(openai: OpenAI, parts, stream, error, kind, status):
    parts.large_llm = ScriptedLanguageModel([error])
    with pytest.raises(kind) as failed:
        list(openai.chat.completions.create(model="mom", messages=HELLO, stream=stream))
    assert failed.value.status_code == status
    assert failed.value.body["message"] == error.message


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PartMissingError("No vision LLM is set up.", part="vision_llm"), 400),
        (RequestRefusedError("The large LLM refused the request.", part="large_llm"), 400),
        (PartRefusedError("The large LLM wants a key.", part="large_llm"), 502),
    ],
)
def test_what_would_fail_again_is_not_asked_again_by_openais_client(openai: OpenAI, parts, error, status):
    parts.large_llm = ScriptedLanguageModel([error])
    with pytest.raises(sdk.APIStatusError) as failed:
        openai.with_options(max_retries=2).chat.completions.create(model="mom-text", messages=HELLO)
    assert (failed.value.status_code, len(parts.large_llm.questions)) == (status, 1)


def test_a_part_that_fails_in_mid_stream_is_an_error_in_the_stream(site, openai: OpenAI, parts):
    parts.large_llm = ScriptedLanguageModel(
        ["Hel", PartBrokenError("The large LLM ended in mid-answer.", part="large_llm")]
    )
    *_, first_words, failure = stream_lines(site)
    assert first_words["choices"][0]["delta"]["content"] == "Hel"
    assert failure == {
        "error": {
            "message": "The large LLM ended in mid-answer.",
            "type": "model_error",
            "code": "part_broken",
            "param": None,
        }
    }
    with pytest.raises(sdk.APIError, match="ended in mid-answer"):
        list(openai.chat.completions.create(model="mom", messages=HELLO, stream=True))


def test_a_mistake_of_moms_own_in_mid_stream_is_told_without_its_inside(site, parts, caplog):
    parts.large_llm = ScriptedLanguageModel(["Hel", ZeroDivisionError("secret")])
    *_, failure = stream_lines(site)
    assert failure["error"]["code"] == "internal_error"
    assert "secret" not in json.dumps(failure)
    assert "secret" in caplog.text


def test_a_client_that_leaves_a_stream_cancels_the_work(site, openai: OpenAI, parts, gate):
    parts.large_llm = ScriptedLanguageModel(["one", gate, "two"])
    stream = openai.chat.completions.create(model="mom", messages=HELLO, stream=True)
    gate.wait_until_reached()
    assert parts.large_llm.at_work == 1
    stream.close()
    assert parts.large_llm.freed.wait(20), "the model is still at work"


def test_a_client_that_leaves_while_it_waits_for_a_whole_answer_cancels_the_work(site, parts, gate):
    parts.large_llm = ScriptedLanguageModel(["one", gate, "two"])
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{site.url}/v1/chat/completions", json={"messages": HELLO}, timeout=httpx.Timeout(20, read=0.3))
    wait_for(lambda: parts.large_llm.questions and parts.at_work == 0, "the model to be freed")


def test_a_client_that_leaves_while_it_is_classified_cancels_the_classifier(site, parts, gate):
    parts.small_llm = ScriptedLabelModel(steps=[gate])
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{site.url}/v1/chat/completions",
            json={"messages": HELLO, "stream": True},
            timeout=httpx.Timeout(20, read=0.3),
        )
    wait_for(lambda: parts.small_llm.questions and parts.at_work == 0, "the classifier to be freed")
    assert parts.large_llm.questions == []


def test_a_client_that_leaves_while_it_is_drawn_drops_the_job(site, parts, gate):
    parts.image_model = ScriptedImageModel([gate])
    with httpx.stream("POST", f"{site.url}/v1/chat/completions", json={"messages": FOX, "stream": True}, timeout=20):
        gate.wait_until_reached()
        assert parts.image_model.at_work == 1
    assert parts.image_model.freed.wait(20), "the image model is still at work"
