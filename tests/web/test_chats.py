"""Chats over HTTP: the shapes that the page and scripts rely on."""

from tests.chats.stage import another_person
from tests.chats.waiting import wait_for
from tests.scripted import Gate


def new_chat(client, title="") -> str:
    return client.post("/api/chats", json={"title": title}).json["id"]


def asked(client, content="hello", **more) -> dict:
    answer = client.post(f"/api/chats/{new_chat(client)}/messages", json={"content": content, **more})
    assert answer.status_code == 202, answer.json
    return answer.json


def finished(client, started: dict) -> dict:
    wait_for(lambda: client.get(f"/api/turns/{started['turn_id']}").json["status"] != "running", "the turn's end")
    return client.get(f"/api/turns/{started['turn_id']}").json


def test_a_chat_is_made_listed_renamed_and_deleted(client):
    made = client.post("/api/chats")
    assert made.status_code == 201
    chat_id = made.json["id"]
    assert [chat["id"] for chat in client.get("/api/chats").json] == [chat_id]
    assert client.patch(f"/api/chats/{chat_id}", json={"title": "Foxes"}).json["title"] == "Foxes"
    assert client.get(f"/api/chats/{chat_id}").json["messages"] == []
    assert client.delete(f"/api/chats/{chat_id}").status_code == 204
    assert client.get("/api/chats").json == []
    assert client.get(f"/api/chats/{chat_id}").status_code == 404


def test_a_question_is_answered_and_the_chat_is_a_tree_of_messages(client):
    chat_id = new_chat(client)
    started = client.post(f"/api/chats/{chat_id}/messages", json={"content": "hello"})
    assert started.status_code == 202
    turn = finished(client, started.json)
    assert turn["status"] == "finished"
    assert turn["message_id"] == started.json["message_id"]
    question, answer = client.get(f"/api/chats/{chat_id}").json["messages"]
    assert {"id", "parent_id", "role", "content", "images", "verdict", "turn"} <= answer.keys()
    assert (question["role"], question["content"], question["parent_id"]) == ("user", "hello", None)
    assert (answer["role"], answer["content"], answer["parent_id"]) == ("assistant", "Hello!", question["id"])
    assert answer["verdict"]["need"] == "text"


def test_the_same_client_id_gives_the_same_turn(client):
    chat_id = new_chat(client)
    first, again = (
        client.post(f"/api/chats/{chat_id}/messages", json={"content": "hello", "client_id": "c1"}).json
        for _ in range(2)
    )
    assert first == again
    assert finished(client, first)["client_id"] == "c1"


def test_an_edited_question_ends_the_answer_of_the_first(client, parts):
    chat_id = new_chat(client)
    gate = Gate()
    parts.large_llm.reply = ["so far", gate]
    first = client.post(f"/api/chats/{chat_id}/messages", json={"content": "hello"}).json
    gate.wait_until_reached()
    parts.large_llm.reply = ["Hi!"]
    edit = {"content": "hi", "instead_of": first["question_id"]}
    edited = client.post(f"/api/chats/{chat_id}/messages", json=edit)
    assert edited.status_code == 202
    assert client.get(f"/api/turns/{first['turn_id']}").json["status"] == "stopped"
    finished(client, edited.json)
    refused = client.post(f"/api/chats/{chat_id}/messages", json={**edit, "parent_id": None})
    assert (refused.status_code, refused.json["error"]["param"]) == (400, "instead_of")


def test_retry_and_overrule_answer_beside_the_first_answer(client, parts):
    first = asked(client)
    finished(client, first)
    retried = client.post(f"/api/turns/{first['turn_id']}/retry")
    assert retried.status_code == 202
    finished(client, retried.json)
    overruled = client.post(f"/api/turns/{first['turn_id']}/overrule", json={"need": "image"})
    assert overruled.status_code == 202
    finished(client, overruled.json)
    assert len({first["message_id"], retried.json["message_id"], overruled.json["message_id"]}) == 3
    assert len(parts.image_model.requests) == 1


def test_a_picture_is_for_ever_and_its_link_works(client):
    chat_id = new_chat(client)
    started = client.post(f"/api/chats/{chat_id}/messages", json={"content": "/image a fox", "seed": 7}).json
    finished(client, started)
    (image,) = client.get(f"/api/chats/{chat_id}").json["messages"][1]["images"]
    assert (image["prompt"], image["seed"]) == ("a fox", 7)
    picture = client.get(image["url"])
    assert picture.data.startswith(b"\x89PNG")
    assert picture.headers["Content-Type"] == "image/png"
    assert "immutable" in picture.headers["Cache-Control"]
    assert picture.headers["X-Content-Type-Options"] == "nosniff"


def test_a_picture_that_is_attached_reaches_the_vision_llm(client, parts):
    picture = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    started = asked(client, "what is this?", attachments=[picture])
    assert finished(client, started)["status"] == "finished"
    assert len(parts.vision_llm.questions[0][-1].attachments) == 1


def test_a_chat_is_found_by_the_words_of_its_messages(client):
    chat_id = new_chat(client)
    started = client.post(f"/api/chats/{chat_id}/messages", json={"content": "Is 100% rye bread?"}).json
    finished(client, started)
    (found,) = client.get("/api/messages", query_string={"words": " 100% RYE "}).json
    assert found == {
        "chat_id": chat_id,
        "message_id": started["question_id"],
        "before": "Is ",
        "match": "100% rye",
        "after": " bread?",
    }
    assert client.get("/api/messages?words=wheat").json == []


def test_a_search_wants_some_words_and_not_too_many(client):
    misspelt = {"words": "fox", "word": "fox"}
    for query, param in [
        ({}, "words"),
        ({"words": "  "}, "words"),
        ({"words": "x" * 100_000}, "words"),
        (misspelt, "word"),
    ]:
        refused = client.get("/api/messages", query_string=query)
        assert (refused.status_code, refused.json["error"]["param"]) == (400, param)
        assert len(refused.json["error"]["message"]) < 200


def test_whatever_is_another_persons_is_not_there(client, app, parts):
    chat_id = new_chat(client)
    started = client.post(f"/api/chats/{chat_id}/messages", json={"content": "/image a fox"}).json
    finished(client, started)
    (image,) = client.get(f"/api/chats/{chat_id}").json["messages"][1]["images"]

    from mom.web.services import services

    owner, other = services(app).history.local_user_id(), another_person(services(app).history.database)
    services(app).history.local_user_id = lambda: other
    turn = f"/api/turns/{started['turn_id']}"
    for method, path, body in [
        ("GET", f"/api/chats/{chat_id}", None),
        ("PATCH", f"/api/chats/{chat_id}", {"title": "mine"}),
        ("DELETE", f"/api/chats/{chat_id}", None),
        ("POST", f"/api/chats/{chat_id}/messages", {"content": "hello"}),
        ("GET", turn, None),
        ("GET", f"{turn}/events", None),
        ("POST", f"{turn}/stop", None),
        ("POST", f"{turn}/retry", None),
        ("POST", f"{turn}/overrule", {"need": "text"}),
        ("GET", image["url"], None),
    ]:
        answer = client.open(path, method=method, json=body)
        assert (path, answer.status_code) == (path, 404)
        assert answer.json["error"]["code"] == "not_found"
    assert client.get("/api/chats").json == []
    assert client.get("/api/messages?words=fox").json == []
    services(app).history.local_user_id = lambda: owner
    assert len(client.get("/api/messages?words=fox").json) == 1
    assert client.get(turn).status_code == 200


def test_another_first_question_stands_beside_the_first(client):
    chat_id = new_chat(client)
    for content, more in (("hello", {}), ("good day", {"parent_id": None}), ("and now?", {})):
        finished(client, client.post(f"/api/chats/{chat_id}/messages", json={"content": content, **more}).json)
    messages = {message["content"]: message for message in client.get(f"/api/chats/{chat_id}").json["messages"]}
    assert messages["hello"]["parent_id"] is messages["good day"]["parent_id"] is None
    assert messages["and now?"]["parent_id"] is not None
