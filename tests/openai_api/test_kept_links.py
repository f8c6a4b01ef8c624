"""Links to kept pictures, sent back: by themselves, and in chat completions."""

import httpx
import openai as sdk
import pytest
from openai import OpenAI

from mom.openai_api.kept_links import put_in_kept_pictures
from mom.openai_api.said import Said
from tests.scripted import ScriptedLabelModel, ScriptedLanguageModel

LINK = f"http://127.0.0.1:8600/images/{'0a' * 16}.png"


def test_of_too_many_links_no_more_are_read_than_it_takes_to_refuse_them():
    read = []

    def find(image_id: str) -> bytes:
        read.append(image_id)
        return b"png"

    (message,) = put_in_kept_pictures([Said("messages.0", "user", picture_urls=[LINK] * 1_000)], find)
    assert read == ["0a" * 16] * 5
    assert list(message.picture_urls) == ["data:image/png;base64,cG5n"] * 5


def test_the_address_of_a_picture_that_mom_gave_is_the_picture_to_its_owner_alone(
    site, openai: OpenAI, parts, as_another_person
):
    parts.large_llm = ScriptedLanguageModel(structure={"prompt": "a blue fox"})
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    drawn = openai.images.generate(prompt="a fox", response_format="url").data[0]
    picture = {"type": "image_url", "image_url": {"url": drawn.url}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "make it bluer"}, picture]}]
    answer = openai.chat.completions.create(model="mom", messages=messages)
    assert "![a blue fox](" in answer.choices[0].message.content
    assert parts.image_model.requests[-1].seed == drawn.seed
    assert httpx.post(f"{site.url}/v1/classify", json={"messages": messages}).json()["need"] == "image"
    many = [{"role": "user", "content": [picture] * 100}]
    with pytest.raises(sdk.BadRequestError, match="At most 4 pictures"):
        openai.chat.completions.create(model="mom", messages=many)
    as_another_person()
    with pytest.raises(sdk.BadRequestError, match="must be sent as a data URL"):
        openai.chat.completions.create(model="mom", messages=messages)
