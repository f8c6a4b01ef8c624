"""A run of a stage lasts its minutes, and goes on where an earlier one ended."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from training.image.run import Run  # noqa: E402 -- needs torch
from training.muon import Muon  # noqa: E402 -- needs torch

pytestmark = pytest.mark.torch

INPUTS = torch.randn(32, 4, generator=torch.Generator().manual_seed(1))


def begun(checkpoint: Path, minutes: float):
    torch.manual_seed(2)
    model = torch.nn.Linear(4, 4)
    optimizers = Muon([model.weight], 0.1, weight_decay=0.0), torch.optim.AdamW([model.bias])
    return model, optimizers, Run(checkpoint, minutes, 0.1, model, *optimizers)


def error_of(model):
    return (model(INPUTS) - INPUTS).square().mean()


def test_it_learns_until_the_time_is_used_up_and_then_goes_on_where_more_is_given(tmp_path: Path):
    checkpoint = tmp_path / "stage.pt"
    model, optimizers, run = begun(checkpoint, 0.002)
    before = error_of(model).item()
    for step in run.steps():
        assert step == run.step
        loss = error_of(model)
        run.learn(loss, {"error": loss.item()})
    assert run.fraction == 1
    assert error_of(model) < before

    again, its_optimizers, resumed = begun(checkpoint, 0.002)
    assert (resumed.step, list(resumed.steps())) == (run.step, [])
    assert torch.equal(again.weight, model.weight)
    for one, other in zip(optimizers, its_optimizers, strict=True):
        assert str(one.state_dict()) == str(other.state_dict())

    _, _, longer = begun(checkpoint, 60)
    assert next(longer.steps()) == run.step + 1


def test_without_minutes_nothing_is_learned(tmp_path: Path):
    _, _, run = begun(tmp_path / "stage.pt", 0)
    assert list(run.steps()) == []
