"""The `bert` stage: decides in this process where it is sure, and says nothing where it is not."""

import asyncio
import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from mom.mixture.conversation import Conversation
from mom.mixture.verdict import DecidedBy, Need, Verdict
from mom.models.bert.evidence import words_that_speak
from mom.models.bert.features import State, state_of
from mom.models.bert.head import SHIPPED, Head, HeadError, read_head

_read_head_once = cache(read_head)  # stages of one process share it
log = logging.getLogger(__name__)

REASONS = {
    (Need.IMAGE, True): "reads like a change to the picture",
    (Need.IMAGE, False): "reads like a request for a picture",
    (Need.TEXT, True): "reads like words about the picture, not a change to it",
    (Need.TEXT, False): "reads like a request for words",
}


class BertStage:
    """Reads its head file at the first message, once; without a usable one it passes every message on."""

    name = DecidedBy.BERT.value

    def __init__(self, path: Path = SHIPPED, *, decides_always: bool = False) -> None:
        """`decides_always`: the likelier need also where the head is not sure, for there is no next stage."""
        self._path = path
        self._decides_always = decides_always
        self._head: Head | None = None
        self._loaded = asyncio.Lock()
        self._usable = True

    async def classify(self, conversation: Conversation) -> Verdict | None:
        async with self._loaded:
            if self._head is None and self._usable:
                await asyncio.to_thread(self._load)
        if self._head is None:
            return None
        return await asyncio.to_thread(self._weigh, self._head, conversation)

    async def evidence(self, conversation: Conversation) -> Sequence[str]:
        """The words that speak for its verdict; it is asked after the verdict."""
        return await asyncio.to_thread(words_that_speak, self._head, conversation) if self._head else ()

    def _load(self) -> None:
        try:
            self._head = _read_head_once(self._path)
        except HeadError as error:
            self._usable = False
            log.warning("the bert stage is left out: %s", error)

    def _weigh(self, head: Head, conversation: Conversation) -> Verdict | None:
        probability = head.image_probability(conversation)
        if probability >= head.image_threshold:
            need = Need.IMAGE
        elif probability <= head.text_threshold or self._decides_always:
            need = Need.TEXT
        else:
            return None
        after_picture = state_of(conversation) is State.PICTURE
        return Verdict(
            need=need,
            image_probability=probability,
            decided_by=DecidedBy.BERT,
            took_ms=0.0,
            reason=REASONS[need, after_picture],
        )
