"""The head: one weight for each feature, a bias, a calibration and two thresholds, in one .npz file."""

import json
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mom.mixture.conversation import Conversation
from mom.models.bert.features import BITS, VERSION, features

SHIPPED = Path(__file__).parent / "head.npz"


def head_in_use(trained: Path) -> Path:
    """The head that this installation has trained at `trained`, otherwise the shipped one."""
    return trained if trained.exists() else SHIPPED


class HeadError(Exception):
    """A head file that cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Head:
    """Weighs a conversation.

    `scale` and `shift` calibrate the logit (Platt, 1999). A message at or above `image_threshold` needs an image, at or
    below `text_threshold` a text; both are probabilities of an image, and between them the head does not say.
    """

    weights: NDArray[np.float16]
    bias: float
    scale: float
    shift: float
    text_threshold: float
    image_threshold: float

    def logit(self, conversation: Conversation) -> float:
        """The uncalibrated log-odds that an image is needed."""
        indices, values = features(conversation)
        return float(self.weights[indices].astype(np.float32) @ values) + self.bias

    def image_probability(self, conversation: Conversation) -> float:
        logit = min(max(self.scale * self.logit(conversation) + self.shift, -30.0), 30.0)
        return 1 / (1 + math.exp(-logit))


NUMBERS = ("bias", "scale", "shift", "text_threshold", "image_threshold")


def write_head(head: Head, path: Path) -> None:
    """Write `head` so that the same head gives the same bytes."""
    facts = {"version": VERSION, **{name: getattr(head, name) for name in NUMBERS}}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in (("facts.json", json.dumps(facts).encode()), ("weights.f16", head.weights.tobytes())):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, 9)


def read_head(path: Path = SHIPPED) -> Head:
    """The head of a file. Raises `HeadError` where it is missing, corrupt or made for other features."""
    try:
        with zipfile.ZipFile(path) as archive:
            facts = json.loads(archive.read("facts.json"))
            data = archive.read("weights.f16")
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise HeadError(f"{path.name} cannot be read ({error})") from error
    if not isinstance(facts, dict) or facts.get("version") != VERSION:
        raise HeadError(f"{path.name} was made for another version of MoM; make it anew with training.routing.train")
    numbers = [facts.get(name) for name in NUMBERS]
    if len(data) != 2 * 2**BITS or not all(isinstance(number, float) and math.isfinite(number) for number in numbers):
        raise HeadError(f"{path.name} is not a whole head")
    weights = np.frombuffer(data, "<f2")
    if not np.isfinite(weights).all():
        raise HeadError(f"{path.name} holds weights that are no numbers")
    return Head(weights, *(float(number) for number in numbers if number is not None))
