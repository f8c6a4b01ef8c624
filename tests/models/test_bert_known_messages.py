import numpy as np
import pytest

from mom.mixture.conversation import Conversation, Message
from mom.mixture.verdict import Need
from mom.models.bert.encoder import SHIPPED_ENCODER, read_encoder
from mom.models.bert.evidence import evidence_for
from mom.models.bert.known_messages import FILE, KnownMessages, direction, read_known_messages, write_known_messages
from mom.models.bert.reader import load_reader


def test_the_nearest_known_message_of_a_known_message_is_itself():
    known, encoder = read_known_messages(), read_encoder()
    for place in (0, len(known.words) // 2, len(known.words) - 1):
        _, vector = encoder.weigh(Conversation((Message("user", known.words[place]),)))
        nearest = known.nearest(vector)
        likeness = known.vectors @ direction(vector, known.centre, known.axis)
        assert likeness[place] > 0.99
        assert any(known.words[place][:40] in clause for clause in nearest)


def test_the_nearest_come_first_with_the_need_they_have(tmp_path):
    vectors = np.eye(4, 384, dtype=np.float32)
    needs = [Need.TEXT, Need.IMAGE, Need.TEXT, Need.IMAGE]
    write_known_messages(["a poem", "draw  a\nfox", "x" * 99, "draw a house"], needs, vectors, tmp_path)
    known = read_known_messages(tmp_path)
    near = vectors[1] + 0.4 * vectors[0]
    assert known.nearest(near)[0] == "0.90 like “draw a fox”, which needs an image"
    assert known.nearest(near)[1].endswith("like “a poem”, which needs a text")
    assert known.nearest(vectors[2])[0] == f"1.00 like “{'x' * 60}…”, which needs a text"
    # A poem that is somehow thought to need an image is like a poem still.
    assert "a poem" in known.nearest(vectors[0] + 2 * (vectors[1] + vectors[3] - vectors[2]))[0]


def test_the_same_messages_are_written_as_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_known_messages(["a", "b"], [Need.TEXT, Need.IMAGE], np.eye(2, 384, dtype=np.float32), tmp_path / name)
    assert (tmp_path / "a" / "known.gz").read_bytes() == (tmp_path / "b" / "known.gz").read_bytes()


def test_many_known_messages_of_both_needs_are_shipped():
    known = read_known_messages()
    assert isinstance(known, KnownMessages)
    assert len(known.words) == len(known.needs) == len(known.vectors) >= 400
    assert set(known.needs) == set(Need)


def test_the_evidence_ends_with_the_nearest_messages():
    evidence = evidence_for(load_reader(), Conversation((Message("user", "please draw a red fox"),)))
    assert all(" like “" in clause for clause in evidence[-3:])
    assert any("without “" in clause for clause in evidence)


@pytest.mark.parametrize("cut", [None, 0, 100, 5000])
def test_without_whole_known_messages_the_evidence_says_so(cut, tmp_path):
    if cut is not None:
        (tmp_path / FILE).write_bytes((SHIPPED_ENCODER / FILE).read_bytes()[:cut])
    evidence = evidence_for(load_reader(), Conversation((Message("user", "please draw a red fox"),)), tmp_path)
    assert "known.gz is missing or damaged" in evidence[-1]
    assert any("without “" in clause for clause in evidence)
