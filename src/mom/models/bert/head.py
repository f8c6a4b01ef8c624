"""The head: one weight for each n-gram feature, how much the encoder and the n-grams count, and three thresholds, in one file."""

import json
import math
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mom.mixture.conversation import Conversation
from mom.models.bert.features import BITS, VERSION, features
from mom.models.bert.options import SHIPPED


class HeadError(Exception):
    """A head, or an encoder, that cannot be used; the message says why."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Head:
    """Weighs a conversation together with the encoder whose checksum `encoder` is.

    The two log-odds are added, each by its share, and `shift`: this calibrates them (Platt, 1999). A message at or above
    `image_threshold` needs an image, at or below `text_threshold` a text; both are probabilities of an image, and
    between them the head does not say. Where nobody else is asked, an image is made from `alone_threshold` on.
    """

    weights: NDArray[np.float16]
    bias: float
    ngrams_share: float
    encoder_share: float
    shift: float
    text_threshold: float
    image_threshold: float
    alone_threshold: float
    encoder: int

    def ngrams_logit(self, conversation: Conversation) -> float:
        """The log-odds by the n-grams alone, not calibrated."""
        indices, values = features(conversation)
        return float(self.weights[indices].astype(np.float32) @ values) + self.bias

    def logit(self, ngrams: float, encoder: float) -> float:
        """The calibrated log-odds that an image is needed."""
        return self.ngrams_share * ngrams + self.encoder_share * encoder + self.shift


NUMBERS = ("bias", "ngrams_share", "encoder_share", "shift", "text_threshold", "image_threshold", "alone_threshold")


def write_head(head: Head, path: Path) -> None:
    """Write `head` so that the same head gives the same bytes."""
    facts = {"version": VERSION, "encoder": head.encoder, **{name: getattr(head, name) for name in NUMBERS}}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in (("facts.json", json.dumps(facts).encode()), ("weights.f16", head.weights.tobytes())):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, 9)


def read_head(path: Path = SHIPPED) -> Head:
    """The head of a file. Raises `HeadError` where it is missing, corrupt or made for other features."""
    try:
        with zipfile.ZipFile(path) as archive:
            facts = json.loads(archive.read("facts.json"))
            data = archive.read("weights.f16")
    except (OSError, zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, RuntimeError) as error:
        raise HeadError(f"{path.name} cannot be read ({error})") from error
    if not isinstance(facts, dict) or facts.get("version") != VERSION:
        raise HeadError(f"{path.name} was made for another version of MoM")
    numbers = {name: facts.get(name) for name in NUMBERS}
    known = {name: number for name, number in numbers.items() if isinstance(number, float) and math.isfinite(number)}
    encoder = facts.get("encoder")
    if len(data) != 2 * 2**BITS or len(known) != len(NUMBERS) or not isinstance(encoder, int):
        raise HeadError(f"{path.name} is not a whole head")
    weights = np.frombuffer(data, "<f2")
    if not np.isfinite(weights).all():
        raise HeadError(f"{path.name} holds weights that are no numbers")
    return Head(weights=weights, encoder=encoder, **known)
