"""The demo language model's training data: repeatable, split by wording, shaped as the mixture's own prompts."""

from pathlib import Path

import pytest

pytest.importorskip("tokenizers")

from jinja2 import Environment, FileSystemLoader

from training.llm.chat import DRAW_PHRASE, ROUTE_PHRASE, transcript
from training.llm.data import held_out_examples, mixed_examples
from training.llm.frames import groups, sections, side
from training.llm.pictures import Picture, Thing

PROMPTS = Path(__file__).parents[2] / "src/mom/mixture/prompts"


def test_the_same_seed_gives_the_same_examples() -> None:
    assert list(mixed_examples(7, 200)) == list(mixed_examples(7, 200))
    assert list(mixed_examples(7, 200)) != list(mixed_examples(8, 200))


@pytest.mark.parametrize("file", ["image", "text", "edits"])
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


def test_each_task_has_held_out_examples() -> None:
    for task in ("route", "draw", "answer"):
        assert [example.task for example in held_out_examples(task, 1, 20)] == [task] * 20


def test_a_picture_is_told_as_a_prompt() -> None:
    picture = Picture(
        (Thing("square", "green"), Thing("fox", size="small", count=2)), place="on a hill", style=("pixel art",)
    )
    assert picture.words() == "a green square and two small foxes on a hill, pixel art"


@pytest.mark.parametrize("trim", [True, False])
def test_the_transcript_is_written_as_the_mixture_writes_it(trim: bool) -> None:
    environment = Environment(loader=FileSystemLoader(PROMPTS), trim_blocks=trim, autoescape=False)
    earlier = [("user", "draw a boat"), ("assistant", "[image] a boat")]
    words = environment.get_template("transcript.j2").render(
        earlier=[{"role": role, "words": said} for role, said in earlier], last="make it bluer"
    )
    assert words.strip() in {
        transcript(earlier, "make it bluer"),
        transcript(earlier, "make it bluer", blank_line=True),
    }


def test_the_template_knows_the_mixtures_system_messages() -> None:
    assert ROUTE_PHRASE in (PROMPTS / "classify.j2").read_text(encoding="utf-8")
    assert DRAW_PHRASE in (PROMPTS / "write_image_prompt.j2").read_text(encoding="utf-8")
