"""Measures an exported pipeline on prompts it was never trained on: `python -m training.image.evaluate`.

Pictures are made by the pipeline as a server runs it and judged by `reader.py`, from their pixels.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image, ImageDraw

from training.image.pictures import SIZE, Scene
from training.image.prompts import HELD_OUT_FRAMES, write_prompt
from training.image.reader import shows
from training.image.scenes import random_scene
from training.image.train import FOLDER


@dataclass(frozen=True)
class Task:
    """One prompt with the scene it asks for; `kind` groups the results."""

    kind: str
    prompt: str
    scene: Scene


def held_out_tasks(count: int, seed: int = 2024) -> list[Task]:
    """`count` tasks of each kind: held-out frames around known combinations, pairs, and combinations never trained on."""
    rng = random.Random(seed)
    tasks: list[Task] = []
    while len(tasks) < 2 * count:
        scene = random_scene(rng)
        kind = "pair" if len(scene.groups) == 2 else "new words"
        if len(scene.groups) <= 2 and sum(task.kind == kind for task in tasks) < count:
            tasks.append(Task(kind, write_prompt(scene, rng, HELD_OUT_FRAMES), scene))
    for _ in range(count):
        scene = random_scene(rng, held_out=True)
        tasks.append(Task("new combination", write_prompt(scene, rng, HELD_OUT_FRAMES), scene))
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
) -> tuple[dict[str, dict[str, float]], list[Image.Image]]:
    """Share of pictures that are right, by kind of task and by question, and the pictures."""
    right: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    pictures = []
    for seed, task in enumerate(tasks):
        picture = draw(pipeline, task.prompt, steps, seed)
        pictures.append(picture)
        for question, answer in shows(picture, task.scene).items():
            right[task.kind][question].append(answer)
    shares = {kind: {q: sum(a) / len(a) for q, a in questions.items()} for kind, questions in right.items()}
    return shares, pictures


def contact_sheet(tasks: list[Task], pictures: list[Image.Image], columns: int = 6) -> Image.Image:
    """The pictures with their prompts below, red where the reading disagrees."""
    rows = -(-len(tasks) // columns)
    sheet = Image.new("RGB", (columns * (SIZE + 4), rows * (SIZE + 30)), (255, 255, 255))
    pen = ImageDraw.Draw(sheet)
    for i, (task, picture) in enumerate(zip(tasks, pictures, strict=True)):
        x, y = i % columns * (SIZE + 4), i // columns * (SIZE + 30)
        sheet.paste(picture, (x, y))
        verdict = shows(picture, task.scene)
        wrong = " ".join(question for question, answer in verdict.items() if not answer)
        pen.text(
            (x + 2, y + SIZE + 1),
            f"{task.prompt[:42]}\n{task.prompt[42:76]} {wrong}",
            fill=(200, 0, 0) if wrong else (0, 0, 0),
        )
    return sheet


def main() -> None:
    """Print the figures, and write a contact sheet if asked."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", type=Path, default=FOLDER)
    arguments.add_argument("--count", type=int, default=60, help="prompts of each kind (default 60)")
    arguments.add_argument("--steps", type=int, nargs="+", default=[4, 2], help="numbers of steps to try (default 4 2)")
    arguments.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    arguments.add_argument("--sheet", type=Path, help="write a contact sheet of the first number of steps here")
    chosen = arguments.parse_args()

    torch.set_num_threads(chosen.threads)
    pipeline = load_pipeline(chosen.folder)
    tasks = held_out_tasks(chosen.count)
    for steps in chosen.steps:
        started = time.monotonic()
        shares, pictures = measure(pipeline, tasks, steps)
        print(f"{steps} steps, {1000 * (time.monotonic() - started) / len(tasks):.0f} ms a picture")
        for kind, questions in shares.items():
            print(f"  {kind}: " + ", ".join(f"{question} {share:.0%}" for question, share in questions.items()))
        if chosen.sheet and steps == chosen.steps[0]:
            shown = [i for i in range(len(tasks)) if i % chosen.count < 16]
            contact_sheet([tasks[i] for i in shown], [pictures[i] for i in shown]).save(chosen.sheet)


if __name__ == "__main__":
    main()
