"""Corrections over HTTP, and in the classifier as the application composes it."""

import json

import pytest

from mom.app import create_app
from mom.mixture.verdict import DecidedBy
from mom.web.loop_thread import LoopThread
from mom.web.services import services
from tests.heads import flat_head
from tests.models.fake_servers import completion, running
from tests.web.site import settings_in
from tests.web.test_chats import asked, finished


def overrule(client, content: str = "a fox", need: str = "image") -> None:
    first = asked(client, content)
    finished(client, first)
    finished(client, client.post(f"/api/turns/{first['turn_id']}/overrule", json={"need": need}).json)


def test_corrections_are_listed_and_deleted(client):
    assert client.get("/api/corrections").json == []
    overrule(client)
    (row,) = client.get("/api/corrections").json
    assert (row["messages"][-1]["content"], row["route"]) == ("a fox", "image")
    assert client.delete(f"/api/corrections/{row['id']}").status_code == 204
    assert client.get("/api/corrections").json == []
    assert client.delete(f"/api/corrections/{row['id']}").status_code == 404


@pytest.fixture
def composed(tmp_path):
    """The application with its own classifier: `composed(choice)` gives a client whose small LLM always says text."""
    threads, apps = [], []
    with running({"/v1/chat/completions": [completion('{"need": "text"}')] * 4}) as small:

        def make(choice: str):
            threads.append(LoopThread())
            address = f"{small.endpoint.base_url}#little"
            settings = settings_in(tmp_path, MOM_CLASSIFIER=choice, MOM_SMALL_LLM=address)
            apps.append(create_app(settings, loop=threads[-1].loop))
            services(apps[-1]).history.database.upgrade()
            return apps[-1].test_client()

        yield make
        import asyncio

        for app, thread in zip(apps, threads, strict=True):
            asyncio.run_coroutine_threadsafe(services(app).models.close(), thread.loop).result()
            services(app).history.database.close()
            thread.close()


def keep_a_correction(client) -> None:
    from mom.chats.tables import Message, Verdict, now

    history = services(client.application).history
    owner_id = history.local_user_id()
    chat_id = history.create_chat(owner_id)
    with history.database.session() as session:
        question = Message(owner_id=owner_id, chat_id=chat_id, role="user", content="a fox")
        session.add(question)
        session.flush()
        answer = Message(owner_id=owner_id, chat_id=chat_id, role="assistant", parent_id=question.id)
        session.add(answer)
        session.flush()
        session.add(
            Verdict(
                owner_id=owner_id, message_id=answer.id, need="text", image_probability=0.1, decided_by="small_llm",
                took_ms=1.0, reason="so", corrected_to="image", corrected_at=now(),
            )
        )  # fmt: skip


def classify(client, words: str, **fields) -> dict:
    body = {"messages": [{"role": "user", "content": words}], **fields}
    return json.loads(client.post("/v1/classify", json=body).text)


def test_the_cascade_goes_by_corrections_first(composed):
    client = composed("cascade")
    keep_a_correction(client)
    verdict = classify(client, "A fox!")
    assert (verdict["need"], verdict["decided_by"]) == ("image", DecidedBy.CORRECTION)
    assert classify(client, "what is a fox?")["decided_by"] != DecidedBy.CORRECTION


def test_a_head_that_was_trained_here_takes_the_shipped_ones_place(composed, tmp_path):
    from mom.models.bert.head import write_head

    write_head(flat_head(shift=5.0), tmp_path / "routing_head.npz")
    for choice in ("cascade", "bert"):
        verdict = classify(composed(choice), "what is the capital of France?")
        assert (verdict["need"], verdict["decided_by"]) == ("image", DecidedBy.BERT)
    measured = classify(composed("regex"), "what is the capital of France?", classifier="bert")
    assert measured["need"] == "image"


def test_an_explanation_asks_every_stage(composed):
    client = composed("cascade")
    keep_a_correction(client)
    opinions = {opinion["stage"]: opinion for opinion in classify(client, "a fox", explain=True)["explanation"]}
    correction, small_llm = opinions["correction"], opinions["small_llm"]
    assert correction["verdict"]["need"] == "image"
    assert correction["evidence"] == ["1.00 like “a fox”, corrected to image"]
    assert small_llm["verdict"]["need"] == "text"


def test_the_diagram_word_for_word_knows_no_corrections(composed):
    client = composed("small-llm")
    keep_a_correction(client)
    assert classify(client, "a fox")["decided_by"] != DecidedBy.CORRECTION


def test_what_is_measured_by_name_knows_no_corrections(composed):
    client = composed("cascade")
    keep_a_correction(client)
    assert classify(client, "a fox", classifier="cascade")["decided_by"] != DecidedBy.CORRECTION
    assert classify(client, "a fox", classifier="regex")["decided_by"] == DecidedBy.REGEX
    answer = client.post("/v1/classify", json={"messages": [{"role": "user", "content": "x"}], "classifier": "magic"})
    assert answer.status_code == 400
    assert "large-llm" in answer.json["error"]["message"]
