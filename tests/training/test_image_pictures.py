"""The generator draws the same scene the same way, and each scene as its own picture."""

import random

import pytest

from training.image.pictures import COLOURS, EMBLEM, SIZE, Group, Scene, draw_picture, place_shapes
from training.image.scenes import is_held_out, random_jitter, random_scene


def test_the_same_scene_and_jitter_draw_the_same_picture():
    scene, jitter = Scene((Group("star", "blue", 3),), "night", "small"), (0.3, -1.0, 1.4, 0.2)
    assert draw_picture(scene, jitter).tobytes() == draw_picture(scene, jitter).tobytes()
    assert draw_picture(scene, jitter).tobytes() != draw_picture(scene).tobytes()


def test_a_green_square_is_green_in_the_middle_on_paper():
    picture = draw_picture(Scene((Group("square", "green"),)))
    assert picture.size == (SIZE, SIZE)
    assert picture.getpixel((SIZE // 2, SIZE // 2)) == COLOURS["green"]
    assert picture.getpixel((4, 4)) != COLOURS["green"]


def test_edges_are_smooth():
    colours = draw_picture(Scene((Group("circle", "black"),), "white")).getcolors(maxcolors=10_000)
    assert colours is not None
    assert 5 < len(colours) < 200


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_shapes_stay_on_the_canvas_and_apart(count: int):
    for jitter in ((2.0, 2.0, 2.0, 2.0), (-2.0, -2.0, -2.0, 2.0)):
        placed = place_shapes(Scene((Group("star", "red", count),), size="large"), jitter)
        assert len(placed) == count
        for one in placed:
            assert all(one.radius <= c <= 1 - one.radius for c in one.centre)
            for other in placed:
                apart = max(abs(a - b) for a, b in zip(one.centre, other.centre, strict=True))
                assert other is one or apart > 2 * 0.95 * one.radius


def test_training_never_sees_a_held_out_combination():
    rng = random.Random(1)
    assert not any(is_held_out(random_scene(rng)) for _ in range(500))
    assert all(is_held_out(random_scene(rng, held_out=True)) for _ in range(50))


def test_random_scenes_can_be_drawn_and_repeat_with_their_seed():
    first = [random_scene(random.Random(5)) for _ in range(3)]
    assert first == [random_scene(random.Random(5)) for _ in range(3)]
    rng = random.Random(2)
    for scene in [EMBLEM, *(random_scene(rng) for _ in range(20))]:
        assert draw_picture(scene, random_jitter(rng)).size == (SIZE, SIZE)
