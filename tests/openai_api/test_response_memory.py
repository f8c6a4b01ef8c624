"""Responses are remembered: gone on from, referred to, read, listed and deleted, as OpenAI's own client asks for it."""

import threading
from dataclasses import replace
from datetime import timedelta

import httpx
import openai as sdk
import pytest
from openai import OpenAI

from mom.chats.kept_responses import Kept
from mom.chats.tables import KeptResponse, new_id
from mom.errors import PartBrokenError
from mom.mixture.conversation import ToolCall, ToolRequest
from mom.mixture.events import ReasoningDelta, TextDelta, ToolCallDelta
from mom.mixture.ports import Ended
from mom.openai_api.response_ids import input_id, output_id
from mom.web import server
from tests.chats.waiting import wait_for
from tests.openai_api.responses import create, post, stream
from tests.scripted import ScriptedLanguageModel
from tests.web.site import running_site

NOWHERE = "resp_" + "0" * 32
TOOLS = [{"type": "function", "name": "weather", "parameters": {"type": "object"}}]


def said_to(parts) -> list[tuple[str, str]]:
    """What the large LLM was asked last, without MoM's own instructions."""
    messages = parts.large_llm.questions[-1]
    return [(message.role, message.content) for message in messages if not message.content.startswith("You are")]


def delete(site, response_id: str) -> httpx.Response:
    return httpx.delete(f"{site.url}/v1/responses/{response_id}")


def read(site, path: str, **query) -> httpx.Response:
    return httpx.get(f"{site.url}/v1/responses/{path}", params=query)


def listed(site, response_id: str, **query) -> list[dict]:
    return read(site, f"{response_id}/input_items", **query).json()["data"]


def test_a_conversation_goes_on_from_the_response_before(openai: OpenAI, parts):
    first = openai.responses.create(model="mom-text", input="I am Ada.", instructions="Be brief.")
    second = openai.responses.create(model="mom-text", input="Who am I?", previous_response_id=first.id)
    assert (first.store, second.store, second.previous_response_id) == (True, True, first.id)
    assert said_to(parts) == [("user", "I am Ada."), ("assistant", "Hello!"), ("user", "Who am I?")]
    openai.responses.create(
        model="mom-text", input="Sure?", previous_response_id=second.id, instructions="Shout.", stream=True
    ).close()
    wait_for(lambda: len(parts.large_llm.questions) == 3, "the third question")
    assert said_to(parts) == [
        ("system", "Shout."), ("user", "I am Ada."), ("assistant", "Hello!"), ("user", "Who am I?"),
        ("assistant", "Hello!"), ("user", "Sure?"),
    ]  # fmt: skip


def test_two_answers_to_one_response_know_nothing_of_each_other(openai: OpenAI, parts):
    first = openai.responses.create(model="mom-text", input="a")
    openai.responses.create(model="mom-text", input="b", previous_response_id=first.id)
    openai.responses.create(model="mom-text", input="c", previous_response_id=first.id)
    assert said_to(parts) == [("user", "a"), ("assistant", "Hello!"), ("user", "c")]


@pytest.mark.parametrize("typed", [{"type": "item_reference"}, {}, {"type": None}])
def test_items_of_earlier_answers_are_found_by_their_ids(site, parts, typed):
    parts.large_llm.reply = [ReasoningDelta("hm"), "One."]
    first = create(site, model="mom-text", input="a")
    parts.large_llm.reply = ["Two."]
    second = create(site, model="mom-text", input="b")
    known = [{**typed, "id": item["id"]} for item in (*first["output"], *second["output"])]
    asked = [{"role": "user", "content": "a"}, *known[:2], {"role": "user", "content": "b"}, known[2]]
    create(site, model="mom-text", input=[*asked, {"role": "user", "content": "c"}], tools=TOOLS)
    assert said_to(parts) == [("user", "a"), ("assistant", "One."), ("user", "b"), ("assistant", "Two."), ("user", "c")]


def test_an_item_that_is_there_already_is_not_said_twice(site, parts):
    first = create(site, model="mom-text", input="a")
    again = {"type": "item_reference", "id": first["output"][0]["id"]}
    asked = [again, again, {"role": "user", "content": "b"}]
    create(site, model="mom-text", input=asked, previous_response_id=first["id"])
    assert said_to(parts) == [("user", "a"), ("assistant", "Hello!"), ("user", "b")]


def test_a_call_is_answered_in_the_next_request(site, parts):
    signed = {"google": {"thought_signature": "CsEB"}}
    parts.large_llm.reply = [ReasoningDelta("hm"), ToolCallDelta(0, "c1", "weather", "{}", signed), Ended("tool_calls")]
    first = create(site, input="Does it rain?", tools=TOOLS)
    parts.large_llm.reply = ["It does."]
    result = {"type": "function_call_output", "call_id": "c1", "output": "yes"}
    create(site, input=[result], previous_response_id=first["id"], tools=TOOLS)
    request, _ = parts.large_llm.questions[-1][-1].tool_steps
    assert request == ToolRequest("", (ToolCall("c1", "weather", "{}", signed),), thinking="hm")
    refused = post(site, input="And now?", previous_response_id=first["id"], tools=TOOLS)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "previous_response_id")
    assert "The call c1 has no result" in refused.json()["error"]["message"]


def test_a_response_is_read_as_it_was_given(openai: OpenAI, site, parts):
    parts.large_llm.reply = [ReasoningDelta("hm"), "Yes"]
    given = openai.responses.create(model="mom", input="hello", metadata={"a": "b"}, instructions="Be brief.")
    assert openai.responses.retrieve(given.id).to_dict() == given.to_dict()
    streamed = stream(site)[-1]["response"]
    assert read(site, streamed["id"]).json() == streamed
    assert read(site, given.id, stream="true").status_code == 400


def test_the_input_is_listed_page_by_page(openai: OpenAI, site):
    first = openai.responses.create(model="mom-text", input="a")
    asked = [{"role": "developer", "content": "b"}, {"role": "user", "content": [{"type": "input_text", "text": "c"}]}]
    second = openai.responses.create(model="mom-text", input=asked, previous_response_id=first.id)
    texts = [item.content[0].text for item in openai.responses.input_items.list(second.id, order="asc")]
    assert texts == ["a", "Hello!", "b", "c"]
    paged = [item.content[0].text for item in openai.responses.input_items.list(second.id, limit=1)]
    assert paged == texts[::-1]
    page = read(site, f"{second.id}/input_items", limit=3, order="asc").json()
    assert (page["object"], len(page["data"]), page["has_more"]) == ("list", 3, True)
    assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][-1]["id"])
    assert first.output[0].id == page["data"][1]["id"]
    for query in ({"limit": 0}, {"limit": 101}, {"order": "up"}, {"after": "msg_1"}):
        refused = read(site, f"{second.id}/input_items", **query)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, next(iter(query)))


def test_each_kind_of_item_is_listed_in_openais_form_and_can_be_sent_once_more(openai: OpenAI, parts):
    asked = [
        {"role": "user", "content": "Does it rain?"},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "yes"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It does."}]},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No more."}]},
        {"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]},
    ]
    given = openai.responses.create(model="mom", input=asked, tools=TOOLS)
    told = list(openai.responses.input_items.list(given.id, order="asc"))
    assert [type(item).__name__ for item in told] == [
        "ResponseInputMessageItem", "ResponseReasoningItem", "ResponseFunctionToolCallItem",
        "ResponseFunctionToolCallOutputItem", "ResponseOutputMessage", "ResponseOutputMessage",
        "ResponseInputMessageItem",
    ]  # fmt: skip
    assert len({item.id for item in told}) == len(told)
    openai.responses.create(model="mom", input=[item.to_dict() for item in told], tools=TOOLS)
    first, again = parts.large_llm.questions
    assert first == again


def test_what_is_deleted_is_gone(openai: OpenAI, site):
    given = openai.responses.create(model="mom", input="hello")
    openai.responses.delete(given.id)
    with pytest.raises(sdk.NotFoundError):
        openai.responses.retrieve(given.id)
    other = create(site)
    assert delete(site, other["id"]).json() == {"id": other["id"], "object": "response", "deleted": True}
    assert delete(site, other["id"]).status_code == 404


def test_deleted_words_are_nowhere_on_the_disk(site, tmp_path):
    given = create(site, input="the secret of the pyramids", model="mom-text")
    files = list(tmp_path.rglob("mom.sqlite3*"))
    assert any(b"the secret of the pyramids" in file.read_bytes() for file in files)
    delete(site, given["id"])
    assert not any(b"the secret of the pyramids" in file.read_bytes() for file in files)


def test_a_conversation_does_not_go_on_over_a_gap(site):
    first = create(site, input="a")
    second = create(site, input="b", previous_response_id=first["id"])
    third = create(site, input="c", previous_response_id=second["id"])
    delete(site, second["id"])
    refused = post(site, input="d", previous_response_id=third["id"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "previous_response_not_found")
    assert "One that it goes on from was deleted. Leave previous_response_id out" in refused.json()["error"]["message"]
    assert read(site, third["id"]).status_code == 200
    assert read(site, f"{third['id']}/input_items").status_code == 404
    assert post(site, input="d", previous_response_id=first["id"]).status_code == 200


@pytest.mark.parametrize("forged", ["resp_1", "1", "", "resp_ä", "resp_\0", "msg_" + "0" * 32, NOWHERE, "resp_%"])
def test_a_forged_id_is_nowhere(site, forged):
    given = create(site)
    refused = post(site, previous_response_id=forged)
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["code"], error["param"]) == ("previous_response_not_found", "previous_response_id")
    for wrong in (forged, given["id"].removeprefix("resp_"), given["id"].upper()):
        refused = post(site, input=[{"id": wrong}, {"role": "user", "content": "a"}])
        assert (refused.status_code, refused.json()["error"]["param"]) == (404, "input.0")
    item = given["output"][0]["id"]
    for wrong in (item + "0", item.replace("msg_", "rs_"), item.replace("out", "in"), item.replace("out0", "out1")):
        assert post(site, input=[{"id": wrong}, {"role": "user", "content": "a"}]).status_code == 404


def test_another_persons_are_as_if_they_were_not_there(site, as_another_person):
    given = create(site)
    item = {"type": "item_reference", "id": given["output"][0]["id"]}
    asked = {"role": "user", "content": "a"}
    as_another_person()

    def told(response_id: str, named: dict) -> list:
        answers = [
            read(site, response_id),
            read(site, f"{response_id}/input_items"),
            delete(site, response_id),
            post(site, previous_response_id=response_id),
            post(site, input=[named, asked]),
        ]
        return [
            (answer.status_code, answer.text.replace(response_id, "ID").replace(named["id"], "ID"))
            for answer in answers
        ]

    nowhere = told(NOWHERE, {**item, "id": f"msg_{'0' * 32}_out0"})
    assert told(given["id"], item) == nowhere
    assert [status for status, _ in nowhere] == [404, 404, 404, 400, 404]


@pytest.mark.parametrize("streamed", [False, True])
def test_what_is_not_to_be_stored_is_not(site, streamed):
    answer = stream(site, store=False)[-1]["response"] if streamed else create(site, store=False)
    assert answer["store"] is False
    assert read(site, answer["id"]).status_code == 404


def test_nothing_is_kept_where_the_setting_says_so(tmp_path, parts):
    with running_site(tmp_path, parts) as site:
        given = create(site)
    with running_site(tmp_path, parts, MOM_KEEP_RESPONSES_DAYS=0) as site:
        assert create(site)["store"] is False
        wait_for(lambda: read(site, given["id"]).status_code == 404, "what was kept before to be deleted")


def test_what_grows_too_old_goes_while_mom_runs(tmp_path, parts, monkeypatch):
    monkeypatch.setattr(server, "CLEAN_EVERY_S", 0.05)
    with running_site(tmp_path, parts) as site:
        old, young = create(site), create(site)
        with site.services.history.database.session() as session:
            row = session.get(KeptResponse, old["id"].removeprefix("resp_"))
            row.created_at -= timedelta(days=31)
        wait_for(lambda: read(site, old["id"]).status_code == 404, "the old one to be deleted")
        assert read(site, young["id"]).status_code == 200


def test_an_answer_is_kept_over_a_restart(tmp_path, parts):
    with running_site(tmp_path, parts) as site:
        given = create(site, model="mom-text", input="a")
    with running_site(tmp_path, parts) as site:
        create(site, model="mom-text", input="b", previous_response_id=given["id"])
    assert said_to(parts) == [("user", "a"), ("assistant", "Hello!"), ("user", "b")]


def test_two_processes_share_what_is_kept(tmp_path, parts):
    with running_site(tmp_path, parts) as one, running_site(tmp_path, parts) as other:
        first = create(one, model="mom-text", input="a")
        second = create(other, model="mom-text", input="b", previous_response_id=first["id"])
        assert delete(one, second["id"]).status_code == 200
        assert read(other, second["id"]).status_code == 404


def leave_at(site, parts, gate, **body) -> str:
    """Begin a stream and leave it where the gate stands; the response's id."""
    body = {"model": "mom-text", "input": "a", "stream": True, **body}
    with httpx.stream("POST", f"{site.url}/v1/responses", json=body, timeout=20) as answer:
        lines = answer.iter_lines()
        response_id = next(line for line in lines if '"id"' in line).split('"id": "')[1].split('"')[0]
        gate.wait_until_reached()
    wait_for(lambda: read(site, response_id).status_code == 200, "the broken answer to be kept")
    return response_id


def test_a_stream_that_is_left_is_kept_as_far_as_it_came(site, parts, gate):
    parts.large_llm = ScriptedLanguageModel([ReasoningDelta("hm"), "One", gate, "two"])
    kept = read(site, leave_at(site, parts, gate)).json()
    assert (kept["status"], kept["incomplete_details"], kept["store"]) == ("incomplete", None, True)
    thought, said = kept["output"]
    assert (thought["status"], said["status"], said["content"][0]["text"]) == ("completed", "incomplete", "One")
    parts.large_llm = ScriptedLanguageModel()
    for asked in (
        {"input": "b", "previous_response_id": kept["id"]},
        {"input": [{"role": "user", "content": "a"}, {"id": said["id"]}, {"role": "user", "content": "b"}]},
    ):
        create(site, model="mom-text", **asked)
        assert said_to(parts) == [("user", "a"), ("assistant", "One"), ("user", "b")]


def test_of_a_stream_that_is_left_before_its_first_word_the_question_is_kept(site, parts, gate):
    parts.large_llm = ScriptedLanguageModel([gate])
    kept = read(site, leave_at(site, parts, gate)).json()
    assert (kept["status"], kept["output"]) == ("incomplete", [])
    assert listed(site, kept["id"])[0]["content"][0]["text"] == "a"


def test_a_call_that_was_not_whole_is_not_kept(site, parts, gate):
    parts.large_llm = ScriptedLanguageModel(["See.", ToolCallDelta(0, "c1", "weather", '{"ci'), gate])
    kept = read(site, leave_at(site, parts, gate, tools=TOOLS)).json()
    assert [item["type"] for item in kept["output"]] == ["message"]
    parts.large_llm = ScriptedLanguageModel()
    create(site, model="mom-text", input="b", previous_response_id=kept["id"])
    assert said_to(parts) == [("user", "a"), ("assistant", "See."), ("user", "b")]


def test_a_stream_that_failed_is_kept_with_what_it_said(site, parts):
    parts.large_llm = ScriptedLanguageModel(["Hel", PartBrokenError("The large LLM ended.", part="large_llm")])
    failed = stream(site, model="mom-text")[-1]["response"]
    assert read(site, failed["id"]).json() == failed
    assert (failed["status"], failed["output"][0]["content"][0]["text"]) == ("failed", "Hel")


def test_an_answer_is_worth_more_than_its_being_kept(site, parts, caplog, gate):
    parts.large_llm = ScriptedLanguageModel(["one", gate, "two"])
    answers = []
    asking = threading.Thread(target=lambda: answers.append(create(site, model="mom-text")))
    asking.start()
    gate.wait_until_reached()
    with site.services.history.database.session() as session:
        session.connection().exec_driver_sql("DROP TABLE kept_responses")
    site.services.pictures.patience = replace(site.services.pictures.patience, at_most_s=0)
    gate.open()
    asking.join(20)
    [answer] = answers
    assert (answer["store"], answer["output"][0]["content"][0]["text"]) == (False, "onetwo")
    assert "could not be kept" in caplog.text


def message_of(role: str, words: str, item_id: str) -> dict:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"id": item_id, "type": "message", "role": role, "content": [{"type": kind, "text": words}]}


def test_a_chain_of_two_hundred_is_gone_on_from(site, parts):
    owner, previous = site.services.history.local_user_id(), None
    for number in range(200):
        response_id = new_id()
        asked = message_of("user", str(number), input_id("message", response_id, 0))
        said = message_of("assistant", "ok", output_id("message", response_id, 0))
        site.services.kept_responses.add(owner, Kept(response_id, previous, {}, [asked], [said]), {}, previous)
        previous = response_id
    create(site, model="mom-text", input="200", previous_response_id=f"resp_{previous}")
    assert [words for role, words in said_to(parts) if role == "user"] == [str(number) for number in range(201)]
    ids = [item["id"] for item in listed(site, f"resp_{previous}", limit=100)]
    assert len(set(ids)) == 100


def test_a_chain_that_is_longer_than_a_conversation_may_be_is_refused(site):
    given = create(site, model="mom-text", input="x" * 600_000)
    refused = post(site, model="mom-text", input="y" * 600_000, previous_response_id=given["id"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "message_too_long")


def test_odd_characters_come_back(site, parts):
    odd, answered = "a\u2028b \U0001f98a \0 \x85", "\U0001f600 \0"
    parts.large_llm.reply = [answered]
    given = create(site, model="mom-text", input=odd)
    create(site, model="mom-text", input="b", previous_response_id=given["id"])
    assert said_to(parts) == [("user", odd), ("assistant", answered), ("user", "b")]


def test_an_answer_that_was_cut_off_is_gone_on_from(site, parts):
    parts.large_llm = ScriptedLanguageModel([TextDelta("Hel"), Ended("length")])
    given = create(site, model="mom-text", input="a")
    assert read(site, given["id"]).json()["status"] == "incomplete"
    create(site, model="mom-text", input="go on", previous_response_id=given["id"])
    assert said_to(parts)[-2:] == [("assistant", "Hel"), ("user", "go on")]
