import asyncio
import json
import logging
import threading
import zipfile

import numpy as np
import pytest

from mom.mixture.classifier import Classifier
from mom.mixture.conversation import Conversation, Drawing, Message
from mom.mixture.paths import reach_verdict
from mom.mixture.verdict import DecidedBy, Need
from mom.models.bert.encoder import SHIPPED_ENCODER
from mom.models.bert.features import BITS, features
from mom.models.bert.head import HeadError, read_head, write_head
from mom.models.bert.options import SHIPPED, BertOptions
from mom.models.bert.reader import load_reader
from mom.models.bert.stage import BertStage
from tests.heads import flat_head


def of(*turns: str) -> Conversation:
    messages = []
    for place, words in enumerate(turns):
        if place % 2 == 0:
            messages.append(Message("user", words))
        elif words.startswith("[image] "):
            messages.append(Message("assistant", "", drawing=Drawing(words.removeprefix("[image] "))))
        else:
            messages.append(Message("assistant", words))
    return Conversation(tuple(messages))


def biased(tmp_path, bias: float):
    path = tmp_path / "head.npz"
    write_head(flat_head(shift=bias), path)
    return path


@pytest.mark.parametrize(
    ("conversation", "need"),
    [
        (of("draw a purple cat on a skateboard"), Need.IMAGE),
        (of("what is the capital of Portugal?"), Need.TEXT),
        (of("a lighthouse at dusk, oil painting, highly detailed"), Need.IMAGE),
        (of("write a poem about a painter"), Need.TEXT),
        (of("a logo for my bakery"), Need.IMAGE),
        (of("a boat", "[image] a boat", "make it bluer"), Need.IMAGE),
        (of("a boat", "[image] a boat", "thank you, what kind of boat is it?"), Need.TEXT),
        (of("zeichne einen Hund am Strand"), Need.IMAGE),
        (of("пожалуйста, нарисуй слона под снегом"), Need.IMAGE),
        (of("为什么会下雨?"), Need.TEXT),
    ],
)
async def test_the_shipped_head_decides_plain_messages(conversation, need):
    verdict = await BertStage().classify(conversation)

    assert verdict is not None
    assert (verdict.need, verdict.decided_by) == (need, DecidedBy.BERT)


ABOUT_PICTURES = "File: how_to_draw.md\n```\nDraw me a red fox, an oil painting at dusk. Make it bluer.\n```"


@pytest.mark.parametrize("before", [(), ("a boat", "[image] a boat"), ("what is JPEG?", "A format for pictures.")])
@pytest.mark.parametrize(
    ("words", "need"),
    [
        ("summarise this", Need.TEXT),
        ("fix the bug", Need.TEXT),
        ("make it faster", Need.TEXT),
        ("add comments", Need.TEXT),
        ("fasse das zusammen", Need.TEXT),
        ("make a poster for this", Need.IMAGE),
        ("draw an illustration for this story", Need.IMAGE),
        ("mal ein Bild dazu", Need.IMAGE),
    ],
)
async def test_the_words_decide_and_not_the_file_that_they_speak_of(before, words, need):
    verdict = await reach_verdict(of(*before, f"{ABOUT_PICTURES}\n\n{words}"), Classifier([BertStage()], 10.0))

    assert (verdict.need, verdict.decided_by) == (need, DecidedBy.BERT)


async def test_the_same_words_mean_another_thing_after_a_picture():
    head = load_reader()
    after_picture = head.image_probability(of("a boat", "[image] a boat", "a bit darker, please"))
    after_words = head.image_probability(of("write a poem", "The night is long.", "a bit darker, please"))

    assert after_picture > after_words + 0.3


@pytest.mark.parametrize(("bias", "need"), [(3.0, Need.IMAGE), (-3.0, Need.TEXT), (0.5, None), (-0.5, None)])
async def test_between_the_thresholds_the_stage_does_not_say(tmp_path, bias, need):
    verdict = await BertStage(BertOptions(biased(tmp_path, bias))).classify(of("hm"))

    assert (verdict and verdict.need) == need


async def test_alone_it_draws_from_its_own_threshold_on_or_from_that_of_the_settings(tmp_path):
    path = biased(tmp_path, 0.7)  # probability 0.67: between 0.65, for it alone, and 0.7
    alone = await BertStage(BertOptions(path), decides_always=True).classify(of("hm"))
    stricter = await BertStage(BertOptions(path, image_threshold=0.9), decides_always=True).classify(of("hm"))

    assert alone is not None
    assert stricter is not None
    assert (alone.need, stricter.need) == (Need.IMAGE, Need.TEXT)
    assert await BertStage(BertOptions(path)).classify(of("hm")) is None


async def test_alone_it_answers_in_text_where_it_is_not_sure(tmp_path):
    verdict = await BertStage(BertOptions(biased(tmp_path, 0.5)), decides_always=True).classify(of("hm"))

    assert verdict is not None
    assert (verdict.need, round(verdict.image_probability, 2)) == (Need.TEXT, 0.62)


@pytest.mark.parametrize(
    ("text", "image", "need"), [(None, 0.6, Need.IMAGE), (0.4, 0.99, None), (0.0, 0.6, Need.IMAGE)]
)
async def test_the_settings_thresholds_come_before_the_heads(tmp_path, text, image, need):
    options = BertOptions(biased(tmp_path, 0.5), text_threshold=text, image_threshold=image)  # probability 0.62
    verdict = await BertStage(options).classify(of("hm"))

    assert (verdict and verdict.need) == need


async def test_a_text_threshold_of_the_settings_decides_for_text(tmp_path):
    options = BertOptions(
        biased(tmp_path, -0.5), text_threshold=0.4
    )  # probability 0.38; the head itself says text up to 0.3
    verdict = await BertStage(options).classify(of("hm"))

    assert verdict is not None
    assert verdict.need is Need.TEXT


async def test_what_was_loaded_at_the_start_is_not_loaded_again(tmp_path):
    path = biased(tmp_path, 9.0)
    stage = BertStage(BertOptions(path))
    assert not stage.is_loading()
    stage.load_soon()
    assert stage.is_loading()
    await stage._loading
    assert not stage.is_loading()
    path.unlink()

    assert await stage.classify(of("hm")) is not None


def _missing(path):
    path.unlink()


def _cut(path):
    path.write_bytes(path.read_bytes()[:500])


def _other(path):
    path.write_bytes(b"no head at all")


def _damaged(path):
    data = path.read_bytes()
    path.write_bytes(data[:200] + b"\xff" * 300 + data[500:])


def _of_a_later_zip(path):
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 6] = 99  # the version that is needed to read it
    path.write_bytes(data)


def _older(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("facts.json", json.dumps({"version": 0}))
        archive.writestr("weights.f16", b"")


def _short(path):
    write_head(flat_head(weights=np.zeros(7, "<f2")), path)


def _of_another_encoder(path):
    write_head(flat_head(encoder=7), path)


def _not_numbers(path):
    write_head(flat_head(weights=np.full(2**BITS, np.nan, "<f2")), path)


@pytest.mark.parametrize(
    "spoil", [_missing, _cut, _damaged, _of_a_later_zip, _other, _older, _short, _of_another_encoder, _not_numbers]
)
async def test_an_unusable_head_is_said_once_and_the_shipped_one_decides(tmp_path, caplog, spoil):
    path = biased(tmp_path, 9.0)
    spoil(path)
    stage = BertStage(BertOptions(path))
    with caplog.at_level(logging.WARNING):
        verdicts = [await stage.classify(of("draw a fox")) for _ in range(2)]

    assert [verdict.need for verdict in verdicts] == [Need.IMAGE, Need.IMAGE]
    assert len([record for record in caplog.records if "bert stage is left out" in record.message]) == 1


async def test_where_no_head_can_be_used_the_next_stage_is_asked(tmp_path, monkeypatch):
    path = biased(tmp_path, 9.0)
    _cut(path)
    monkeypatch.setattr("mom.models.bert.stage.SHIPPED", path)
    assert await BertStage(BertOptions(path)).classify(of("draw a fox")) is None


def test_a_head_of_another_version_says_so(tmp_path):
    path = biased(tmp_path, 0.0)
    _older(path)
    with pytest.raises(HeadError, match="made for another version"):
        read_head(path)


async def test_the_event_loop_goes_on_while_the_head_is_read_and_asked(tmp_path):
    threads = set()

    class Watching(BertStage):
        def _load(self):
            threads.add(threading.current_thread())
            super()._load()

        def _weigh(self, reader, conversation):
            threads.add(threading.current_thread())
            return super()._weigh(reader, conversation)

    stage = Watching()
    await asyncio.gather(*(stage.classify(of(f"draw {number} foxes")) for number in range(5)))

    assert threading.main_thread() not in threads
    assert threads


async def test_a_message_of_a_megabyte_gets_its_verdict():
    verdict = await Classifier([BertStage(decides_always=True)], 10).classify(of("lorem ipsum " * 90_000))

    assert verdict.decided_by is DecidedBy.BERT


def test_the_shipped_files_are_small():
    files = [SHIPPED, *SHIPPED_ENCODER.iterdir()]
    assert sum(path.stat().st_size for path in files) < 25_000_000


def test_a_logit_is_the_sum_of_weighted_features():
    weights = np.zeros(2**BITS, "<f2")
    indices, values = features(of("hm"))
    weights[indices[0]] = 2.0
    head = flat_head(weights=weights, bias=0.25)

    assert head.ngrams_logit(of("hm")) == pytest.approx(0.25 + 2.0 * values[indices == indices[0]].sum())
