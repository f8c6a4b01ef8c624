"""How the demo language model's training begins, goes on, and is fed."""

import multiprocessing
from dataclasses import asdict
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from training.llm.batches import Batch, Batches  # noqa: E402 -- needs torch
from training.llm.start import read_tokenizer  # noqa: E402 -- needs torch
from training.llm.train import Run, hardest, losses_of  # noqa: E402 -- needs torch
from training.workers import made_beside  # noqa: E402 -- needs torch

pytestmark = pytest.mark.torch

SHIPPED = Path("src/mom/serving/demo/llm.gguf")
ON_CPU = torch.device("cpu")


def test_a_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    run = Run(tmp_path, ON_CPU, SHIPPED, fresh=False)
    run.step, run.pool, run.spent_s = 7, 3, 11.0
    torch.nn.init.ones_(run.model.norm.weight)
    run.save()
    again = Run(tmp_path, ON_CPU, None, fresh=False)
    assert (again.step, again.pool, again.spent_s) == (7, 4, 11.0)
    assert torch.equal(again.model.norm.weight, run.model.norm.weight)


def test_a_checkpoint_of_another_shape_is_refused_in_words(tmp_path: Path) -> None:
    run = Run(tmp_path, ON_CPU, SHIPPED, fresh=False)
    shape = asdict(run.model.shape) | {"layers": 6}
    torch.save({"model": {}, "optimizers": [], "shape": shape}, run.checkpoint)
    with pytest.raises(SystemExit, match=r"another shape\. Begin anew with --fresh"):
        Run(tmp_path, ON_CPU, None, fresh=False)
    assert Run(tmp_path, ON_CPU, None, fresh=True).step == 0


def test_the_rows_with_the_greatest_loss_are_learned_alone(tmp_path: Path) -> None:
    run = Run(tmp_path, ON_CPU, SHIPPED, fresh=False)
    _, batch = next(iter(Batches(run.tokenizer, 1, 1024)))
    part = hardest(run.model, batch, 0.25)

    def of_rows(of: Batch) -> list[float]:
        rows = of.rows.tolist()
        losses = losses_of(run.model, of).tolist()
        return [sum(loss for loss, at in zip(losses, rows, strict=True) if at == row) for row in range(len(of.ids))]

    worst = sorted(of_rows(batch), reverse=True)[: round(len(batch.ids) / 4)]
    assert sorted(of_rows(part), reverse=True) == pytest.approx(worst, rel=0.05)
    run.learn([batch, batch], 0.5, 0.25)
    assert sum(of_rows(part)) < sum(worst)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # from Python 3.12 on, where there are threads
def test_another_process_makes_the_same_batches_however_python_starts_one_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(multiprocessing.context._default_context, "_actual_context", None)
    multiprocessing.set_start_method("forkserver")  # Python 3.14's
    tokenizer = read_tokenizer(SHIPPED)
    here, there = (made_beside(Batches(tokenizer, 1, 512, 5), workers) for workers in (0, 1))
    for _ in range(3):
        (pool, one), (its_pool, other) = next(here), next(there)
        assert pool == its_pool == 5
        assert torch.equal(one.ids, other.ids)
        assert torch.equal(one.weights, other.weights)
