"""The generator draws the same scene the same way, each scene as its own picture, and whole pictures point by point."""

import random
from dataclasses import replace

import pytest

pytest.importorskip("torch")

from training.image.backdrops import BACKGROUNDS, COLOURS, PLACES, TIMES
from training.image.glyphs import NAMES, stencils
from training.image.grid import GRID
from training.image.layout import lay_out
from training.image.pictures import SIZE, draw_picture
from training.image.scenes import DEFAULT_COLOURS, EMBLEM, Group, Scene, is_held_out, random_jitter, random_scene

MIDDLE = (SIZE // 2, SIZE // 2)


def test_the_same_scene_and_jitter_draw_the_same_picture():
    scene, jitter = Scene((Group("star", "blue", 3),), "night", "sea", "small"), (0.3, -1.0, 1.4, 0.2)
    assert draw_picture(scene, jitter).tobytes() == draw_picture(scene, jitter).tobytes()
    assert draw_picture(scene, jitter).tobytes() != draw_picture(scene).tobytes()


def test_a_green_square_is_green_in_the_middle_on_paper():
    picture = draw_picture(Scene((Group("square", "green"),)))
    assert picture.size == (SIZE, SIZE)
    assert picture.getpixel(MIDDLE) == COLOURS["green"]
    assert picture.getpixel((4, 4)) != COLOURS["green"]


def test_edges_are_smooth():
    colours = draw_picture(Scene((Group("circle", "black"),), "white")).getcolors(maxcolors=10_000)
    assert colours is not None
    assert 5 < len(colours) < 200


def test_every_drawing_is_its_own_and_lies_within_its_stencil():
    drawn = stencils()
    assert len({stencil.tobytes() for stencil in drawn}) == len(NAMES) == len(DEFAULT_COLOURS)
    for stencil in drawn:
        edge = (stencil[0], stencil[-1], stencil[:, 0], stencil[:, -1])
        assert stencil.any()
        assert not any(line.any() for line in edge)


@pytest.mark.parametrize("size", ["small", "medium", "large"])
@pytest.mark.parametrize("counts", [(1,), (2,), (3,), (4,), (5,), (6,), (1, 1), (3, 1), (2, 3)])
def test_things_stay_on_the_canvas_and_within_cells_of_their_own(counts: tuple[int, ...], size: str):
    for jitter in ((2.0, 2.0, 2.0, 2.0), (-2.0, -2.0, -2.0, 2.0)):
        groups = tuple(Group("star", "red", count) for count in counts)
        layout = lay_out(Scene(groups, size=size), jitter)
        assert len(layout.things) == sum(counts)
        assert set(layout.owners.flatten().tolist()) == set(range(sum(counts)))
        for index, thing in enumerate(layout.things):
            reach = 1.04 * thing.radius
            assert all(reach <= middle <= 1 - reach for middle in (thing.across, thing.down))
            for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                column, row = (int(GRID * m) for m in (thing.across + x * reach, thing.down + y * reach))
                assert layout.owners[row, column] == index


@pytest.mark.parametrize("glyph", ["house", "boat", "fox"])
@pytest.mark.parametrize("place", PLACES)
def test_in_a_landscape_things_stand_lower_than_they_fly(glyph: str, place: str):
    standing, flying = (
        lay_out(Scene((Group(name, "red"),), "day", place), (0, 0, 0, 0)).things[0] for name in (glyph, "balloon")
    )
    assert standing.down > 0.5 > flying.down


def test_the_same_place_is_another_picture_at_night():
    day = Scene((Group("boat", "red"),), "day", "sea")
    assert draw_picture(day).tobytes() != draw_picture(replace(day, background="night")).tobytes()


def test_training_never_sees_a_held_out_combination():
    rng = random.Random(1)
    assert not any(is_held_out(random_scene(rng)) for _ in range(500))
    assert all(is_held_out(random_scene(rng, held_out=True)) for _ in range(50))


def test_random_scenes_can_be_drawn_and_repeat_with_their_seed():
    first = [random_scene(random.Random(5)) for _ in range(3)]
    assert first == [random_scene(random.Random(5)) for _ in range(3)]
    rng = random.Random(2)
    for scene in [EMBLEM, *(random_scene(rng) for _ in range(8))]:
        assert draw_picture(scene, random_jitter(rng)).size == (SIZE, SIZE)
        assert scene.background in BACKGROUNDS
        assert not scene.place or scene.background in TIMES
