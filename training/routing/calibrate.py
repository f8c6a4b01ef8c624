"""Calibrates a head and chooses its thresholds on conversations that it was not trained on."""

import numpy as np
from scipy.optimize import minimize

from training.routing.fit import Floats

# What an answer costs: a picture nobody wanted most, then a text instead of a picture, then asking the small LLM.
WRONG_IMAGE, WRONG_TEXT, ASKING = 5.0, 1.0, 0.1
GRID = np.round(np.arange(0.01, 1.0, 0.01), 2)


def fit_shares(logits: Floats, wants_image: Floats) -> tuple[Floats, float]:
    """The share of each column of `logits` and the shift that make the labels likeliest (Platt, 1999, for several columns)."""

    def loss(parameters: Floats) -> float:
        calibrated = logits @ parameters[:-1] + parameters[-1]
        return float((np.logaddexp(0, calibrated) - wants_image * calibrated).mean())

    columns = logits.shape[1]
    start = np.append(np.full(columns, 1 / columns), 0.0)
    found = minimize(loss, start, method="L-BFGS-B", bounds=[(0, None)] * columns + [(None, None)])
    return found.x[:-1], float(found.x[-1])


def choose_thresholds(probabilities: Floats, wants_image: Floats) -> tuple[float, float]:
    """The cheapest pair (text, image) with the image threshold at least as strict as the text threshold."""
    best, chosen = np.inf, (0.5, 0.5)
    for image in GRID[GRID >= 0.5]:
        for text in GRID[(GRID <= 0.5) & (image >= 1 - GRID)]:
            says_image, says_text = probabilities >= image, probabilities <= text
            asked = ~says_image & ~says_text
            wrong = WRONG_IMAGE * (says_image * (1 - wants_image)).sum() + WRONG_TEXT * (says_text * wants_image).sum()
            cost = wrong + ASKING * asked.sum()
            if cost < best - 1e-9:
                best, chosen = cost, (float(text), float(image))
    return chosen
