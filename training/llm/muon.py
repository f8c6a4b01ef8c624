"""Muon (K. Jordan 2024, https://kellerjordan.github.io/posts/muon) for all matrices of a shape at once.

torch's own takes them one by one: for the 56 of a model here, a thousand small kernels and 45 ms a step, beside 28 ms for
forward and backward of 49,152 tokens, on an H200. The state is the same.
"""

from collections import defaultdict

import torch
from torch import Tensor

ITERATIONS = 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Muon):  # type: ignore[misc] # torch is untyped to the type checker
    """A drop-in for `torch.optim.Muon` with Nesterov momentum and its default learning rates by shape."""

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self) -> None:
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                by_shape[parameter.shape].append(parameter)
            for (rows, columns), parameters in by_shape.items():
                grads = [parameter.grad for parameter in parameters]
                momenta = [self._momentum_of(parameter) for parameter in parameters]
                torch._foreach_lerp_(momenta, grads, 1 - group["momentum"])
                updates = orthogonalized(torch.stack(grads).lerp(torch.stack(momenta), group["momentum"]))
                torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(parameters, updates.unbind(), alpha=-group["lr"] * max(1, rows / columns) ** 0.5)

    def _momentum_of(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        momentum: Tensor = state["momentum_buffer"]
        return momentum


def orthogonalized(matrices: Tensor) -> Tensor:
    """Each of (count, rows, columns) with all its singular values near 1, by Newton and Schulz's iteration in bfloat16."""
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = (matrices.mT if tall else matrices).bfloat16()
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).float()
