"""Pictures and files in what is remembered: kept once each as files, never in the database, deleted with what names them."""

import base64
import io
import json

import httpx
import pytest
from openai import OpenAI
from sqlalchemy import select

from mom.chats.tables import Image, KeptResponse
from tests.openai_api.responses import DRAWS, create, post
from tests.openai_api.test_response_memory import delete, listed, read, said_to
from tests.pdfs import pdf_of
from tests.scripted import ScriptedLabelModel, ScriptedLanguageModel, png_of


def data_url(png: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(png).decode()}"


def showing(url: str, words: str = "what is it?") -> list[dict]:
    content = [{"type": "input_text", "text": words}, {"type": "input_image", "detail": "auto", "image_url": url}]
    return [{"role": "user", "content": content}]


def rows(site, table) -> list:
    with site.services.history.database.session() as session:
        return list(session.scalars(select(table)))


def picture_files(tmp_path) -> list:
    return list(tmp_path.rglob("*.png"))


def test_a_picture_is_seen_again_in_the_next_turn(site, parts):
    first = create(site, input=showing(data_url(png_of(colour="blue"))))
    create(site, input="And its colour?", previous_response_id=first["id"])
    before, after = parts.vision_llm.questions
    assert after[-3].attachments == before[-1].attachments
    assert len(before[-1].attachments) == 1


def test_no_picture_is_in_the_database_and_each_is_one_file(site, tmp_path, parts):
    picture = data_url(png_of(colour="blue"))
    for _ in range(3):  # as clients do that send everything with each request
        create(site, input=showing(picture))
    drawn = create(site, input="/image a fox", tools=DRAWS)
    create(site, input=[*drawn["output"], {"role": "user", "content": "thanks"}], model="mom-text")
    assert len(picture_files(tmp_path)) == 2
    kept = [text for row in rows(site, KeptResponse) for text in (row.head, row.input, row.output)]
    assert all("base64" not in text and len(text) < 4_000 for text in kept)


def test_a_picture_that_was_sent_is_listed_as_a_link_that_can_be_sent_once_more(site, parts, openai: OpenAI):
    given = create(site, input=showing(data_url(png_of(colour="blue"))))
    [item] = openai.responses.input_items.list(given["id"])
    url = item.content[1].image_url
    assert httpx.get(url).headers["Content-Type"] == "image/png"
    create(site, input=[item.to_dict()])
    assert parts.vision_llm.questions[0][-1].attachments == parts.vision_llm.questions[1][-1].attachments
    foreign = post(site, input=showing(url.replace(url[-10:-4], "000000")))
    assert (foreign.status_code, foreign.json()["error"]["param"]) == (400, "input")


def test_a_drawn_picture_is_read_with_its_response(site, parts):
    given = create(site, input="/image a fox", tools=DRAWS)
    assert read(site, given["id"]).json() == given


@pytest.mark.parametrize("way", ["previous", "references", "reference twice"])
def test_make_it_bluer_goes_on_from_a_picture_that_is_remembered(site, parts, way):
    parts.large_llm = ScriptedLanguageModel(structure={"prompt": "a blue fox"})
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    asked = {"role": "user", "content": "/image a fox"}
    first = create(site, input=[asked], tools=DRAWS, seed=7)
    bluer = {"role": "user", "content": "make it bluer"}
    named = [{"type": "item_reference", "id": item["id"]} for item in first["output"]]
    again = create(
        site,
        tools=DRAWS,
        **{
            "previous": {"input": [bluer], "previous_response_id": first["id"]},
            "references": {"input": [asked, *named, bluer]},
            "reference twice": {"input": [asked, named[0], *named, bluer]},
        }[way],
    )["output"][0]
    assert "[image] a fox" in parts.small_llm.questions[-1][-1].content
    assert (again["revised_prompt"], again["mom"]["seed"]) == ("a blue fox", 7)
    assert parts.image_model.requests[-1].source is not None


def test_a_link_alone_is_gone_on_from_too(site, parts):
    parts.large_llm = ScriptedLanguageModel(structure={"prompt": "a blue fox"})
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    first = create(site, input="/image a fox")
    create(site, input="make it bluer", previous_response_id=first["id"])
    assert "[image] a fox" in parts.small_llm.questions[-1][-1].content
    assert parts.image_model.requests[-1].source is not None


def test_a_picture_that_mom_drew_is_still_known_as_such_where_a_program_attached_it(site, parts):
    """The vision LLM is asked of foreign pictures."""
    drawn = create(site, input="/image a fox", tools=DRAWS, seed=7)["output"][0]
    shown = create(site, input=showing(data_url(base64.b64decode(drawn["result"])), "/text nice"))
    create(site, input="really?", previous_response_id=shown["id"])
    assert [message.content for message in parts.large_llm.questions[-1]][-1] == "really?"
    assert all(question[-1].content != "really?" for question in parts.vision_llm.questions)


def test_a_foreign_picture_that_is_sent_as_a_call_is_kept(site, parts):
    parts.large_llm = ScriptedLanguageModel(structure={"prompt": "a blue dog"})
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    result = base64.b64encode(png_of(colour="blue")).decode()
    asked = {"role": "user", "content": "draw"}
    call = {"type": "image_generation_call", "id": "ig_foreign", "status": "completed", "result": result}
    given = create(site, input=[asked, {**call, "revised_prompt": "a dog"}, asked], model="mom-text")
    create(site, input="make it bluer", previous_response_id=given["id"])
    assert any("[image] a dog" in message.content for message in parts.large_llm.questions[-1])
    told = listed(site, given["id"], order="asc")[1]
    assert base64.b64decode(told["result"]).startswith(b"\x89PNG")
    assert told["revised_prompt"] == "a dog"


def test_what_is_deleted_takes_its_pictures_along_which_nobody_else_has(site, tmp_path):
    picture = data_url(png_of(colour="blue"))
    first, second = create(site, input=showing(picture)), create(site, input=showing(picture))
    delete(site, first["id"])
    assert len(picture_files(tmp_path)) == 1
    delete(site, second["id"])
    drawn = create(site, input="/image a fox")
    assert len(picture_files(tmp_path)) == 1
    delete(site, drawn["id"])
    assert (picture_files(tmp_path), rows(site, Image)) == ([], [])


def test_a_chats_pictures_stay_whatever_is_deleted(site, tmp_path):
    chat = httpx.post(f"{site.url}/api/chats", json={}).json()["id"]
    turn = httpx.post(f"{site.url}/api/chats/{chat}/messages", json={"content": "/image a fox"}).json()["turn_id"]
    httpx.get(f"{site.url}/api/turns/{turn}/events", timeout=20)
    [image] = rows(site, Image)
    given = create(site, input=showing(f"/images/{image.id}.png"))
    delete(site, given["id"])
    assert len(picture_files(tmp_path)) == 1


def test_of_a_file_its_text_is_kept(site, parts):
    asked = [{"type": "input_text", "text": "sum up"}, {"type": "input_file", "filename": "a.pdf"}]
    asked[1]["file_data"] = data_url(pdf_of("The pyramids."), "application/pdf")
    asked.append({"type": "input_file", "filename": "b.txt", "file_data": data_url(b"Of Giza", "text/plain")})
    first = create(site, model="mom-text", input=[{"role": "user", "content": asked}])
    before = said_to(parts)
    create(site, model="mom-text", input="more", previous_response_id=first["id"])
    assert said_to(parts)[:1] == before
    assert "The pyramids." in before[0][1]
    [row, _] = rows(site, KeptResponse)
    assert "base64" not in row.input
    assert "Of Giza" in listed(site, first["id"])[0]["content"][0]["text"]


def test_a_large_picture_is_kept_as_it_is_looked_at(site, tmp_path):
    """A photo of many megapixels is no more on the disk than the model sees of it."""
    from PIL import Image as Pixels

    buffer = io.BytesIO()
    Pixels.effect_noise((3000, 2000), 90).save(buffer, "JPEG", quality=95)
    create(site, input=showing(data_url(buffer.getvalue(), "image/jpeg")))
    [file] = picture_files(tmp_path)
    with Pixels.open(file) as kept:
        assert max(kept.size) == 1536


def test_pictures_that_were_not_looked_at_need_not_be_any(site, parts):
    """Only those of the last two messages with pictures are read, and kept."""
    asked = [*showing("data:image/png;base64,AAAA"), *showing("https://example.com/x.png")]
    seen = [*showing(data_url(png_of(colour="blue"))), *showing(data_url(png_of(colour="red")))]
    given = create(site, input=[*asked, *seen])
    assert [image.kind for image in rows(site, Image)] == ["attachment", "attachment"]
    create(site, input="well?", previous_response_id=given["id"])
    assert len([1 for message in parts.vision_llm.questions[-1] if message.attachments]) == 2
    assert json.dumps(listed(site, given["id"])).count("input_image") == 4
