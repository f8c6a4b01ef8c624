"""Our Muon is torch's, but for the order of its work."""

import copy

import pytest

torch = pytest.importorskip("torch")

from training.llm.model import Llama, Shape  # noqa: E402 -- needs torch
from training.muon import AS_ADAMW, Muon  # noqa: E402 -- needs torch

pytestmark = pytest.mark.torch


def test_it_takes_the_same_steps_as_torchs():
    torch.manual_seed(1)
    ours = Llama(Shape(vocabulary=64, width=32, layers=2, heads=2, hidden=96))
    theirs = copy.deepcopy(ours)
    settings = {"lr": 0.02, "weight_decay": 0.1}
    pairs = []
    for model, kind in ((ours, Muon), (theirs, torch.optim.Muon)):
        pairs.append((model, kind([each for each in model.blocks.parameters() if each.ndim == 2], **settings)))
    for step in range(4):
        ids = torch.randint(0, 64, (3, 16), generator=torch.Generator().manual_seed(step))
        for model, optimizer in pairs:
            model(ids).float().logsumexp(-1).mean().backward()
            optimizer.step()
            model.zero_grad()
    for one, other in zip(ours.blocks.parameters(), theirs.blocks.parameters(), strict=True):
        apart = (one - other).norm() / other.norm()
        assert apart < 0.01, f"{apart:.4f} of {tuple(one.shape)}"
    assert pairs[0][1].state_dict()["state"].keys() == pairs[1][1].state_dict()["state"].keys()


def test_a_convolution_is_stepped_as_the_matrix_of_its_outputs_by_all_else():
    torch.manual_seed(1)
    start, grad = torch.randn(8, 4, 3, 3), torch.randn(8, 4, 3, 3)
    ours = torch.nn.Parameter(start.to(memory_format=torch.channels_last, copy=True))
    theirs = torch.nn.Parameter(start.flatten(1).clone())
    settings = {"lr": 0.02, "weight_decay": 0.01, "adjust_lr_fn": AS_ADAMW}
    pairs = ((ours, Muon([ours], **settings)), (theirs, torch.optim.Muon([theirs], **settings)))
    for weight, optimizer in pairs:
        weight.grad = grad.view_as(weight)
        optimizer.step()
    apart = (ours.flatten(1) - theirs).norm() / (theirs - start.flatten(1)).norm()
    assert apart < 0.02, f"{apart:.4f} of the step"
