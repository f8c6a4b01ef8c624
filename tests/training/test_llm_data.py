"""The demo language model's training data: repeatable, split by wording, shaped as the mixture's own prompts."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("tokenizers")

from jinja2 import Environment, FileSystemLoader

from mom.mixture.conversation import Conversation, Message
from mom.mixture.prompts import FOR_IMAGE_PROMPT, FOR_VERDICT, Excerpt, question_with_transcript
from training.llm.allowed import allows
from training.llm.any_picture import any_picture, any_place
from training.llm.attributes import wrong_attributes
from training.llm.changes import noun_of_doing
from training.llm.chat import DRAW_PHRASE, ROUTE_PHRASE, transcript
from training.llm.data import held_out_examples, held_out_sums, mixed_examples
from training.llm.edits import edit, request_with_change
from training.llm.first_minute import FIRST_MINUTE
from training.llm.frames import Author, groups, plural, sections, side
from training.llm.messages import _order
from training.llm.outside import bare_question, known_questions
from training.llm.pictures import TIMES, Picture, Thing
from training.llm.requests import bare_place, changed_picture, draw_example
from training.llm.sums import is_held_out_sum
from training.llm.wide import KINDS, _sections

PROMPTS = Path(__file__).parents[2] / "src/mom/mixture/prompts"


def test_the_same_seed_gives_the_same_examples() -> None:
    assert list(mixed_examples(7, 200)) == list(mixed_examples(7, 200))
    assert list(mixed_examples(7, 200)) != list(mixed_examples(8, 200))


def test_the_shares_of_the_tasks_can_be_chosen() -> None:
    assert {example.task for example in mixed_examples(7, 200, shares=(0, 0, 1, 0, 0, 0))} == {"draw"}


@pytest.mark.parametrize("file", ["image", "text", "edits", "several"])
def test_held_out_frames_are_not_training_frames(file: str) -> None:
    for frames in sections(file).values():
        training, held_out = set(side(frames, held_out=False)), set(side(frames, held_out=True))
        assert len(frames) < 5 or (held_out and not training & held_out)


def test_held_out_questions_are_not_training_questions() -> None:
    for questions, _ in groups("answers"):
        if len(questions) >= 5:
            assert not set(side(questions, held_out=False)) & set(side(questions, held_out=True))


def test_no_training_conversation_has_a_held_out_frame() -> None:
    held_out = [
        frame for frame in side(sections("text")["outside"], held_out=True) if "{" not in frame and len(frame) > 15
    ]
    said = {turn.user.lower() for example in mixed_examples(3, 3000) for turn in example.turns}
    assert held_out
    assert not said.intersection(held_out)


def test_the_answers_to_sums_are_right() -> None:
    asked = 0
    for example in mixed_examples(5, 2000):
        for turn in example.turns:
            parts = turn.assistant.split()
            if len(parts) == 5 and parts[3] == "=":
                first, second, result = int(parts[0]), int(parts[2]), int(parts[4])
                asked += 1
                assert result == {"+": first + second, "-": first - second, "*": first * second}.get(
                    parts[1], first // max(second, 1)
                )
    assert asked > 100


def test_held_out_sums_are_never_trained_and_both_halves_are_asked() -> None:
    for example in mixed_examples(6, 3000):
        for turn in example.turns:
            parts = turn.assistant.split()
            if len(parts) == 5 and parts[3] == "=":
                assert not is_held_out_sum(int(parts[0]), parts[1], int(parts[2]))
    assert [example.kind for example in held_out_sums(1, 20)] == ["seen"] * 10 + ["never seen"] * 10


def test_the_wordings_of_the_routing_are_split_too() -> None:
    for name in {section for sections_of_kind in KINDS.values() for section in sections_of_kind}:
        training, held_out = (set(_sections("en", held_out=side_of_split)[name]) for side_of_split in (False, True))
        assert training
        assert held_out or len(training) < 20
        assert not training & held_out


def test_no_first_message_of_the_first_minute_is_said_in_training() -> None:
    asked = {bare_question(talk[0].words) for talk in FIRST_MINUTE}
    assert not asked & known_questions()
    said = {
        bare_question(turn.user.removeprefix("Message: "))
        for example in mixed_examples(9, 6000)
        for turn in example.turns
    }
    assert not asked & said


def test_a_change_to_two_things_says_which_is_meant() -> None:
    author = Author(2)
    changed = 0
    for _ in range(2000):
        old = any_picture(author)
        message, new = edit(author, old)
        differ = [index for index, (one, two) in enumerate(zip(old.things, new.things, strict=False)) if one != two]
        if len(old.things) == len(new.things) == 2 and len(differ) == 1:  # both: their colours are exchanged
            changed += 1
            thing = old.things[differ[0]]
            part = noun_of_doing(thing)
            told = (
                thing.noun,
                plural(thing.noun),
                thing.name,
                thing.colour,
                part,
                new.things[differ[0]].doing,
                "first one",
            )
            everything = ("both", "everything", "all", "second one")
            assert any(words and words.lower() in message.lower() for words in (*told, *everything)), message
    assert changed > 20


def test_a_place_alone_is_asked_for_only_where_there_is_no_picture_to_change() -> None:
    author = Author(6)
    for _ in range(300):
        earlier, words, picture = bare_place(author)
        assert not any(said.startswith("[image]") for _, said in earlier)
        assert picture.place.lower() in words.lower()
        assert wrong_attributes(picture.words(), picture) == []


@cache
def any_edits(old: Picture) -> frozenset[tuple[str, str]]:
    """Messages that ask for a change to the picture, each with its prompt; so many that rare ones are among them."""
    author = Author(11)
    return frozenset((said, new.words()) for said, new in (edit(author, old) for _ in range(40_000)))


HILL = Picture((Thing("tree", "green"),), place="on a hill")
CAT = Picture((Thing("cat"),))
PAIR = Picture((Thing("square", "red"), Thing("circle", "blue")), joint="left of")
ALIKE = Picture((Thing("circle", "red"), Thing("circle", "blue")))
BELLO = Picture((Thing("dog", owner="my", name="Bello"),))
DRESSED = Picture((Thing("cat", size="large", doing="wearing a hat"),), place="on a red background", side="on the left")
FOXES = Picture((Thing("fox", "red", count=3),), style=("gouache", "bright"), medium="a photo of")


@pytest.mark.parametrize(
    ("old", "message", "prompt"),
    [
        (HILL, "remove the hill", "a green tree"),
        (CAT, "add one more cat", "two cats"),
        (replace(CAT, things=(Thing("cat", count=4),)), "one less", "three cats"),
        (PAIR, "swap the colours", "a blue square left of a red circle"),
        (PAIR, "remove the circle", "a red square"),
        (FOXES, "make it funny", "a photo of three red foxes, gouache, bright, funny"),
        (PAIR, r".*the circle above the square.*", "a blue circle above a red square"),
        (
            PAIR,
            "(make the square (larger|bigger)|square bigger|scale the square up a bit|enlarge the square please)",
            "a large red square left of a blue circle",
        ),
        (
            ALIKE,
            ".*blue circle (should|could|must) be (bigger|larger)|make the blue circle (larger|bigger)",
            "a red circle and a large blue circle",
        ),
        (BELLO, "(make|draw|paint) [Bb]ello (larger|bigger|big)|enlarge (only )?Bello.*", "my large dog Bello"),
        (DRESSED, "make it bigger", "a huge cat wearing a hat on the left on a red background"),
        (DRESSED, ".*(without|remove|take off) the hat", "a large cat on the left on a red background"),
        (DRESSED, "remove the background", "a large cat wearing a hat on the left"),
        (DRESSED, "in the middle", "a large cat wearing a hat in the middle on a red background"),
        (
            FOXES,
            "just one|(we need|exactly|give me|i want) one fox|(only )?one fox please|draw one fox",
            "a photo of a red fox, gouache, bright",
        ),
        (FOXES, r"(?!.*( and | but |,)).*\bcomic\b(?! (book|strip)).*", "three red foxes, comic, bright"),
        (FOXES, "darker", "a photo of three red foxes, gouache, dark"),
    ],
)
def test_a_change_is_understood(old: Picture, message: str, prompt: str) -> None:
    found = {words for said, words in any_edits(old) if re.fullmatch(message, said)}
    assert found <= {prompt, prompt.replace("two", "2").replace("three", "3")}
    assert found


@pytest.mark.parametrize("old", [HILL, BELLO, PAIR, ALIKE, DRESSED, FOXES])
def test_no_message_asks_for_two_different_changes(old: Picture) -> None:
    found: dict[str, set[str]] = {}
    for message, prompt in any_edits(old):
        found.setdefault(message, set()).add(prompt)
    assert {message: prompts for message, prompts in found.items() if len(prompts) > 1} == {}


def test_it_is_what_was_added_last() -> None:
    author = Author(14)
    now = replace(CAT, things=(*CAT.things, Thing("sun")))
    found = {new.words() for said, new in (edit(author, now, CAT) for _ in range(8000)) if said == "make it bigger"}
    assert found == {"a cat and a large sun"}


def test_what_is_put_next_to_it_stands_next_to_it_in_the_prompt() -> None:
    author = Author(19)
    found = dict(edit(author, CAT) for _ in range(6000))
    beside = {
        said: new
        for said, new in found.items()
        if re.match(r"(draw|put|place|set) .* (next to|beside) (it|the cat)$", said)
    }
    assert beside
    for said, new in beside.items():
        assert len(new.things) == 1 or new.joint in said


def test_the_colours_are_not_swapped_where_there_are_three() -> None:
    hatted = replace(PAIR, things=(replace(PAIR.things[0], doing="wearing a green hat"), PAIR.things[1]))
    assert allows(PAIR, "exchange")
    assert not allows(hatted, "exchange")


def test_names_are_many_and_are_kept() -> None:
    author = Author(15)
    names = set()
    for example in (draw_example(author) for _ in range(4000)):
        assert example.picture is not None
        names |= {thing.name or thing.noun for thing in example.picture.things if thing.name or thing.proper}
    assert len(names) > 150
    for _ in range(1000):
        assert "Bello" in edit(author, BELLO)[1].words()


def test_a_message_of_a_place_is_none_of_a_time() -> None:
    author = Author(16)
    assert not TIMES.intersection(any_place(author, shapes=shapes) for shapes in (True, False) for _ in range(4000))


def test_several_messages_can_undo_the_last_change() -> None:
    author = Author(17)
    undone = 0
    for _ in range(9000):
        earlier, message, picture = changed_picture(author)
        if message.lower().startswith("undo") and "size" not in message.lower():
            undone += 1
            assert f"[image] {picture.words()}" == earlier[-3][1]
    assert undone


def test_an_order_names_what_it_is_for() -> None:
    author = Author(18)
    for message, picture in (_order(author) for _ in range(2000)):
        if picture.medium.endswith("for my bakery"):
            assert "bakery" in message
        if "my bakery" in message.lower():
            assert picture.medium.endswith(" for my bakery")


def test_what_is_put_on_a_thing_is_part_of_it() -> None:
    author = Author(12)
    for message, new in (edit(author, CAT) for _ in range(3000)):
        if message.startswith("make it wear "):
            assert new.words() == f"a cat wearing {message.removeprefix('make it wear ')}"


def test_a_request_may_change_its_scene_in_the_same_breath() -> None:
    author = Author(8)
    scene = Picture((Thing("smiling face"),))
    found = dict(request_with_change(author, scene) for _ in range(800))
    assert all("a smiling face" in words and "=>" not in words for words in found)
    nights = [new.words() for words, new in found.items() if words.endswith("make it night")]
    assert set(nights) == {"a smiling face at night"}


def test_each_task_has_held_out_examples() -> None:
    for task in ("route", "draw", "answer"):
        assert [example.task for example in held_out_examples(task, 1, 20)] == [task] * 20


def test_a_picture_is_told_as_a_prompt() -> None:
    picture = Picture(
        (Thing("square", "green"), Thing("fox", size="small", count=2)), place="on a hill", style=("pixel art",)
    )
    assert picture.words() == "a green square and two small foxes on a hill, pixel art"


@pytest.mark.parametrize("trim", [True, False])
def test_the_transcript_is_written_as_the_template_writes_it(trim: bool) -> None:
    environment = Environment(loader=FileSystemLoader(PROMPTS), trim_blocks=trim, autoescape=False)
    earlier = [("user", "draw a boat"), ("assistant", "[image] a boat")]
    words = environment.get_template("transcript.j2").render(
        earlier=[{"role": role, "words": said} for role, said in earlier], last="make it bluer"
    )
    assert words.strip() in {
        transcript(earlier, "make it bluer", FOR_VERDICT),
        transcript(earlier, "make it bluer", FOR_VERDICT, blank_line=True),
    }


@pytest.mark.parametrize(("name", "excerpt"), [("classify", FOR_VERDICT), ("write_image_prompt", FOR_IMAGE_PROMPT)])
def test_the_transcript_is_cut_as_the_mixture_cuts_it(name: str, excerpt: Excerpt) -> None:
    earlier = [("user", "what is it?"), ("assistant", "long " * 300)] * 5
    messages = (*(Message(role, words) for role, words in earlier), Message("user", "draw a boat"))
    asked = question_with_transcript(name, Conversation(messages), excerpt)[-1].content
    assert asked in {
        transcript(earlier, "draw a boat", excerpt),
        transcript(earlier, "draw a boat", excerpt, blank_line=True),
    }


def test_the_template_knows_the_mixtures_system_messages() -> None:
    assert ROUTE_PHRASE in (PROMPTS / "classify.j2").read_text(encoding="utf-8")
    assert DRAW_PHRASE in (PROMPTS / "write_image_prompt.j2").read_text(encoding="utf-8")
