"""The pixel reader says yes to true pictures and no to wrong ones, so that its figures mean something."""

import random
from dataclasses import replace

import pytest

pytest.importorskip("numpy")

from PIL import Image, ImageFilter

from training.image.pictures import SIZE, Group, Scene, draw_picture
from training.image.reader import read_picture, shows
from training.image.scenes import random_jitter, random_scene

GREEN_SQUARE = Scene((Group("square", "green"),))


def test_true_pictures_are_read_as_what_they_show():
    rng = random.Random(5)
    for _ in range(40):
        scene = random_scene(rng)
        assert shows(draw_picture(scene, random_jitter(rng)), scene)["all"], scene


@pytest.mark.parametrize(
    ("wrong", "question"),
    [
        (replace(GREEN_SQUARE, groups=(Group("circle", "green"),)), "shape"),
        (replace(GREEN_SQUARE, groups=(Group("diamond", "green"),)), "shape"),
        (replace(GREEN_SQUARE, groups=(Group("square", "turquoise"),)), "colour"),
        (replace(GREEN_SQUARE, groups=(Group("square", "green", 2),)), "count"),
        (replace(GREEN_SQUARE, background="night"), "background"),
    ],
)
def test_a_wrong_picture_is_found_out(wrong: Scene, question: str):
    verdict = shows(draw_picture(wrong), GREEN_SQUARE)
    assert not verdict[question]
    assert not verdict["all"]


def test_every_shape_is_told_from_every_other():
    rng = random.Random(6)
    for _ in range(40):
        scene = random_scene(rng)
        wrong = random_scene(rng)
        if scene != replace(wrong, size=scene.size):
            verdict = shows(draw_picture(wrong, random_jitter(rng)), scene)
            assert not verdict["all"] or wrong.groups == scene.groups


def test_a_pair_the_wrong_way_round_is_found_out():
    circle, square = Group("circle", "red"), Group("square", "blue")
    assert shows(draw_picture(Scene((circle, square))), Scene((circle, square)))["all"]
    assert not shows(draw_picture(Scene((square, circle))), Scene((circle, square)))["order"]


def test_a_shape_on_the_wrong_side_is_found_out():
    left, right = replace(GREEN_SQUARE, position="left"), replace(GREEN_SQUARE, position="right")
    assert shows(draw_picture(left), left)["position"]
    assert not shows(draw_picture(right), left)["position"]


def test_a_blur_or_an_empty_picture_shows_nothing():
    star = Scene((Group("star", "red"),))
    blurred = draw_picture(star).filter(ImageFilter.GaussianBlur(30))
    assert not shows(blurred, star)["all"]
    assert read_picture(Image.new("RGB", (SIZE, SIZE), (244, 240, 230)), star).sights == ()
