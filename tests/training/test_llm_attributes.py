"""The prompt's judge: what is right may be said in other ways, and each wrong attribute is named."""

import pytest

pytest.importorskip("tokenizers")

from training.llm.attributes import wrong_attributes
from training.llm.data import held_out_examples
from training.llm.pictures import Picture, Thing

FOXES = Picture(
    (Thing("fox", "red", "", "sleepy", 2, doing="reading a book"),), "on a hill", "at night", ("pixel art", "4k")
)
PAIR = Picture((Thing("circle", "dark blue", "large"), Thing("star", "yellow", count=3)), place="on a white background")
ABOVE = Picture((Thing("sun", "red"), Thing("house")), joint="above")
HATTED = Picture((Thing("cat", doing="wearing a hat"), Thing("dog"), Thing("sun")), side="on the left", joint="above")
LOGO = Picture((), medium="a logo for my bakery")
PORTRAIT = Picture((Thing("cat", owner="my"),), medium="a portrait of")


@pytest.mark.parametrize(
    ("said", "truth"),
    [
        ("two sleepy red foxes reading a book on a hill at night, pixel art, 4k", FOXES),
        ("2 red sleepy foxes reading a book at night on a hill, 4k, pixel art", FOXES),
        ("At night, two sleepy red foxes on a hill reading a book, 4K, pixel art.", FOXES),
        ("a large dark blue circle and three yellow stars on a white background", PAIR),
        ("3 yellow stars and a big dark blue circle on a white background", PAIR),
        ("a red sun above a house", ABOVE),
        ("one red sun above house", ABOVE),
        ("a cat wearing a hat above a dog and a sun on the left", HATTED),
        ("my red dog Bello", Picture((Thing("dog", "red", owner="my", name="Bello"),))),
        ("two gray stars", Picture((Thing("star", "grey", count=2),))),
        ("A logo for my bakery", LOGO),
        ("logo for my bakery", LOGO),
        ("two foxes, pixel art style", Picture((Thing("fox", count=2),), style=("pixel art",))),
        ("two foxes, pixel art", Picture((Thing("fox", count=2),), style=("pixel art style",))),
        ("a portrait of my cat", PORTRAIT),
    ],
)
def test_what_says_the_same_is_right(said: str, truth: Picture) -> None:
    assert wrong_attributes(said, truth) == []


@pytest.mark.parametrize(
    ("said", "truth", "wrong"),
    [
        ("three sleepy red foxes reading a book on a hill at night, pixel art, 4k", FOXES, ["count"]),
        ("two sleepy red fox reading a book on a hill at night, pixel art, 4k", FOXES, ["count"]),
        ("two sleepy blue foxes reading a book on a hill at night, pixel art, 4k", FOXES, ["colour"]),
        ("two sleepy foxes reading a book on a hill at night, pixel art, 4k", FOXES, ["colour"]),
        ("two red foxes reading a book on a hill at night, pixel art, 4k", FOXES, ["look"]),
        ("two angry red foxes reading a book on a hill at night, pixel art, 4k", FOXES, ["look"]),
        ("two sleepy red wolves reading a book on a hill at night, pixel art, 4k", FOXES, ["subject"]),
        ("two sleepy red foxes reading a book at night, pixel art, 4k", FOXES, ["place"]),
        ("two sleepy red foxes reading a book on a hill, pixel art, 4k", FOXES, ["time"]),
        ("two sleepy red foxes on a hill at night, pixel art, 4k", FOXES, ["doing"]),
        ("two sleepy red foxes reading a book on a hill at night, 4k", FOXES, ["style"]),
        ("two tiny sleepy red foxes reading a book on a hill at night, pixel art, 4k", FOXES, ["size"]),
        ("two sleepy old red foxes reading a book on a hill at night, pixel art, 4k", FOXES, ["added"]),
        ("two sleepy red foxes reading a book on a hill at night, pixel art, 4k, 4k", FOXES, ["added"]),
        ("a large blue circle and three yellow stars on a white background", PAIR, ["colour"]),
        ("a large yellow circle and three dark blue stars on a white background", PAIR, ["subject"]),
        ("a small dark blue circle and three yellow stars on a white background", PAIR, ["size"]),
        ("a large dark blue circle and three yellow stars on a black background", PAIR, ["place", "added"]),
        ("a large dark blue circle on a white background", PAIR, ["subject"]),
        ("a large dark blue circle under three yellow stars on a white background", PAIR, ["relation"]),
        ("a house above a red sun", ABOVE, ["subject"]),
        ("a cat above a dog wearing a hat and a sun on the left", HATTED, ["added"]),
        ("a cat above a dog and a sun on the left", HATTED, ["doing"]),
        ("a cat wearing a hat above a dog above a sun on the left", HATTED, ["relation"]),
        ("a cat wearing a hat above a dog and a sun", HATTED, ["side"]),
        ("my red dog B", Picture((Thing("dog", "red", owner="my", name="Bello"),)), ["subject"]),
        ("a logo for my barber", LOGO, ["medium", "added"]),
        ("a portrait of a cat", PORTRAIT, ["owner"]),
        ("my cat", PORTRAIT, ["medium"]),
        ("", PORTRAIT, ["medium", "subject"]),
    ],
)
def test_what_is_wrong_is_named(said: str, truth: Picture, wrong: list[str]) -> None:
    assert wrong_attributes(said, truth) == wrong


def test_the_truth_is_right_in_its_own_words() -> None:
    for example in held_out_examples("draw", 4, 1500):
        assert example.picture is not None
        assert wrong_attributes(example.picture.words(), example.picture) == []
