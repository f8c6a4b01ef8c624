"""What the `bert` stage reads a conversation with: the encoder and the head, which belong together."""

import ctypes
import math
import sys
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mom.mixture.conversation import Conversation
from mom.models.bert.encoder import SHIPPED_ENCODER, Encoder, EncoderError, read_encoder
from mom.models.bert.head import Head, HeadError, read_head
from mom.models.bert.options import SHIPPED

_one_at_a_time = threading.Lock()
_read_encoder_once = cache(read_encoder)  # heads share it


@dataclass(frozen=True, eq=False)
class Reader:
    """Safe to use from several threads."""

    encoder: Encoder
    head: Head

    def logit(self, conversation: Conversation) -> float:
        """The calibrated log-odds that an image is needed."""
        encoded, _ = self.encoder.weigh(conversation)
        return self.head.logit(self.head.ngrams_logit(conversation), encoded)

    def image_probability(self, conversation: Conversation) -> float:
        return probability_of(self.logit(conversation))


def probability_of(logit: float) -> float:
    return 1 / (1 + math.exp(-min(max(logit, -30.0), 30.0)))


def load_reader(head_path: Path = SHIPPED, encoder_folder: Path = SHIPPED_ENCODER) -> Reader:
    """Takes about 0.2 s. Raises `HeadError` where a file is missing, corrupt, or made for another one."""
    head = read_head(head_path)
    try:
        with _one_at_a_time:
            encoder = _read_encoder_once(encoder_folder)
    except EncoderError as error:
        raise HeadError(str(error)) from error
    if head.encoder != encoder.checksum:
        raise HeadError(f"{head_path.name} was made for another encoder than this version's")
    _give_back_memory()
    return Reader(encoder, head)


def _give_back_memory() -> None:
    """What loading took and freed again: 10 MB that glibc would keep for this process."""
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
