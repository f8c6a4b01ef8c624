"""The list of models, and verdicts alone."""

import httpx
import openai as sdk
import pytest
from openai import OpenAI

from mom.errors import NotFoundError
from mom.models.parts import SAME_AS_LARGE_LLM, Part, PartName, State
from mom.openai_api.models import find_llm
from mom.openai_api.urls import URLS
from tests.scripted import ScriptedLabelModel


def test_models_are_the_mixtures_and_the_rosters(openai: OpenAI):
    models = list(openai.models.list())
    assert [model.id for model in models] == [
        "mom", "mom-text", "mom-image", "scripted-classifier", "scripted-llm", "scripted-sd",
    ]  # fmt: skip
    assert all(model.object == "model" and model.created and model.owned_by for model in models)
    assert openai.models.retrieve("mom").id == "mom"
    with pytest.raises(sdk.NotFoundError):
        openai.models.retrieve("owner/none:7b")


@pytest.mark.parametrize("model", ["", SAME_AS_LARGE_LLM])
def test_a_part_that_has_no_model_of_its_own_cannot_be_asked_by_one(model):
    with pytest.raises(NotFoundError):
        find_llm(model, {PartName.VISION_LLM: Part(PartName.VISION_LLM, State.EXTERNAL, model)})


def test_no_key_is_needed_on_this_machine(site):
    assert httpx.get(f"{site.url}/v1/models").json()["object"] == "list"


@pytest.mark.parametrize("path", ["responses/resp_1/cancel", "completions", "embeddings"])
def test_another_address_is_answered_with_those_that_there_are(site, path):
    answer = httpx.post(f"{site.url}/v1/{path}", json={"model": "mom", "input": "hello"})
    assert answer.status_code == 404
    told = answer.json()["error"]["message"]
    assert [url for _, url, _ in URLS if "<" not in url and url not in told] == []


def test_classify_gives_the_verdict_and_answers_nothing(site, parts):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    answer = httpx.post(f"{site.url}/v1/classify", json={"messages": [{"role": "user", "content": "a fox please"}]})
    verdict = answer.json()
    assert set(verdict) == {"need", "confidence", "probabilities", "decided_by", "took_ms", "reason", "expert"}
    assert (verdict["need"], verdict["decided_by"], verdict["confidence"]) == ("image", "small_llm", 0.9)
    assert answer.headers["x-mom-route"].startswith("image; by=small_llm; p=0.90; ms=")
    assert parts.large_llm.questions == []


def test_classify_reads_the_routing_datas_marker_of_a_picture(site, parts):
    messages = [
        {"role": "user", "content": "draw a fox"}, {"role": "assistant", "content": "[image] a fox"},
        {"role": "user", "content": "make it bluer"},
    ]  # fmt: skip
    httpx.post(f"{site.url}/v1/classify", json={"messages": messages})
    assert "[image] a fox" in parts.small_llm.questions[0][-1].content


def test_a_classifier_asked_by_its_name_reads_a_persons_own_words_alone_as_in_a_chat(site, parts):
    content = "File: a.txt\n```\ndef f(x)\n```\n\na poster of it"
    body = {"messages": [{"role": "user", "content": content}], "classifier": "small-llm", "explain": True}
    assert httpx.post(f"{site.url}/v1/classify", json=body).json()["decided_by"] == "small_llm"
    asked = [question[-1].content for question in parts.small_llm.questions]
    assert len(asked) == 2  # the verdict, and its explanation
    assert all("a poster of it" in words and "def f" not in words for words in asked)


def test_classify_wants_a_conversation(site):
    assert httpx.post(f"{site.url}/v1/classify", json={"message": "hello"}).status_code == 400
