"""Tunes the encoder of the `bert` stage: `python -m training.routing.tune_encoder [--rows N | --minutes M] [--output FOLDER]`.

A checkpoint is kept, from which the same command goes on. `--teachers` are folders of earlier runs, which may have more layers:
their mean opinion of each message is learned beside its label. `--adversarial` teaches each message also moved a little in the
direction that harms most (Miyato et al. 2017, arXiv:1605.07725). Where a GPU is at hand it is used, with larger batches.
Needs torch and the `training` extra; `mom train routing` needs neither.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mom.models.bert.encoder import BLOCK, SHIPPED_ENCODER, WIDTH, WORDS, read_vocabulary
from mom.models.bert.encoder import LAYERS as LAYERS_FILE
from mom.models.bert.tokens import Reading, read
from mom.serving.programs import usable_cores
from training.checkpoint import save_checkpoint
from training.routing.dataset import conversation_of, read_dev
from training.routing.encoder_model import LAYERS, RoutingEncoder, batch_of, load_source
from training.routing.generate import Row, generate
from training.routing.known import left_out
from training.routing.lessons import Lesson, Material, batches
from training.routing.shipped_layers import read_layers
from training.routing.source_encoder import read_source
from training.routing.written import split_written

CPU_BATCH, GPU_BATCH, GPU_WORKERS = 48, 512, 3
RATE, OUT_RATE, WARM_UP, DECAY = 1.5e-4, 1e-3, 0.06, 0.01
SMOOTHING = 0.02  # of the labels: some are a matter of taste
TAUGHT_SHARE = 0.7  # of what is to be learned, where there are teachers; the rest is the label
WRITTEN_SHARE = 0.5  # of the rows met, unless it is said otherwise
CHECK_EVERY = 200  # batches


@dataclass(slots=True)
class Course:
    """How far the training is. With `minutes`, the rate falls by the clock, for a machine that is shared; otherwise by rows."""

    rows: int
    minutes: float | None
    batch: int
    batches_done: int = 0
    seconds: float = 0.0

    @property
    def share_done(self) -> float:
        if self.minutes is not None:
            return self.seconds / 60 / self.minutes
        return self.batches_done * self.batch / self.rows

    def rate_share(self) -> float:
        """Of the learning rate: rising at first, then falling to nothing in a line."""
        done = self.share_done
        return done / WARM_UP if done < WARM_UP else max(0.0, (1 - done) / (1 - WARM_UP))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=250_000, help="how many rows are met in all")
    parser.add_argument("--minutes", type=float, help="how long to train, instead")
    parser.add_argument("--output", type=Path, default=Path("training/out/encoder"))
    parser.add_argument("--start", type=Path, help="a run's folder, or one as the package ships it, to start from")
    parser.add_argument(
        "--layers", type=int, default=LAYERS, help="of the source encoder's twelve, where it starts from that"
    )
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--teachers", type=Path, nargs="*", default=[], help="folders of earlier runs")
    parser.add_argument("--adversarial", type=float, default=0.0, help="how far each message is moved; 0.5 is some")
    parser.add_argument(
        "--written-share", type=float, default=WRITTEN_SHARE, help="of the rows met, the others generated"
    )
    parser.add_argument(
        "--often", nargs="*", default=[], help="beginnings of written files' names, to be met more often"
    )
    tune(parser.parse_args())


def tune(asked: argparse.Namespace) -> None:
    asked.output.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(asked.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    on_gpu = device.type == "cuda"
    course = Course(asked.rows, asked.minutes, GPU_BATCH if on_gpu else CPU_BATCH)
    model = begun(asked.start, asked.layers).to(device)
    teachers = [begun(folder, asked.layers).to(device).eval() for folder in asked.teachers]
    vocabulary, known = read_vocabulary(SHIPPED_ENCODER), left_out()

    def lesson_of(row: Row) -> Lesson:
        return Lesson(read(conversation_of(row.turns), vocabulary), row.route == "image")

    written, held_out = split_written(without=known)
    often = split_written(without=known, files=tuple(asked.often))[0] if asked.often else []
    generated = [lesson_of(row) for row in generate(without=known)]
    watched = {
        "development": [
            Lesson(read(case.conversation, vocabulary), case.route.value == "image") for case in read_dev()[0]
        ],
        "held out": [lesson_of(row) for row in held_out],
    }
    print(f"{len(written)} written rows, {len(held_out)} held out, {len(generated)} generated", flush=True)
    optimizer = _optimizer(model, asked.rate)
    rates = [group["lr"] for group in optimizer.param_groups]
    material = Material(written, often, generated, lesson_of, asked.written_share, course.batch)
    met = batches(material, asked.seed, min(GPU_WORKERS, usable_cores() - 1) if on_gpu else 0)
    checkpoint = asked.output / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        course.batches_done, course.seconds = saved["batches_done"], saved["seconds"]
        torch.set_rng_state(saved["chance"].cpu())
        for _ in range(course.batches_done):
            next(met)
    losses: list[Tensor] = []
    while course.share_done < 1:
        began = time.monotonic()
        for group, full in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = full * course.rate_share()
        batch = tuple(part.to(device, non_blocking=True) for part in next(met))
        losses.append(learn(model, optimizer, batch, teachers=teachers, adversarial=asked.adversarial))
        course.batches_done += 1
        course.seconds += time.monotonic() - began
        if course.batches_done % CHECK_EVERY == 0 or course.share_done >= 1:
            figures = ", ".join(f"{name} {scored(model, lessons)}" for name, lessons in watched.items())
            print(
                f"{course.batches_done * course.batch} rows, {course.seconds:.0f} s, loss {torch.stack(losses).mean():.3f}, {figures}",
                flush=True,
            )
            losses.clear()
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "chance": torch.get_rng_state()}
            save_checkpoint({**state, "batches_done": course.batches_done, "seconds": course.seconds}, checkpoint)


def begun(start: Path | None, layers: int = LAYERS) -> RoutingEncoder:
    """A model that begins with the source encoder, a run's checkpoint, or the 8-bit layers of a folder as the package ships it."""
    words = np.fromfile(SHIPPED_ENCODER / WORDS, BLOCK).reshape(-1, WIDTH // 32)
    if start is None:
        model = RoutingEncoder(words, layers)
        load_source(model, read_source().tensors, layers)
    elif (start / LAYERS_FILE).exists():
        model = RoutingEncoder(words)
        shipped = {name: torch.from_numpy(np.array(each)) for name, each in read_layers(start / LAYERS_FILE).items()}
        model.load_state_dict(shipped | {"words.weight": model.words.weight})
    else:
        weights = torch.load(start / "checkpoint.pt", map_location="cpu")["model"]
        model = RoutingEncoder(words, len({name.split(".")[3] for name in weights if "encoder.layer." in name}))
        model.load_state_dict(weights)
    return model


def learn(
    model: RoutingEncoder,
    optimizer: torch.optim.Optimizer,
    batch: tuple[Tensor, ...],
    *,
    teachers: Sequence[RoutingEncoder],
    adversarial: float,
) -> Tensor:
    """One step on one of the batches of `lessons`; the mean loss."""
    *inputs, wanted = batch
    model.train()
    wanted = wanted * (1 - SMOOTHING) + SMOOTHING / 2
    with torch.autocast(wanted.device.type, torch.bfloat16):
        if teachers:
            with torch.no_grad():
                taught = torch.stack([teacher(*inputs) for teacher in teachers]).mean(0).sigmoid()
            wanted = TAUGHT_SHARE * taught + (1 - TAUGHT_SHARE) * wanted
        moved = torch.zeros((*inputs[0].shape, WIDTH), device=wanted.device, requires_grad=adversarial > 0)
        loss = nn.functional.binary_cross_entropy_with_logits(model(*inputs, moved), wanted)
    loss.backward()
    if moved.grad is not None:
        length = moved.grad.flatten(1).norm(dim=1)[:, None, None]
        harmful = adversarial * moved.grad / (length + 1e-12)
        with torch.autocast(wanted.device.type, torch.bfloat16):
            nn.functional.binary_cross_entropy_with_logits(model(*inputs, harmful), wanted).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return loss.detach()


def scored(model: RoutingEncoder, lessons: Sequence[Lesson]) -> str:
    """Accuracy and false images, at even odds."""
    says = weighed(model, [lesson.reading for lesson in lessons]) > 0
    wants = np.array([lesson.wants_image for lesson in lessons])
    return f"{(says == wants).mean():.3f} (false images {says[~wants].mean():.3f})"


def weighed(model: RoutingEncoder, readings: Sequence[Reading]) -> np.ndarray:
    """The logits of the readings, in their order."""
    order = sorted(range(len(readings)), key=lambda at: len(readings[at].pieces))
    logits, device = np.zeros(len(readings), np.float32), model.out.weight.device
    size = GPU_BATCH if device.type == "cuda" else CPU_BATCH
    model.eval()
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
        for at in range(0, len(order), size):
            batch = order[at : at + size]
            inputs = (part.to(device) for part in batch_of([readings[place] for place in batch]))
            logits[batch] = model(*inputs).cpu().numpy()
    return logits


def _optimizer(model: RoutingEncoder, rate: float) -> torch.optim.AdamW:
    named = [(name, weights) for name, weights in model.named_parameters() if weights.requires_grad]

    def those(*, out: bool, tables: bool) -> list[Tensor]:
        return [w for name, w in named if name.startswith("out") is out and (w.ndim > 1) is tables]

    return torch.optim.AdamW(
        [
            {"params": those(out=False, tables=True), "lr": rate, "weight_decay": DECAY},
            {"params": those(out=False, tables=False), "lr": rate, "weight_decay": 0.0},
            {
                "params": those(out=True, tables=True) + those(out=True, tables=False),
                "lr": OUT_RATE,
                "weight_decay": 0.0,
            },
        ]
    )


if __name__ == "__main__":
    main()
