"""Fits the head: logistic regression with L2 by L-BFGS on sparse features. Deterministic on one machine."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from mom.mixture.conversation import Conversation
from mom.models.bert.features import BITS, features

Floats = NDArray[np.float64]


def matrix(conversations: Sequence[Conversation]) -> csr_matrix:
    """One row of features for each conversation."""
    indices, values, ends = [], [], [0]
    for conversation in conversations:
        index, value = features(conversation)
        indices.append(index)
        values.append(value)
        ends.append(ends[-1] + index.size)
    shape = (len(conversations), 2**BITS)
    return csr_matrix((np.concatenate(values), np.concatenate(indices).astype(np.int32), np.array(ends)), shape)


def fit(rows: csr_matrix, wants_image: Floats, weights: Floats, *, penalty: float, rounds: int) -> tuple[Floats, float]:
    """The weights of the features and the bias that make `wants_image` (0 or 1) likeliest."""
    columns = rows.T.tocsr()
    total = weights.sum()

    def loss(parameters: Floats) -> tuple[float, Floats]:
        logits = rows @ parameters[:-1] + parameters[-1]
        error = weights * (1 / (1 + np.exp(-logits)) - wants_image) / total
        value = float((weights * (np.logaddexp(0, logits) - wants_image * logits)).sum() / total)
        gradient = np.append(columns @ error + penalty * parameters[:-1], error.sum())
        return value + penalty / 2 * float(parameters[:-1] @ parameters[:-1]), gradient

    start = np.zeros(rows.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds, "maxcor": 8})
    return found.x[:-1], float(found.x[-1])
