"""Any server names a label as JSON: one enum, `{"need": "image"}`, weighed by its tokens' probabilities where offered."""

import math
import re
from collections.abc import Sequence

from mom.models.dialects import Reply, Shape
from mom.models.structure import MisfitError, read_structure
from mom.models.wire import Alternative, Position

KEY = "need"
_BEFORE_LABEL = re.compile(rf'"{KEY}"\s*:\s*"')
MAX_TOKENS = 32  # more than the object has, as white space is free
TOP_TOKENS = 5

# The probability of a label from a server that tells none. A convention, not a measurement: it is not calibrated.
UNCALIBRATED = 0.9


def label_shape(labels: Sequence[str]) -> Shape:
    return Shape(
        {
            "type": "object",
            "properties": {KEY: {"type": "string", "enum": list(labels)}},
            "required": [KEY],
            "additionalProperties": False,
        },
        max_tokens=MAX_TOKENS,
        top_tokens=TOP_TOKENS,
    )


def read_label_weights(reply: Reply, labels: Sequence[str]) -> dict[str, float]:
    """The probability of each label. Raises `MisfitError` where the reply names none of them."""
    label = _read_label(reply.text, labels)
    weights = _weights_at_label(reply.positions, labels)
    if weights is None or max(weights, key=weights.__getitem__) != label:
        rest = (1 - UNCALIBRATED) / max(len(labels) - 1, 1)
        return {each: UNCALIBRATED if each == label else rest for each in labels}
    return weights


def _read_label(text: str, labels: Sequence[str]) -> str:
    """The label in the JSON, or the one label among the reply's words: weak models forget the braces."""
    try:
        return str(read_structure(text, label_shape(labels).schema)[KEY])
    except MisfitError:
        named = [label for label in labels if re.search(rf"\b{re.escape(label)}\b", text, re.IGNORECASE)]
        if len(named) == 1:
            return named[0]
        raise


def _weights_at_label(positions: Sequence[Position], labels: Sequence[str]) -> dict[str, float] | None:
    """The labels' probabilities at the token in which the label begins, renormalised; None where they do not show."""
    text = ""
    for position in positions:
        begun = _BEFORE_LABEL.search(text + position.token)
        if begun and begun.end() < len(text + position.token):
            weights = {
                label: _weight(text, f'{begun[0]}{label}"', begun, position.top_logprobs or []) for label in labels
            }
            total = sum(weights.values())
            return {label: weight / total for label, weight in weights.items()} if total > 0 else None
        text += position.token
    return None


def _weight(text: str, wanted: str, begun: re.Match[str], alternatives: Sequence[Alternative]) -> float:
    """The probability that `text` goes on so that `wanted` stands from where `begun` does."""
    weight = 0.0
    for alternative in alternatives:
        written = (text + alternative.token)[begun.start() :]
        goes_on = len(written) > len(begun[0]) and (wanted.startswith(written) or written.startswith(wanted))
        if goes_on and alternative.logprob is not None:
            weight += math.exp(alternative.logprob)
    return weight
