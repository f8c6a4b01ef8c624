"""Calibrates a head on conversations that it was not trained on; the thresholds follow from the probabilities and the costs."""

import numpy as np
from scipy.optimize import minimize

from training.routing.fit import Floats

# What an answer costs: a picture nobody wanted most, for it took seconds to draw; then a text instead of a picture; then asking the
# small LLM. Either is mended by one click.
WRONG_IMAGE, WRONG_TEXT, ASKING = 2.0, 1.0, 0.1


def fit_shares(logits: Floats, wants_image: Floats) -> tuple[Floats, float]:
    """The share of each column of `logits` and the shift that make the labels likeliest (Platt, 1999, for several columns)."""

    def loss(parameters: Floats) -> float:
        calibrated = logits @ parameters[:-1] + parameters[-1]
        return float((np.logaddexp(0, calibrated) - wants_image * calibrated).mean())

    columns = logits.shape[1]
    start = np.append(np.full(columns, 1 / columns), 0.0)
    found = minimize(loss, start, method="L-BFGS-B", bounds=[(0, None)] * columns + [(None, None)])
    return found.x[:-1], float(found.x[-1])


def text_threshold() -> float:
    """Up to this probability of an image a text costs no more than asking."""
    return ASKING / WRONG_TEXT


def image_threshold() -> float:
    """From this probability on an image costs no more than asking."""
    return 1 - ASKING / WRONG_IMAGE


def alone_threshold() -> float:
    """From this probability on an image costs no more than a text, where nobody else is asked."""
    return WRONG_IMAGE / (WRONG_IMAGE + WRONG_TEXT)
