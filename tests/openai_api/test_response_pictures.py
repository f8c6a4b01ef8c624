"""Pictures in responses: items of their own where a program offers the tool, links for every other."""

import base64
from dataclasses import replace

import httpx
import pytest
from openai import OpenAI

from mom.mixture.events import ImageProgress, ImageQueued
from tests.openai_api.responses import DRAWS, create, items, kinds, post, stream
from tests.scripted import ScriptedImageModel, ScriptedLabelModel, ScriptedLanguageModel, png_of

PREVIEW = "data:image/jpeg;base64,anBlZw=="
CHOSEN = {"type": "image_generation"}
PICTURE = ["output_item.added", "image_generation_call.in_progress", "image_generation_call.generating"]
PICTURE_END = ["image_generation_call.completed", "output_item.done"]


def test_a_picture_is_an_item_before_a_message_with_its_link(site, openai: OpenAI):
    answer = openai.responses.create(model="mom", input="/image a fox", tools=DRAWS, extra_body={"seed": 7})
    call, message = answer.output
    assert (call.type, call.status, call.revised_prompt) == ("image_generation_call", "completed", "a fox")
    assert (call.size, call.output_format, call.mom["seed"]) == ("64x64", "png", 7)
    url = message.content[0].text.removeprefix("![a fox](").removesuffix(")")
    assert httpx.get(url).content == base64.b64decode(call.result)


@pytest.mark.parametrize("body", [{"input": "/image a fox"}, {"model": "mom-image"}])
def test_who_does_not_offer_the_tool_gets_the_link_alone(site, body):
    (message,) = create(site, **body)["output"]
    assert message["content"][0]["text"].startswith("![a fox](http")


def test_a_streamed_picture_tells_each_step_in_openais_order(site, parts):
    progress = [ImageProgress(step, 8, PREVIEW) for step in range(1, 9)]
    parts.image_model = ScriptedImageModel([ImageQueued(1), *progress])
    events = stream(site, input="/image a fox", tools=[{**CHOSEN, "partial_images": 2, "size": "128x64"}])
    assert [name for name in kinds(events) if "text" not in name and "part." not in name] == [
        "created", "in_progress", *PICTURE, "image_generation_call.partial_image", *PICTURE_END,
        "output_item.added", "output_item.done", "completed",
    ]  # fmt: skip
    partials = [event for event in events if event["type"].endswith("partial_image")]
    assert [(event["partial_image_b64"], event["partial_image_index"]) for event in partials] == [
        ("anBlZw==", 0),
        ("anBlZw==", 1),
    ]
    picture = items(events)[0]
    assert (picture["size"], {event["item_id"] for event in partials}) == ("128x64", {picture["id"]})


def test_several_pictures_are_an_item_each_with_previews_of_its_own(site, parts):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    parts.large_llm = ScriptedLanguageModel(structure={"prompt": "a fox", "others": ["a red fox"]})
    parts.image_model = ScriptedImageModel([ImageProgress(1, 2, PREVIEW), ImageProgress(2, 2, PREVIEW)])
    events = stream(site, input="two foxes, one of them red", tools=[{**CHOSEN, "partial_images": 1}])
    first, link, second, last_link = items(events)
    assert [item["revised_prompt"] for item in (first, second)] == ["a fox", "a red fox"]
    partials = [event["item_id"] for event in events if event["type"].endswith("partial_image")]
    assert partials == [first["id"], second["id"]]
    texts = [item["content"][0]["text"] for item in (link, last_link)]
    assert [text.strip().split("]")[0] for text in texts] == ["![a fox", "![a red fox"]
    assert texts[1].startswith("\n\n")


def test_a_remark_is_a_paragraph_after_the_link(site, parts):
    parts.image_model = ScriptedImageModel(unknown_words=("fox",))
    _, message = create(site, input="/image a fox", tools=DRAWS)["output"]
    link, words = message["content"][0]["text"].split("\n\n")
    assert link.startswith("![a fox](")
    assert words.startswith("I don't know “fox” yet")


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": DRAWS, "tool_choice": CHOSEN},
        {"tools": DRAWS, "tool_choice": "required"},
        {"tool_choice": CHOSEN},
        {"tools": [*DRAWS, {"type": "function", "name": "f"}], "tool_choice": CHOSEN},
    ],
)
def test_a_choice_of_the_tool_draws_without_asking_the_classifier(site, parts, fields):
    assert create(site, **fields)["output"][0]["type"] == "image_generation_call"
    assert parts.small_llm.questions == []
    for model in ("mom-text", "scripted-llm"):
        refused = post(site, model=model, **fields)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "tool_choice")


def test_no_tool_at_all_is_words_where_drawing_is_offered(site, parts):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    (message,) = create(site, tools=DRAWS, tool_choice="none")["output"]
    assert message["content"][0]["text"] == "Hello!"


@pytest.mark.parametrize("form", [{"type": "json_object"}, {"type": "json_schema", "name": "x", "schema": {}}])
def test_a_format_and_a_picture_cannot_both_be_had(site, form):
    refused = post(site, tool_choice=CHOSEN, text={"format": form})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "text.format")


@pytest.mark.parametrize(
    ("tool", "param"),
    [
        ({"size": "1536x1536"}, "tools.0.size"),
        ({"partial_images": 4}, "tools.0.partial_images"),
        ({"output_format": "webp"}, "tools.0.output_format"),
        ({"background": "transparent"}, "tools.0.background"),
        ({"input_image_mask": {"file_id": "x"}}, "tools.0.input_image_mask"),
    ],
)
def test_a_picture_that_cannot_be_had_so_is_refused(site, tool, param):
    refused = post(site, tools=[{**CHOSEN, **tool}])
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


def test_what_only_tunes_a_picture_is_passed_over(site):
    tuned = {"quality": "low", "model": "gpt-image-1", "moderation": "low", "size": "auto", "background": "auto"}
    assert create(site, input="/image a fox", tools=[{**CHOSEN, **tuned}])["tools"] == [
        {**CHOSEN, "size": "auto", "background": "auto"}
    ]


def without(*fields: str):
    return lambda call: {name: value for name, value in call.items() if name not in fields}


def referred_to(call: dict) -> dict:
    return {"type": "item_reference", "id": call["id"]}


@pytest.mark.parametrize(
    "sent_back",
    [
        without(),
        without("id", "mom", "status"),
        without("revised_prompt", "mom", "size"),
        without("result", "revised_prompt"),
        referred_to,
    ],
    ids=["as it came", "without its id", "without its prompt", "by its id", "by reference"],
)
def test_a_conversation_goes_on_from_a_picture(openai: OpenAI, parts, sent_back):
    parts.large_llm = ScriptedLanguageModel(structure={"prompt": "a blue fox"})
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    asked = [{"role": "user", "content": "/image a fox"}]
    drawn = openai.responses.create(model="mom", input=asked, tools=DRAWS, extra_body={"seed": 7}).to_dict()["output"]
    back = [sent_back(drawn[0]), drawn[1], {"role": "user", "content": "make it bluer"}]
    again = openai.responses.create(model="mom", input=[*asked, *back], tools=DRAWS).output[0]
    assert "[image] a fox" in parts.small_llm.questions[-1][-1].content
    assert (again.revised_prompt, again.mom["seed"]) == ("a blue fox", 7)
    assert parts.image_model.requests[-1].source is not None


def test_a_link_alone_is_a_picture_to_go_on_from_too(site, parts):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    asked = {"role": "user", "content": "/image a fox"}
    (message,) = create(site, input=[asked])["output"]
    create(site, input=[asked, message, {"role": "user", "content": "make it bluer"}])
    assert "[image] a fox" in parts.small_llm.questions[-1][-1].content


def test_of_several_pictures_only_the_newest_is_read(site, parts):
    def picture(prompt: str, result: str) -> dict:
        return {**CHOSEN, "type": "image_generation_call", "revised_prompt": prompt, "result": result}

    newest = base64.b64encode(png_of(colour="blue")).decode()
    asked = {"role": "user", "content": "draw"}
    said = [asked, picture("a cat", "no picture"), asked, picture("a dog", newest), {**asked, "content": "what is it?"}]
    create(site, input=said, model="mom-text")
    told = [message.content for message in parts.large_llm.questions[-1]]
    assert ("[image] a cat" in told, "[image] a dog" in told) == (True, True)


@pytest.mark.parametrize(
    ("call", "param"),
    [
        ({"id": "ig_gone", "result": None}, "input.1.id"),
        ({"id": "ig_1", "result": "no base64"}, "input.1.result"),
        ({"id": "ig_1", "result": base64.b64encode(b"no picture").decode()}, "input.1.result"),
    ],
)
def test_a_picture_that_is_not_there_is_refused(site, call, param):
    asked = {"role": "user", "content": "draw"}
    refused = post(site, input=[asked, {"type": "image_generation_call", **call}, asked])
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


def test_a_prompt_of_more_than_a_mebibyte_is_too_long(site):
    picture = {"type": "image_generation_call", "result": base64.b64encode(png_of(colour="blue")).decode()}
    asked = {"role": "user", "content": "draw"}
    refused = post(site, input=[asked, {**picture, "revised_prompt": "x" * 2**20}, asked])
    assert (refused.status_code, refused.json()["error"]["param"]) == (413, "input")


def test_another_persons_picture_is_not_found_by_its_id(site, parts):
    call = create(site, input="/image a fox", tools=DRAWS)["output"][0]
    site.app.extensions["mom.openai_api"] = replace(
        site.app.extensions["mom.openai_api"], owner_id=lambda: "somebody else"
    )
    asked = {"role": "user", "content": "draw"}
    refused = post(site, input=[asked, {"type": "item_reference", "id": call["id"]}, asked])
    assert (refused.status_code, refused.json()["error"]["param"]) == (404, "input.1")


def test_a_picture_that_came_to_nothing_is_none(site, parts):
    asked = {"role": "user", "content": "hello"}
    failed = {"type": "image_generation_call", "id": "", "status": "failed", "result": None}
    create(site, input=[asked, failed, asked], model="mom-text")
    assert [message.role for message in parts.large_llm.questions[-1]] == ["system", "user", "user"]
