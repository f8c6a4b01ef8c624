"""Heads whose weights are set by hand, for the shipped encoder."""

from dataclasses import replace

import numpy as np

from mom.models.bert.encoder import LAYERS, SHIPPED_ENCODER, checksum_of
from mom.models.bert.features import BITS
from mom.models.bert.head import Head


def flat_head(**changes: object) -> Head:
    """A head that gives every message the same log-odds: its `shift`."""
    head = Head(
        weights=np.zeros(2**BITS, "<f2"),
        bias=0.0,
        ngrams_share=1.0,
        encoder_share=0.0,
        shift=0.0,
        text_threshold=0.3,
        image_threshold=0.7,
        alone_threshold=0.65,
        encoder=checksum_of(SHIPPED_ENCODER / LAYERS),
    )
    return replace(head, **changes)
