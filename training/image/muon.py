"""The Muon optimiser: momentum whose matrices are made orthogonal, so that rare directions learn as fast as common ones.

Keller Jordan, https://kellerjordan.github.io/posts/muon/, with the step size of https://arxiv.org/abs/2502.16982, which makes one
learning rate serve it and AdamW alike. Vectors, embeddings and the first and last layers stay with AdamW.
"""

from __future__ import annotations

import torch
from torch import Tensor

# The quintic iteration's coefficients, from the first source.
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


class Muon:
    """Steps the given weights of two or more dimensions; a convolution counts as a matrix of outputs by all else."""

    def __init__(self, weights: list[Tensor], momentum: float = 0.95, decay: float = 0.01) -> None:
        self._weights, self._momentum, self._decay = weights, momentum, decay
        self.averages = [torch.zeros_like(weight) for weight in weights]

    def step(self, rate: float) -> None:
        """One step along the gradients at learning rate `rate`."""
        with torch.no_grad():
            for weight, average in zip(self._weights, self.averages, strict=True):
                if weight.grad is None:
                    continue
                average.lerp_(weight.grad, 1 - self._momentum)
                ahead = weight.grad.lerp(average, self._momentum)
                direction = orthogonalise(ahead.flatten(1)).view_as(weight)
                scale = 0.2 * max(weight.shape[0], weight[0].numel()) ** 0.5
                weight.mul_(1 - rate * self._decay).add_(direction, alpha=-rate * scale)


def orthogonalise(matrix: Tensor, rounds: int = 5) -> Tensor:
    """About the nearest (semi-)orthogonal matrix, by Newton and Schulz's iteration, for which half precision is enough."""
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = (x / (x.norm() + 1e-7)).bfloat16()
    for _ in range(rounds):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).to(matrix.dtype)
