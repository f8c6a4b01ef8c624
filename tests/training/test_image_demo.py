"""The shipped demo image model loads as any diffusers folder does and draws what is asked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from training.image.reader import shows
from training.image.scenes import Group, Scene

FOLDER = Path(__file__).resolve().parents[2] / "src" / "mom" / "serving" / "demo" / "image"
MEGABYTE = 1_000_000

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("default"),
]  # the libraries' own warnings are not ours to fix


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Any]:
    diffusers = pytest.importorskip("diffusers")  # here, as it takes seconds, and each worker collects this file
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    loaded = diffusers.StableDiffusionPipeline.from_pretrained(FOLDER, dtype=torch.float32, local_files_only=True)
    loaded.set_progress_bar_config(disable=True)
    yield loaded
    torch.set_num_threads(threads)


def draw(pipeline, prompt: str, steps: int = 4, seed: int = 0, guidance: float = 1.0):
    generator = torch.Generator("cpu").manual_seed(seed)
    return pipeline(prompt, num_inference_steps=steps, guidance_scale=guidance, generator=generator).images[0]


def test_a_green_square_is_green_in_the_middle(pipeline):
    picture = draw(pipeline, "a green square")
    assert picture.size == (256, 256)
    middle = picture.crop((96, 96, 160, 160))
    pixels = list(middle.get_flattened_data())
    green = [1 for red, green, blue in pixels if green > 1.4 * red and green > 1.4 * blue]
    assert len(green) > 0.9 * len(pixels)


@pytest.mark.parametrize("steps", [1, 2, 4, 8])
def test_it_draws_in_one_to_eight_steps(pipeline, steps: int):
    assert shows(draw(pipeline, "a red circle", steps), Scene((Group("circle", "red"),)))["all"]


@pytest.mark.parametrize(
    ("prompt", "scene"),
    [
        ("three yellow stars", Scene((Group("star", "yellow", 3),))),
        ("a blue square on the left", Scene((Group("square", "blue"),), across="left")),
        ("a red heart and a green circle", Scene((Group("heart", "red"), Group("circle", "green")))),
        (
            "an orange triangle above a purple ring",
            Scene((Group("triangle", "orange"), Group("ring", "purple")), stacked=True),
        ),
    ],
)
def test_it_draws_things_counts_and_places(pipeline, prompt: str, scene: Scene):
    assert shows(draw(pipeline, prompt), scene)["all"]


def test_words_without_meaning_for_the_picture_are_ignored(pipeline):
    picture = draw(pipeline, "Please draw me a beautiful picture of a green square, highly detailed!")
    assert shows(picture, Scene((Group("square", "green"),)))["all"]


def test_the_same_seed_draws_the_same_picture_and_another_seed_another(pipeline):
    first, again, other = (draw(pipeline, "a blue star", seed=seed) for seed in (3, 3, 4))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_the_guidance_scale_changes_nothing(pipeline):
    assert draw(pipeline, "a blue star").tobytes() == draw(pipeline, "a blue star", guidance=8.0).tobytes()


def test_it_is_an_lcm_pipeline_in_fp16_safetensors_without_a_path_of_the_machine_that_made_it(pipeline):
    assert type(pipeline.scheduler).__name__ == "LCMScheduler"
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".txt", ".safetensors"}
    assert sum(path.stat().st_size for path in files if path.suffix == ".safetensors") < 10 * MEGABYTE
    for path in files:
        if path.suffix == ".json":
            assert "_name_or_path" not in json.dumps(json.loads(path.read_text(encoding="utf-8")))
