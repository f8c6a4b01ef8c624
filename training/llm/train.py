"""Trains the demo language model: `python -m training.llm.train`.

The budget is time, not steps: the learning rate follows the share of the minutes that is spent. A run that was stopped goes on
from its last checkpoint in `--out`; `--fresh` begins anew. Where a GPU is at hand it is used, with larger batches.

A trained model is right about most of what it meets. `--hardest` then has it learn only the share of each batch that it finds
hardest (Jiang et al. 2019, arXiv 1910.00762): to look is a third of the work of learning, so that a CPU meets more in its time.
"""

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from mom.serving.programs import usable_cores
from training.checkpoint import save_checkpoint
from training.llm.batches import Batch, Batches
from training.llm.data import SHARES
from training.llm.model import Llama, Shape
from training.llm.start import read_tokenizer, read_weights
from training.llm.tokenizer import saved_tokenizer
from training.muon import Muon
from training.workers import made_beside

OUT = Path("training/out/llm")
MATRIX_RATE, OTHER_RATE = 0.006, 0.001
WARM_UP, WARM_UP_STEPS, COOL_DOWN = 0.02, 100, 0.9
SAVE_EVERY_S, SHOW_EVERY = 120, 10
CPU_TOKENS, GPU_TOKENS = 3072, 65_536
# Of the CPU library's kernels, which are made for each number of tokens to be learned: a thousand, kept by default, are many GB.
KERNELS_KEPT = "128"


def rate(spent: float, step: int) -> float:
    """The learning rate's factor when this share of the time is spent: up, level, then down to nearly nothing.

    Not up at once where the first steps took most of that time, as they do where layers are compiled.
    """
    up = max(0.02, min(spent / WARM_UP, step / WARM_UP_STEPS))
    return min(1.0, up, max(0.01, (1 - spent) / COOL_DOWN))


def optimizers(model: Llama) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for the rest."""
    matrices = [parameter for parameter in model.blocks.parameters() if parameter.ndim == 2]
    others = [model.embedding.weight, *(parameter for parameter in model.parameters() if parameter.ndim == 1)]
    return [
        Muon(matrices, lr=MATRIX_RATE, weight_decay=0.1),
        torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def losses_of(model: Llama, batch: Batch) -> Tensor:
    """The weighted cross-entropy of each token to be learned; only there are logits computed."""
    with torch.autocast(batch.ids.device.type, dtype=torch.bfloat16):
        hidden = model.hidden(batch.ids, torch.bfloat16).flatten(0, 1)[batch.places]
        logits = functional.linear(hidden, model.embedding.weight)
    return functional.cross_entropy(logits.float(), batch.targets, reduction="none") * batch.weights


def hardest(model: Llama, batch: Batch, share: float) -> Batch:
    """This share of the rows of the batch, those with the greatest loss."""
    rows = len(batch.ids)
    with torch.inference_mode():
        losses = torch.zeros(rows, device=batch.ids.device).scatter_add(0, batch.rows, losses_of(model, batch))
        chosen = losses.topk(max(1, round(share * rows))).indices.sort().values
    return batch.only(chosen)


class Run:
    """A training run: the model, its optimizers, how far it is, and where its checkpoint lies."""

    def __init__(self, out: Path, device: torch.device, start: Path | None, *, fresh: bool) -> None:
        self.checkpoint = out / "checkpoint.pt"
        if start:
            out.mkdir(parents=True, exist_ok=True)
            read_tokenizer(start).save(str(out / "tokenizer.json"))
        self.tokenizer = saved_tokenizer(out / "tokenizer.json")
        self.model = Llama(Shape(vocabulary=self.tokenizer.get_vocab_size())).to(device)
        if start:  # layers that the file lacks stay as they start, which changes nothing of what comes before them
            self.model.load_state_dict(read_weights(start), strict=False)
        self.optimizers = optimizers(self.model)
        self.spent_s, self.step, self.pool = 0.0, 0, 0
        if self.checkpoint.exists() and not fresh:
            saved = torch.load(self.checkpoint, map_location=device)
            if saved["shape"] != asdict(self.model.shape):
                raise SystemExit(f"{self.checkpoint} is of a model of another shape. Begin anew with --fresh.")
            self.model.load_state_dict(saved["model"])
            for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
                settings = [group["weight_decay"] for group in optimizer.param_groups]
                optimizer.load_state_dict(state)
                for group, weight_decay in zip(optimizer.param_groups, settings, strict=True):
                    group["weight_decay"] = weight_decay
            self.spent_s, self.step, self.pool = saved["spent_s"], saved["step"], saved["pool"] + 1

    def save(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "shape": asdict(self.model.shape),
            "spent_s": self.spent_s,
            "step": self.step,
            "pool": self.pool,
        }
        save_checkpoint(state, self.checkpoint)

    def learn(self, met: Sequence[Batch], factor: float, share: float = 1.0) -> Tensor:
        """One step of training with this factor of the learning rates, on the hardest share of the batches; returns their mean loss."""
        for optimizer, full in zip(self.optimizers, (MATRIX_RATE, OTHER_RATE), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = full * factor
        weight = torch.stack([batch.weights.sum() for batch in met]).sum()
        loss = torch.zeros((), device=weight.device)
        for batch in met:
            part = losses_of(self.model, batch if share == 1 else hardest(self.model, batch, share)).sum() / weight
            part.backward()
            loss += part.detach()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return loss


def train(arguments: argparse.Namespace) -> None:
    """Trains until the minutes are spent, with a checkpoint now and then and one at the end."""
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", KERNELS_KEPT)
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    name = arguments.device if arguments.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(name)
    run = Run(arguments.out, device, arguments.start, fresh=arguments.fresh)
    if arguments.compile:
        for block in run.model.blocks:
            block.compile(dynamic=device.type == "cuda")
    on_gpu = device.type == "cuda"
    tokens = arguments.tokens or (GPU_TOKENS if on_gpu else CPU_TOKENS)
    examples = Batches(run.tokenizer, arguments.seed, tokens, run.pool, arguments.shares)
    stream = made_beside(examples, usable_cores() - 1 if on_gpu else 0)
    budget_s, saved_at, smooth, met = arguments.minutes * 60, run.spent_s, 0.0, 0
    bar = tqdm(
        total=budget_s,
        initial=min(run.spent_s, budget_s),
        bar_format="{l_bar}{bar}| {n:.0f}/{total:.0f} s, {remaining} left {postfix}",
    )
    began, shown_at = time.monotonic(), run.spent_s
    while run.spent_s < budget_s:
        taken = [next(stream) for _ in range(arguments.batches)]
        run.pool, together = taken[-1][0], [batch.to(device) for _, batch in taken]
        loss = run.learn(together, arguments.peak * rate(run.spent_s / budget_s, run.step), arguments.hardest)
        met += sum(batch.ids.numel() for batch in together)
        if run.step % SHOW_EVERY == 0:  # only then is a GPU waited for
            smooth = 0.8 * smooth + 0.2 * loss.item() if smooth else loss.item()
        now = time.monotonic()
        run.spent_s += now - began
        began = now
        if run.step % SHOW_EVERY == 0:
            took = run.spent_s - shown_at
            bar.update(min(took, budget_s - bar.n))  # beyond its total tqdm forgets the total
            bar.set_postfix_str(f"step {run.step} loss {smooth:.3f} {met / took:.0f} tokens/s")
            shown_at, met = run.spent_s, 0
        if run.spent_s - saved_at > SAVE_EVERY_S:
            run.save()
            saved_at = run.spent_s
    bar.close()
    run.save()


def main() -> None:
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description="Train MoM's demo language model.")
    parser.add_argument("--minutes", type=float, default=90, help="how long in all (default 90)")
    parser.add_argument("--threads", type=int, default=usable_cores(), help="CPU threads (default: all cores)")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument(
        "--peak", type=float, default=1.0, help="factor of the learning rates; less where a trained model goes on"
    )
    parser.add_argument("--tokens", type=int, help=f"tokens in a batch (default {CPU_TOKENS}, on a GPU {GPU_TOKENS})")
    parser.add_argument("--batches", type=int, default=1, help="in a step, each of texts of about one length")
    parser.add_argument("--hardest", type=float, default=1.0, help="the share of each batch that is learned")
    parser.add_argument(
        "--shares",
        type=float,
        nargs=len(SHARES),
        default=SHARES,
        metavar=("DECISIONS", "WRITTEN", "PROMPTS", "ANSWERS", "SEVERAL", "CHATS"),
        help="of the examples; of decisions, those on generated and on written messages; of prompts, those of one picture and of several",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--start", type=Path, help="a GGUF file of ours to begin with instead of from nothing")
    parser.add_argument("--fresh", action="store_true", help="begin anew instead of going on")
    parser.add_argument(
        "--compile", action="store_true", help="compile the layers (needs a C++ compiler; pays off after minutes)"
    )
    train(parser.parse_args())


if __name__ == "__main__":
    main()
