"""The encoder's files, what it reads of a conversation, and its vocabulary."""

import shutil

import numpy as np
import pytest

from mom.mixture.conversation import Conversation, Drawing, Message
from mom.models.bert.encoder import (
    BLOCK,
    LAYERS,
    PIECES,
    SHIPPED_ENCODER,
    WORDS,
    EncoderError,
    decoded,
    read_encoder,
    read_pieces,
)
from mom.models.bert.pieces import UNKNOWN, Vocabulary
from mom.models.bert.tokens import ASKED, DRAWN, LAST, PICTURE_KIND, read

TOYS = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁draw", "▁dr", "aw", "a", "w", "d", "r", "▁a"]
VOCABULARY = Vocabulary(TOYS, [0, 0, 0, 0, -3.0, -5.0, -4.0, -2.0, -3.0, -3.0, -3.0, -3.0, -2.5])


def pieces_of(text: str, vocabulary: Vocabulary = VOCABULARY) -> list[str]:
    return [TOYS[number] for number in vocabulary.encode(text)]


def test_the_likeliest_pieces_are_chosen_not_the_longest():
    assert pieces_of("draw") == ["▁draw"]
    cheaper = Vocabulary(TOYS, [0, 0, 0, 0, -3.0, -9.0, -4.0, -2.0, -3.0, -3.0, -3.0, -3.0, -2.5])
    assert pieces_of("draw", cheaper) == ["▁dr", "aw"]


def test_spaces_and_width_do_not_matter_and_a_run_of_unknown_signs_is_one():
    assert pieces_of("  draw \n\t a") == pieces_of("ｄｒａｗ a") == ["▁draw", "▁a"]
    assert pieces_of("draw 狐狸 a") == ["▁draw", "▁", "<unk>", "▁a"]
    assert pieces_of("") == ["▁"]


def test_the_shipped_vocabulary_cuts_as_the_library_does():
    tokenizers = pytest.importorskip("tokenizers")
    from tokenizers import Regex, models, normalizers, pre_tokenizers

    pieces, scores = read_pieces(SHIPPED_ENCODER)
    library = tokenizers.Tokenizer(models.Unigram(list(zip(pieces, scores, strict=True)), unk_id=UNKNOWN))
    library.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    library.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    ours = Vocabulary(pieces, scores)
    for text in (
        "Draw me a fox, please!!", "zeichne einen Schmetterlingsschwarm", "画一只戴帽子的猫", "猫の絵を描いてください",
        "고양이 그림을 그려줘", "ارسم قطة على القمر", "def f(x):\n    return x[1:]", "🦊🦊 \u0f3a lol", "ﬁne ①", "a" * 200,
    ):  # fmt: skip
        assert ours.encode(text) == library.encode(text).ids, text


@pytest.mark.parametrize(
    ("shouted", "said"),
    [
        ("НАРИСУЙ КРАСНЫЙ КРУГ", "нарисуй красный круг"),
        ("DRAW A FOX pls", "draw a fox pls"),
        ("Draw the NASA logo", "Draw the NASA logo"),
        ("画一只猫", "画一只猫"),
    ],
)
def test_a_message_in_capitals_is_read_in_small_letters(shouted, said):
    vocabulary = read_encoder().vocabulary
    for words in (shouted, said):
        earlier = (Message("user", words), Message("assistant", words))
        reading = read(Conversation((*earlier, Message("user", words))), vocabulary)
        plain = read(
            Conversation((Message("user", said), Message("assistant", said), Message("user", said))), vocabulary
        )
        assert reading == plain


def test_of_a_long_message_the_beginning_and_the_end_are_read():
    encoder = read_encoder()
    long = Conversation((Message("user", "begin " + "lorem ipsum " * 90_000 + "draw a fox"),))
    reading = read(long, encoder.vocabulary)
    assert len(reading.pieces) == reading.last == sum(LAST) + 2
    assert reading.pieces[1 : LAST[0] + 1] == encoder.vocabulary.encode(long.last.content[:400])[: LAST[0]]
    assert reading.pieces[-4:-1] == encoder.vocabulary.encode("draw a fox")[-3:]


def test_what_came_before_is_read_after_the_message_and_is_bounded():
    vocabulary = read_encoder().vocabulary
    asked = Message("user", "words " * 500)
    drawn = Message("assistant", "", drawing=Drawing("a red fox " * 500))
    reading = read(Conversation((asked, drawn, Message("user", "bluer"))), vocabulary)
    own = len(vocabulary.encode("bluer")) + 2
    assert reading.last == own
    assert len(reading.pieces) == own + sum(DRAWN) + 1 + sum(ASKED) + 1
    assert reading.kinds[own] == PICTURE_KIND
    assert reading.pieces[own : own + 4] == vocabulary.encode("a red fox")


def test_an_offer_at_the_end_of_a_long_answer_is_read():
    vocabulary = read_encoder().vocabulary
    told = Message(
        "assistant", "The keep was built by monks. " + "Each of its towers has a name. " * 900 + "Shall I draw it?"
    )
    reading = read(Conversation((Message("user", "tell me"), told, Message("user", "yes please"))), vocabulary)
    answer = reading.pieces[reading.last :]
    assert answer[:3] == vocabulary.encode("The keep was built")[:3]
    offer = vocabulary.encode("name. Shall I draw it?")[1:]
    assert any(answer[at : at + len(offer)] == offer for at in range(len(answer)))


def test_halves_of_characters_and_nothing_but_signs_are_weighed_too():
    encoder = read_encoder()
    for words in ("\ud83d", "\x00", "…", "🦊", " "):
        logit, vector = encoder.weigh(Conversation((Message("user", words),)))
        assert np.isfinite(logit)
        assert vector.shape == (384,)


def test_the_same_conversation_gives_the_same_number_each_time():
    asked = Conversation((Message("user", "draw a fox in the snow"),))
    assert read_encoder().weigh(asked)[0] == read_encoder().weigh(asked)[0]


def test_blocks_are_decoded_as_llama_cpp_writes_them():
    block = np.zeros((1, 1), BLOCK)
    block["scale"] = 0.5
    block["nibbles"][0, 0] = np.arange(16, dtype=np.uint8) + (15 << 4)  # low nibbles 0..15, high nibbles 15
    values = decoded(block)[0]
    assert values[:3].tolist() == [-4.0, -3.5, -3.0]
    assert set(values[16:].tolist()) == {3.5}


@pytest.mark.parametrize("spoilt", [LAYERS, WORDS, PIECES])
@pytest.mark.parametrize("how", ["missing", "cut", "other"])
def test_files_that_cannot_be_used_are_told(tmp_path, spoilt, how):
    shutil.copytree(SHIPPED_ENCODER, tmp_path / "encoder")
    path = tmp_path / "encoder" / spoilt
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:5001] if how == "cut" else b"no such thing")
    with pytest.raises(EncoderError, match="the encoder's files in encoder cannot be read"):
        read_encoder(tmp_path / "encoder")
