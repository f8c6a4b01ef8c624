"""Latents say all that a picture shows; the decoder computes what its point network does; tied noise carries the jitter."""

import random

import pytest

pytest.importorskip("torch")

import torch

from training.checkpoint import save_checkpoint
from training.image.backdrops import PLACES, TIMES
from training.image.grid import GRID
from training.image.latents import BEHIND, BORDERS, CHANNELS, GROUNDS, at_points, codes, latents_of
from training.image.noise import tied_noise
from training.image.pictures import SIZE, paint, paint_pixels, pixel_centres
from training.image.points import PointDecoder
from training.image.scenes import NO_JITTER, Group, Scene, random_scene
from training.image.text import QUESTIONS, answers

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("default")]


@pytest.fixture
def decoder():
    """Its module, not imported before, as diffusers takes seconds, and each worker collects this file."""
    return pytest.importorskip("training.image.decoder")


def test_scenes_that_differ_have_latents_that_differ():
    one, other = (latents_of(Scene((Group(name, "red"),)), NO_JITTER) for name in ("cat", "fox"))
    assert one.shape == (CHANNELS, GRID, GRID)
    assert (one != other).any()


def test_any_two_things_are_told_apart_by_four_numbers():
    words = codes()
    differing = (words[:, None] != words).sum(-1)
    assert differing[~torch.eye(len(words), dtype=torch.bool)].min() >= 4


def test_pixels_with_the_same_latents_have_the_same_colour():
    """What a decoder sees of two places in a plain square is alike, and so are the places."""
    scene = Scene((Group("square", "green"),))
    centres = pixel_centres()
    seen = at_points(latents_of(scene, NO_JITTER)[None], torch.from_numpy(centres)[None])[0]
    colours = torch.from_numpy(paint_pixels(scene, NO_JITTER, centres))
    inside = (seen[:, 0].abs() < 0.7) & (seen[:, 1].abs() < 0.7)
    assert (colours[inside] == colours[inside][0]).all()
    assert (colours[~inside & (seen[:, 2] < 0.2)] == colours[0]).all()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("time", TIMES)
def test_the_latents_say_where_the_areas_of_a_landscape_end(place: str, time: str):
    scene = Scene((Group("circle", "red"),), background=time, place=place, size="small", down="top")
    centres = pixel_centres()
    seen = at_points(latents_of(scene, NO_JITTER)[None], torch.from_numpy(centres)[None])[0]
    colours = torch.from_numpy(paint(scene, NO_JITTER, centres)) / 127.5 - 1
    far, near, light = (seen[:, BORDERS] > 0).T
    away = seen[:, 2] < 0
    assert far.any()
    assert near.any()
    assert light.any() == (time != "day")
    assert torch.allclose(colours[away & near], seen[away & near][:, GROUNDS][:, 3:], atol=1e-4)
    assert torch.allclose(colours[away & far & ~near], seen[away & far & ~near][:, GROUNDS][:, :3], atol=1e-4)
    assert torch.allclose(colours[away & ~far & ~light], seen[away & ~far & ~light][:, BEHIND], atol=1e-4)


def test_the_decoder_computes_what_the_point_network_does(decoder):
    torch.manual_seed(1)
    points, vae = PointDecoder(), decoder.build_vae()
    decoder.fill_decoder(vae, points)
    flat = torch.randn(1, CHANNELS, 1, 1)
    with torch.no_grad():
        expected = points(flat[:, :, 0, 0])
        drawn = vae.decode(flat.expand(1, CHANNELS, 4, 4)).sample
    middle = drawn[0, :, drawn.shape[2] // 2, drawn.shape[3] // 2]
    assert middle.tolist() == pytest.approx(expected[0].tolist(), abs=0.02)


def test_a_window_is_decoded_as_it_is_within_the_whole(decoder):
    torch.manual_seed(1)
    vae = decoder.build_vae()
    decoder.fill_decoder(vae, PointDecoder())
    latents = latents_of(random_scene(random.Random(4)), NO_JITTER)[None]
    with torch.no_grad():
        whole = vae.decode(latents).sample
        window = vae.decode(latents[:, :, 4:10, 4:10]).sample
    cell = SIZE // GRID
    inner = window[:, :, cell:-cell, cell:-cell] - whole[:, :, 5 * cell : 9 * cell, 5 * cell : 9 * cell]
    assert inner.abs().max() < 0.02


def test_tied_noise_is_noise_that_carries_the_jitter():
    def jitter_of(noise: torch.Tensor) -> torch.Tensor:
        return GRID * noise[:, :4].mean((2, 3))

    torch.manual_seed(1)
    jitter = torch.randn(64, 4)
    noise = tied_noise(jitter)
    assert torch.allclose(jitter_of(noise), jitter, atol=1e-4)
    assert noise.std().item() == pytest.approx(1, abs=0.01)
    assert jitter_of(torch.randn(4000, CHANNELS, GRID, GRID)).std().item() == pytest.approx(1, abs=0.05)


def test_every_scene_answers_every_question():
    rng = random.Random(3)
    seen: set[tuple[int, ...]] = set()
    for _ in range(300):
        scene = random_scene(rng)
        given = answers(scene)
        assert len(given) == len(QUESTIONS)
        assert all(0 <= answer < count for answer, count in zip(given, QUESTIONS.values(), strict=True))
        seen.add(tuple(given))
    assert len(seen) > 290


def test_a_checkpoint_is_whole_or_the_one_before(tmp_path):
    path = tmp_path / "run.pt"
    save_checkpoint({"step": 1}, path)

    class Unsaveable:
        def __reduce__(self) -> tuple[object, ...]:
            raise RuntimeError("stopped in the middle")

    with pytest.raises(RuntimeError):
        save_checkpoint({"step": 2, "weights": Unsaveable()}, path)
    assert torch.load(path, weights_only=True) == {"step": 1}
