"""Pictures that are added to a question."""

import io
import subprocess
import sys

import pytest
from PIL import Image

from mom.chats.attachments import MAX_ATTACHMENTS, check_attachments
from mom.errors import AttachmentError, NotFoundError
from mom.mixture.conversation import Attachment
from tests.scripted import ScriptedImageModel, png_of


def test_an_attached_picture_is_kept_and_seen_by_the_vision_llm(stage):
    photo = Attachment(png_of(2000, 1000, form="JPEG"), "image/png")  # what the sender calls it is not believed
    started = stage.answered("what is it?", attachments=[photo])
    [image] = stage.question(started)["images"]
    assert (image["width"], image["height"]) == (1536, 768)
    [attachment] = stage.parts.vision_llm.questions[0][-1].attachments
    assert attachment.data == stage.pictures.read_png(stage.owner, image["id"])
    assert attachment.media_type == "image/png"
    assert stage.message(started)["verdict"]["decided_by"] == "attachment"


def test_a_further_question_about_a_picture_is_answered_by_who_sees_it(stage):
    stage.answered("what is it?", attachments=[Attachment(png_of(), "image/png")])
    further = stage.message(stage.answered("what colour is its edge?"))
    assert (further["content"], further["verdict"]["expert"]) == ("I see it.", "vision_llm")
    _system, first, answer, last = stage.parts.vision_llm.questions[-1]
    assert (len(first.attachments), answer.content, last.content) == (1, "I see it.", "what colour is its edge?")
    stage.answered("/image a boat")
    about_the_boat = stage.message(stage.answered("where does it go?"))
    assert (about_the_boat["content"], about_the_boat["verdict"]["expert"]) == ("Hello!", None)


def test_where_nobody_sees_words_say_that_a_picture_was_there(stage):
    stage.answered("", attachments=[Attachment(png_of(), "image/png")])
    stage.parts.can_see = False
    stage.answered("and now?")
    assert [(message.content, message.attachments) for message in stage.parts.large_llm.questions[-1][1:]] == [
        ("[picture attached]", ()), ("I see it.", ()), ("and now?", ()),
    ]  # fmt: skip


def test_an_earlier_picture_that_is_lost_does_not_stop_the_answer(sqlite_stage):
    stage = sqlite_stage
    stage.answered("what is it?", attachments=[Attachment(png_of(), "image/png")])
    for file in stage.folder.rglob("*.png"):
        file.unlink()
    assert stage.message(stage.answered("and now?"))["content"] == "Hello!"


def test_a_picture_may_be_attached_without_words(stage):
    assert stage.message(stage.answered("", attachments=[Attachment(png_of(), "image/png")]))["content"] == "I see it."


@pytest.mark.parametrize("attachments", [[b"no picture"], [png_of()] * (MAX_ATTACHMENTS + 1)])
def test_an_attachment_that_is_refused_stores_nothing(sqlite_stage, attachments):
    stage = sqlite_stage
    with pytest.raises(AttachmentError):
        stage.ask("see", attachments=[Attachment(data, "image/png") for data in attachments])
    assert stage.history.read_chat(stage.owner, stage.chat)["messages"] == []
    assert list(stage.folder.rglob("*.png")) == []


@pytest.mark.parametrize("side", [8_000, 15_000])  # beyond what MoM takes, and beyond what Pillow opens
def test_a_picture_of_too_many_pixels_is_named_so(side):
    buffer = io.BytesIO()
    Image.new("1", (side, side)).save(buffer, "PNG")
    with pytest.raises(AttachmentError, match="50 million pixels"):
        check_attachments([Attachment(buffer.getvalue(), "image/png")])


IN_A_PROCESS_OF_ITS_OWN = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
from mom.chats.attachments import check_attachments
from mom.mixture.conversation import Attachment

picture = Attachment(sys.stdin.buffer.read(), "image/png")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with ThreadPoolExecutor(4) as threads:
    list(threads.map(check_attachments, [[picture]] * 4))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory in other units, or not at all")
def test_a_small_file_that_unfolds_to_a_large_picture_is_held_once_whoever_sends_more():
    small = png_of(4000, 4000)  # 64 MB of pixels
    assert len(small) < 100_000

    command = [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN]
    megabytes = int(subprocess.run(command, input=small, stdout=subprocess.PIPE, check=True).stdout)

    assert megabytes < 200


def test_a_question_that_cannot_be_stored_leaves_no_picture_behind(sqlite_stage):
    stage = sqlite_stage
    with pytest.raises(NotFoundError):
        stage.turns.ask(stage.owner, "nowhere", "see", attachments=[Attachment(png_of(), "image/png")])
    assert list(stage.folder.rglob("*.png")) == []


def test_a_picture_is_begun_from_the_one_attached_and_so_is_another_try_of_it(stage):
    photo = Attachment(png_of(colour="red"), "image/png")
    first = stage.answered("/image a watercolour", attachments=[photo])
    stage.events(stage.turns.retry(stage.owner, first.turn_id))
    kept = stage.pictures.read_png(stage.owner, stage.question(first)["images"][0]["id"])
    assert [request.source for request in stage.parts.image_model.requests] == [kept, kept]
    assert stage.message(first)["content"] == ""


def test_a_picture_that_was_not_begun_from_the_one_attached_says_so(stage):
    stage.parts.image_model = ScriptedImageModel(can_edit=False)
    first = stage.answered("/image a watercolour", attachments=[Attachment(png_of(), "image/png")])
    assert "was not used" in stage.message(first)["content"]
