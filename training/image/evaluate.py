"""Measures an exported pipeline on prompts it was never trained on: `python -m training.image.evaluate`.

Pictures are made by the pipeline as a server runs it and judged by `reader.py`, from their pixels.
"""

from __future__ import annotations

import argparse
import random
import textwrap
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image, ImageDraw

from mom.serving.demo import IMAGE_FOLDER
from training.image.prompts import HELD_OUT_FRAMES, write_prompt
from training.image.reader import shows
from training.image.scenes import Scene, random_scene


@dataclass(frozen=True)
class Task:
    """One prompt with the scene it asks for; `kind` groups the results."""

    kind: str
    prompt: str
    scene: Scene


def held_out_tasks(count: int) -> list[Task]:
    """`count` tasks of each kind, all in held-out frames: known combinations, pairs, and combinations never trained on."""
    rng = random.Random(2024)
    kinds = {"new words": ("single", False), "two things": ("pair", False), "new combination": ("single", True)}
    tasks: list[Task] = []
    for kind, (made, held_out) in kinds.items():
        for _ in range(count):
            scene = random_scene(rng, made, held_out=held_out)
            tasks.append(Task(kind, write_prompt(scene, rng, HELD_OUT_FRAMES), scene))
    return tasks


def load_pipeline(folder: Path) -> StableDiffusionPipeline:
    """The exported pipeline in fp32 on the CPU, silent."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw(pipeline: StableDiffusionPipeline, prompt: str, steps: int, seed: int) -> Image.Image:
    """One picture, as a server asks for it."""
    generator = torch.Generator("cpu").manual_seed(seed)
    image: Image.Image = pipeline(prompt, num_inference_steps=steps, guidance_scale=1.0, generator=generator).images[0]
    return image


def measure(
    pipeline: StableDiffusionPipeline, tasks: list[Task], steps: int
) -> tuple[dict[str, dict[str, float]], list[Image.Image], float]:
    """Share of pictures that are right, by kind of task and by question; the pictures; the seconds that drawing took."""
    right: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    pictures = []
    seconds = 0.0
    for seed, task in enumerate(tasks):
        started = time.monotonic()
        picture = draw(pipeline, task.prompt, steps, seed)
        seconds += time.monotonic() - started
        pictures.append(picture)
        for question, answer in shows(picture, task.scene).items():
            right[task.kind][question].append(answer)
            right["together"][question].append(answer)
    shares = {kind: {q: sum(a) / len(a) for q, a in questions.items()} for kind, questions in right.items()}
    return shares, pictures, seconds


def contact_sheet(tasks: list[Task], pictures: list[Image.Image], columns: int = 6, side: int = 160) -> Image.Image:
    """The pictures with their prompts below, red where the reading disagrees."""
    rows = -(-len(tasks) // columns)
    sheet = Image.new("RGB", (columns * (side + 4), rows * (side + 42)), (255, 255, 255))
    pen = ImageDraw.Draw(sheet)
    for i, (task, picture) in enumerate(zip(tasks, pictures, strict=True)):
        x, y = i % columns * (side + 4), i // columns * (side + 42)
        sheet.paste(picture.resize((side, side), Image.Resampling.LANCZOS), (x, y))
        wrong = [question for question, answer in shows(picture, task.scene).items() if not answer]
        text = textwrap.wrap(task.prompt, side // 6)[:3]
        pen.text((x + 2, y + side + 1), "\n".join(text), fill=(200, 0, 0) if wrong else (0, 0, 0))
    return sheet


def grid(pictures: list[Image.Image], columns: int = 8, side: int = 112) -> Image.Image:
    """The pictures alone, small."""
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (side + 2) - 2, rows * (side + 2) - 2), (255, 255, 255))
    for i, picture in enumerate(pictures):
        small = picture.resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(small, (i % columns * (side + 2), i // columns * (side + 2)))
    return sheet


def main() -> None:
    """Print the figures, and write pictures of the first number of steps where asked to."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", type=Path, default=IMAGE_FOLDER)
    arguments.add_argument("--count", type=int, default=100, help="prompts of each kind (default 100)")
    arguments.add_argument("--steps", type=int, nargs="+", default=[4, 2], help="numbers of steps to try (default 4 2)")
    arguments.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    arguments.add_argument("--sheet", type=Path, help="write the first ten of each kind with their prompts here")
    arguments.add_argument("--grid", type=Path, help="write 64 of the others here")
    arguments.add_argument("--wrong", type=Path, help="write those that the reader calls wrong here")
    chosen = arguments.parse_args()

    torch.set_num_threads(chosen.threads)
    pipeline = load_pipeline(chosen.folder)
    tasks = held_out_tasks(chosen.count)
    for steps in chosen.steps:
        shares, pictures, seconds = measure(pipeline, tasks, steps)
        print(f"{steps} steps, {1000 * seconds / len(tasks):.0f} ms a picture")
        for kind, questions in shares.items():
            print(f"  {kind}: " + ", ".join(f"{question} {share:.0%}" for question, share in questions.items()))
        if steps == chosen.steps[0]:
            _write_pictures(chosen, tasks, pictures)


def _write_pictures(chosen: argparse.Namespace, tasks: list[Task], pictures: list[Image.Image]) -> None:
    first = [i for i in range(len(tasks)) if i % chosen.count < 10]
    others = [i for i in range(len(tasks)) if i % chosen.count >= 10]
    if chosen.sheet:
        contact_sheet([tasks[i] for i in first], [pictures[i] for i in first]).save(chosen.sheet, optimize=True)
    if chosen.grid:
        spread = others[:: max(1, len(others) // 64)][:64]
        grid([pictures[i] for i in spread]).save(chosen.grid, optimize=True)
    if chosen.wrong:
        wrong = [i for i, task in enumerate(tasks) if not shows(pictures[i], task.scene)["all"]]
        contact_sheet([tasks[i] for i in wrong], [pictures[i] for i in wrong]).save(chosen.wrong)


if __name__ == "__main__":
    main()
