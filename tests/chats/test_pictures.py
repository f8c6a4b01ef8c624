"""A picture's file says how it was made, is written whole or not at all, and belongs to somebody."""

import asyncio
import io
import json
import struct
import threading
from datetime import UTC, datetime

import pytest
from PIL import Image as Pixels
from PIL.PngImagePlugin import PngInfo

from mom.chats.attachments import MAX_ATTACHMENT_BYTES, check_attachments
from mom.chats.pictures import Pictures
from mom.chats.png_record import write_record
from mom.errors import AttachmentError, NotFoundError, PartBrokenError, StorageError
from mom.mixture.conversation import Attachment
from mom.mixture.ports import Picture
from tests.scripted import DEADLINE_S, png_of


def picture(**changes) -> Picture:
    fields = {"png": png_of(), "prompt": "a ring", "width": 64, "height": 64, "seed": 7, "steps": 4, "model": "sd"}
    return Picture(**{**fields, **changes})


def texts_of(png: bytes) -> dict:
    with Pixels.open(io.BytesIO(png)) as pixels:
        pixels.load()
        return dict(pixels.text)


def written(**changes) -> dict:
    return texts_of(write_record(picture(**changes), words="draw a ring", drawn_at=datetime(2026, 1, 2, tzinfo=UTC)))


def test_a_picture_is_kept_with_its_record(stage):
    started = stage.answered("/image a ring", seed=7)
    [image] = stage.message(started)["images"]
    texts = texts_of(stage.pictures.read_png(stage.owner, image["id"]))
    assert texts["parameters"].startswith("a ring\nSteps: 4, Seed: 7, Size: 64x64, Model: scripted-sd, Version: MoM ")
    record = json.loads(texts["mom"])
    assert (record["words"], record["prompt"], record["seed"]) == ("/image a ring", "a ring", 7)
    assert record["scheduler"] is None
    assert (record["width"], record["height"], record["steps"]) == (64, 64, 4)


def test_the_parameters_are_written_as_automatic1111_writes_them():
    parameters = written(prompt="a ring, gold\nin the snow", model='a "model", of: sorts')["parameters"]
    *prompt, last = parameters.split("\n")
    assert prompt == ["a ring, gold", "in the snow"]
    assert last.startswith('Steps: 4, Seed: 7, Size: 64x64, Model: "a \\"model\\", of: sorts", Version: ')


def test_the_scheduler_and_the_strength_stand_in_the_record_where_there_are_any():
    texts = written(scheduler="LCMScheduler", strength=0.6)
    assert ", Denoising strength: 0.6," in texts["parameters"]
    assert "Sampler: LCM," in texts["parameters"]
    assert json.loads(texts["mom"])["scheduler"] == "LCMScheduler"
    assert json.loads(texts["mom"])["strength"] == 0.6


def test_guidance_and_what_was_to_be_avoided_stand_in_the_record_where_there_are_any():
    texts = written(cfg_scale=1.0, negative_prompt="fog, rain")
    assert texts["parameters"].startswith("a ring\nNegative prompt: fog, rain\nSteps: 4, CFG scale: 1, Seed: 7, ")
    assert (json.loads(texts["mom"])["cfg_scale"], json.loads(texts["mom"])["negative_prompt"]) == (1.0, "fog, rain")


def test_what_the_image_model_did_not_say_is_left_out():
    assert "Seed" not in written(seed=None)["parameters"]
    assert json.loads(written(seed=None)["mom"])["seed"] is None


def test_words_of_every_script_are_kept():
    texts = written(prompt="雪の中の狐 🦊")
    assert texts["parameters"].startswith("雪の中の狐 🦊\n")
    assert json.loads(texts["mom"])["prompt"] == "雪の中の狐 🦊"


def test_the_record_stands_in_text_chunks_before_the_pixels():
    png = write_record(picture(), words="w", drawn_at=datetime(2026, 1, 2, tzinfo=UTC))
    assert png.index(b"tEXtparameters\0") < png.index(b"tEXtmom\0") < png.index(b"IDAT")


def test_the_pixels_are_not_touched():
    png = write_record(picture(), words="w", drawn_at=datetime(2026, 1, 2, tzinfo=UTC))
    with Pixels.open(io.BytesIO(png)) as after, Pixels.open(io.BytesIO(png_of())) as before:
        assert after.tobytes() == before.tobytes()


def test_a_picture_with_a_record_is_taken_up_when_it_is_dropped_into_a_chat(stage):
    first = stage.answered("/image a red boat on a lake", seed=7)
    png = stage.pictures.read_png(stage.owner, stage.message(first)["images"][0]["id"])
    stage.parts.small_llm.image_probability = 0.98
    stage.parts.large_llm.structure = {"prompt": "a blue boat on a lake"}
    other_chat = stage.history.create_chat(stage.owner)
    started = stage.turns.ask(stage.owner, other_chat, "make it bluer", attachments=[Attachment(png, "image/png")])
    stage.events(started)
    request = stage.parts.image_model.requests[-1]
    assert (request.prompt, request.seed, request.owner) == ("a blue boat on a lake", 7, stage.owner)
    assert request.source.startswith(b"\x89PNG")
    [attached] = stage.question(started)["images"]
    assert (attached["prompt"], attached["seed"]) == ("a red boat on a lake", 7)


def test_a_retried_follow_up_has_a_seed_of_its_own(stage):
    stage.answered("/image a red boat on a lake", seed=7)
    stage.parts.small_llm.image_probability = 0.98
    stage.parts.large_llm.structure = {"prompt": "a blue boat on a lake"}
    follow_up = stage.answered("make it bluer")
    stage.events(stage.turns.retry(stage.owner, follow_up.turn_id))
    assert [request.seed for request in stage.parts.image_model.requests] == [7, 7, None]
    assert all(request.source for request in stage.parts.image_model.requests[1:])


@pytest.mark.parametrize(
    "record",
    [
        "no json", "[]", "7", "{}", '{"prompt": 7}', '{"prompt": " "}', '{"prompt": "a\\u0000b"}',
        json.dumps({"prompt": "x" * 100_000}), "[" * 100_000,
    ],
)  # fmt: skip
def test_a_record_that_is_none_is_passed_over(record):
    texts = PngInfo()
    texts.add_text("mom", record)
    buffer = io.BytesIO()
    Pixels.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=texts)
    [checked] = check_attachments([Attachment(buffer.getvalue(), "image/png")])
    assert checked.drawing is None


@pytest.mark.parametrize("seed", [-1, 2**40, "7", None, True, 1.5])
def test_of_a_record_with_a_false_seed_the_prompt_is_taken_up(seed):
    texts = PngInfo()
    texts.add_text("mom", json.dumps({"prompt": "a ring", "seed": seed}))
    buffer = io.BytesIO()
    Pixels.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=texts)
    [checked] = check_attachments([Attachment(buffer.getvalue(), "image/png")])
    assert (checked.drawing.prompt, checked.drawing.seed) == ("a ring", None)


@pytest.mark.parametrize("data", [b"", b"no picture", png_of(form="JPEG"), png_of()[:60]])
def test_an_image_model_that_sends_no_png_is_called_broken(data):
    with pytest.raises(PartBrokenError):
        written(png=data)


async def test_a_picture_may_belong_to_no_message(stage):
    image = await stage.pictures.keeper(stage.owner).keep(picture(), words="a ring")
    assert stage.pictures.read_png(stage.owner, image.id)
    assert image.alt == "a ring"


@pytest.mark.parametrize("image_id", ["nowhere", "../../mom", "..", "", "a/b"])
def test_an_id_is_no_path(stage, image_id):
    with pytest.raises(NotFoundError):
        stage.pictures.read_png(stage.owner, image_id)


def test_a_file_that_is_gone_is_not_found(stage):
    [image] = stage.message(stage.answered("/image a ring"))["images"]
    [file] = stage.folder.rglob("*.png")
    file.unlink()
    with pytest.raises(NotFoundError):
        stage.pictures.read_png(stage.owner, image["id"])


def test_a_disk_that_takes_no_file_is_a_plain_sentence_and_leaves_nothing(stage, tmp_path):
    (tmp_path / "file").touch()
    pictures = Pictures(stage.database, tmp_path / "file")
    with pytest.raises(StorageError, match="disk space"):
        pictures.keep_drawing(stage.owner, None, picture(), "a ring")


def test_a_picture_whose_row_cannot_be_stored_leaves_no_file(stage):
    with pytest.raises(Exception, match="gone"):
        stage.pictures.keep_drawing(stage.owner, "no such message", picture(), "a ring")
    assert list(stage.folder.rglob("*.*")) == []


def test_a_thumbnail_is_small_kept_and_deleted_with_its_picture(stage):
    image = stage.pictures.keep_drawing(stage.owner, None, picture(png=png_of(640, 480)), "a ring")
    small = stage.pictures.read_thumbnail(stage.owner, image.id)
    with Pixels.open(io.BytesIO(small)) as pixels:
        assert (pixels.format, pixels.size) == ("WEBP", (320, 240))
    assert stage.pictures.read_thumbnail(stage.owner, image.id) == small
    assert {path.suffix for path in stage.folder.glob("??/*")} == {".png", ".webp"}
    with pytest.raises(NotFoundError):
        stage.pictures.read_thumbnail("somebody else", image.id)
    stage.pictures.discard(image.id)
    assert list(stage.folder.glob("??/*")) == []


def test_a_chat_that_is_deleted_leaves_no_file_behind(stage):
    started = stage.answered("/image a ring", attachments=[])
    [image] = stage.message(started)["images"]
    stage.pictures.read_thumbnail(stage.owner, image["id"])
    stage.turns.delete_chat(stage.owner, stage.chat)
    assert list(stage.folder.glob("??/*")) == []
    with pytest.raises(NotFoundError):
        stage.pictures.read_thumbnail(stage.owner, image["id"])


def test_half_characters_and_nul_in_a_prompt_do_not_lose_the_picture(stage):
    odd = picture(prompt="a \0 fox \ud83d")
    kept = stage.pictures.keep_drawing(stage.owner, None, odd, "draw \0 it")
    assert kept.prompt == "a \ufffd fox \ufffd"
    assert stage.pictures.read_png(stage.owner, kept.id)


@pytest.mark.parametrize(("seed", "kept"), [(2**63 - 1, 2**63 - 1), (2**64 - 1, None), (-1, -1)])
def test_what_an_image_server_says_of_itself_does_not_lose_the_picture(stage, seed, kept):
    image = stage.pictures.keep_drawing(stage.owner, None, picture(seed=seed, model="\0" + "m" * 300), "x")
    assert image.seed == kept
    record = json.loads(texts_of(stage.pictures.read_png(stage.owner, image.id))["mom"])
    assert record["model"] == "\ufffd" + "m" * 199


async def test_a_picture_whose_keeping_is_cancelled_twice_is_taken_back(sqlite_stage):
    pictures, keeping, go_on = sqlite_stage.pictures, threading.Event(), threading.Event()
    taken_back = threading.Event()

    class Slow(Pictures):
        def keep_drawing(self, *arguments):
            keeping.set()
            assert go_on.wait(DEADLINE_S)
            return super().keep_drawing(*arguments)

        def discard(self, image_id):
            super().discard(image_id)
            taken_back.set()

    slow = Slow(sqlite_stage.database, pictures.files.folder)
    task = asyncio.create_task(slow.keeper(sqlite_stage.owner).keep(picture(), words="x"))
    assert await asyncio.to_thread(keeping.wait, DEADLINE_S)
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)  # it has heard of it, and waits
    go_on.set()
    await asyncio.wait({task})
    assert task.cancelled()
    assert await asyncio.to_thread(taken_back.wait, DEADLINE_S)
    assert list(sqlite_stage.folder.glob("??/*")) == []


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_an_attachment_becomes_a_png_without_the_rest_of_its_file(form):
    exif = Pixels.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010E] = "where I live"
    buffer = io.BytesIO()
    Pixels.new("RGB", (40, 20), "red").save(buffer, form, exif=exif)
    [checked] = check_attachments([Attachment(buffer.getvalue(), "text/plain")])
    assert checked.png.startswith(b"\x89PNG")
    assert (checked.width, checked.height) == (20, 40)
    assert b"where I live" not in checked.png


def test_a_transparent_attachment_stays_transparent():
    buffer = io.BytesIO()
    Pixels.new("LA", (8, 8), (0, 0)).save(buffer, "PNG")
    [checked] = check_attachments([Attachment(buffer.getvalue(), "image/png")])
    with Pixels.open(io.BytesIO(checked.png)) as pixels:
        assert pixels.getpixel((0, 0)) == (0, 0, 0, 0)


def bomb(width: int, height: int) -> bytes:
    """A small file of very many pixels."""
    buffer = io.BytesIO()
    Pixels.new("1", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


REFUSED = {
    "another format": lambda: png_of(form="GIF"),
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "cut off": lambda: png_of(400, 400, form="JPEG")[:400],
    "nothing": lambda: b"",
    "too large a file": lambda: png_of() + bytes(MAX_ATTACHMENT_BYTES),
    "too many pixels": lambda: bomb(8000, 7000),
    "very many pixels": lambda: bomb(10_000, 10_000),
    "a bomb": lambda: bomb(20_000, 10_000),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_an_attachment_that_is_no_fit_picture_is_refused(kind):
    with pytest.raises(AttachmentError):
        check_attachments([Attachment(REFUSED[kind](), "image/png")])


def test_a_photo_whose_notes_are_odd_is_taken_as_it_lies():
    turned = struct.pack("<HHII", 0x0112, 3, 1, 6)  # by 90 degrees
    resolution = struct.pack("<HHI4s", 0x011A, 2, 3, b"72\0")  # in letters; it is to be a fraction
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + turned + resolution + bytes(4)
    buffer = io.BytesIO()
    Pixels.new("RGB", (40, 20), "red").save(buffer, "JPEG", exif=exif)
    [checked] = check_attachments([Attachment(buffer.getvalue(), "image/jpeg")])
    assert (checked.width, checked.height) == (40, 20)


def test_a_picture_of_sixteen_bits_is_no_white_area():
    buffer = io.BytesIO()
    Pixels.new("I;16", (8, 8), 21_074).save(buffer, "PNG")
    [checked] = check_attachments([Attachment(buffer.getvalue(), "image/png")])
    assert Pixels.open(io.BytesIO(checked.png)).getpixel((3, 3)) == (82, 82, 82)


def test_half_a_character_in_a_pictures_record_is_replaced():
    notes = PngInfo()
    notes.add_itxt("mom", '{"prompt": "a \\ud800 fox"}')
    buffer = io.BytesIO()
    Pixels.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=notes)
    [checked] = check_attachments([Attachment(buffer.getvalue(), "image/png")])
    assert checked.drawing.prompt == "a \N{REPLACEMENT CHARACTER} fox"
