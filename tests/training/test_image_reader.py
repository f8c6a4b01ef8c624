"""The pixel reader says yes to true pictures and no to wrong ones, so that its figures mean something."""

import random
from dataclasses import replace

import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

from PIL import Image, ImageDraw, ImageFilter

from training.image.backdrops import COLOURS
from training.image.glyphs import NAMES
from training.image.pictures import SIZE, draw_picture
from training.image.reader import read_picture, shows
from training.image.scenes import Group, Scene, random_jitter, random_scene

GREEN_SQUARE = Scene((Group("square", "green"),))


def test_true_pictures_are_read_as_what_they_show():
    rng = random.Random(5)
    right = []
    for _ in range(30):
        scene = random_scene(rng)
        right.append(shows(draw_picture(scene, random_jitter(rng)), scene)["all"])
    assert sum(right) >= 29


def test_soft_edges_do_not_change_what_a_picture_shows():
    rng = random.Random(7)
    right = []
    for _ in range(30):
        scene = random_scene(rng)
        soft = draw_picture(scene, random_jitter(rng)).filter(ImageFilter.GaussianBlur(0.8))
        right.append(shows(soft, scene)["all"])
    assert sum(right) >= 29


def test_one_wrong_thing_among_right_ones_is_found_out_even_in_a_soft_picture():
    rng = random.Random(3)
    for _ in range(30):
        scene = random_scene(rng, "pair")
        first, *others = scene.groups
        glyphs = [name for name in NAMES if name not in {group.glyph for group in scene.groups}]
        colours = [colour for colour in COLOURS if colour != first.colour]
        changed = rng.choice([replace(first, glyph=rng.choice(glyphs)), replace(first, colour=rng.choice(colours))])
        wrong = draw_picture(replace(scene, groups=(changed, *others)), random_jitter(rng))
        assert not shows(wrong.filter(ImageFilter.GaussianBlur(0.8)), scene)["all"], (changed, first)


@pytest.mark.parametrize("name", NAMES)
def test_every_drawing_is_told_from_every_other(name: str):
    for colour in ("orange", "dark blue"):
        scene = Scene((Group(name, colour),))
        sights = read_picture(draw_picture(scene), scene).sights
        assert [(sight.glyph, sight.colour) for sight in sights] == [(name, colour)]


@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_is_told_from_every_other(colour: str):
    scene = Scene((Group("heart", colour),), "black" if colour in ("white", "beige") else "white")
    assert [sight.colour for sight in read_picture(draw_picture(scene), scene).sights] == [colour]


@pytest.mark.parametrize(
    ("wrong", "question"),
    [
        (replace(GREEN_SQUARE, groups=(Group("circle", "green"),)), "shape"),
        (replace(GREEN_SQUARE, groups=(Group("diamond", "green"),)), "shape"),
        (replace(GREEN_SQUARE, groups=(Group("house", "green"),)), "shape"),
        (replace(GREEN_SQUARE, groups=(Group("square", "turquoise"),)), "colour"),
        (replace(GREEN_SQUARE, groups=(Group("square", "green", 2),)), "count"),
        (replace(GREEN_SQUARE, background="night"), "background"),
        (replace(GREEN_SQUARE, background="day", place="sea"), "background"),
        (replace(GREEN_SQUARE, across="left"), "position"),
        (replace(GREEN_SQUARE, down="bottom"), "position"),
        (replace(GREEN_SQUARE, size="large"), "size"),
    ],
)
def test_a_wrong_picture_is_found_out(wrong: Scene, question: str):
    verdict = shows(draw_picture(wrong), GREEN_SQUARE)
    assert not verdict[question]
    assert not verdict["all"]


def test_a_face_without_its_face_is_a_circle():
    scene = Scene((Group("face", "yellow"),))
    assert shows(draw_picture(scene), scene)["all"]
    assert not shows(draw_picture(Scene((Group("circle", "yellow"),))), scene)["shape"]


@pytest.mark.parametrize("stacked", [False, True])
def test_a_pair_the_wrong_way_round_is_found_out(stacked: bool):
    circle, square = Group("circle", "red"), Group("square", "blue")
    scene = Scene((circle, square), stacked=stacked)
    assert shows(draw_picture(scene), scene)["all"]
    assert not shows(draw_picture(Scene((square, circle), stacked=stacked)), scene)["position"]
    assert not shows(draw_picture(Scene((circle, square), stacked=not stacked)), scene)["position"]


def test_dirt_on_the_background_is_found_out():
    picture = draw_picture(GREEN_SQUARE)
    ImageDraw.Draw(picture).line((0, 20, SIZE, 20), fill=(120, 120, 120), width=7)
    verdict = shows(picture, GREEN_SQUARE)
    assert not verdict["all"]


def test_a_blur_or_an_empty_picture_shows_nothing():
    star = Scene((Group("star", "red"),))
    blurred = draw_picture(star).filter(ImageFilter.GaussianBlur(30))
    assert not shows(blurred, star)["all"]
    assert read_picture(Image.new("RGB", (SIZE, SIZE), (244, 240, 230)), star).sights == ()
