"""The `bert` stage: decides in this process where it is sure, and says nothing where it is not."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from mom.mixture.conversation import Conversation
from mom.mixture.verdict import DecidedBy, Need, Verdict
from mom.models.bert.evidence import evidence_for
from mom.models.bert.features import State, state_of
from mom.models.bert.head import HeadError
from mom.models.bert.options import SHIPPED, BertOptions
from mom.models.bert.reader import Reader, load_reader

_shared_reader = cache(load_reader)  # stages of one process share it
log = logging.getLogger(__name__)

REASONS = {
    (Need.IMAGE, True): "reads like a change to the picture",
    (Need.IMAGE, False): "reads like a request for a picture",
    (Need.TEXT, True): "reads like words about the picture, not a change to it",
    (Need.TEXT, False): "reads like a request for words",
}

DEFAULT = BertOptions()
# One thread for all of it: what it needs stays in one heap (10 MB less), and one decides hundreds of messages a second.
_thread = ThreadPoolExecutor(1, thread_name_prefix="bert")
# Dozens of messages' work: no verdict waits for it.
_evidence_thread = ThreadPoolExecutor(1, thread_name_prefix="bert evidence")
Result = TypeVar("Result")


async def in_its_thread(work: Callable[..., Result], *arguments: object) -> Result:
    return await asyncio.get_running_loop().run_in_executor(_thread, work, *arguments)


class BertStage:
    """Loads its files once, at the start of the server or at the first message; without usable ones it passes every message on."""

    name = DecidedBy.BERT.value

    def __init__(self, options: BertOptions = DEFAULT, *, decides_always: bool = False) -> None:
        """`decides_always`: also where the head is not sure, for there is no next stage."""
        self._options = options
        self._decides_always = decides_always
        self._reader: Reader | None = None
        self._loaded = asyncio.Lock()
        self._usable = True
        self._loading: asyncio.Task[None] | None = None

    def load_soon(self) -> None:
        """Begin to load, so that the first message does not wait for it; call it on the event loop."""
        self._loading = asyncio.create_task(self.load(), name="loading of the bert stage")

    def is_loading(self) -> bool:
        """Whether what `load_soon` began still goes on."""
        return self._loading is not None and not self._loading.done()

    async def classify(self, conversation: Conversation) -> Verdict | None:
        await self.load()
        if self._reader is None:
            return None
        return await in_its_thread(self._weigh, self._reader, conversation)

    async def evidence(self, conversation: Conversation) -> Sequence[str]:
        """The words that speak for its verdict, and the nearest known messages; it is asked after the verdict."""
        if self._reader is None:
            return ()
        return await asyncio.get_running_loop().run_in_executor(
            _evidence_thread, evidence_for, self._reader, conversation
        )

    async def load(self) -> None:
        """Return when its files were loaded, or turned out not to be usable; they are loaded once."""
        async with self._loaded:
            if self._reader is None and self._usable:
                await in_its_thread(self._load)

    def _load(self) -> None:
        """A head that was trained here fits no longer where an update has brought another encoder: then the shipped one."""
        for head in dict.fromkeys((self._options.head, SHIPPED)):
            try:
                self._reader = _shared_reader(head)
            except HeadError as error:
                log.warning("a head of the bert stage is left out: %s; `mom doctor` says what to do", error)
            else:
                return
        self._usable = False

    def _weigh(self, reader: Reader, conversation: Conversation) -> Verdict | None:
        probability = reader.image_probability(conversation)
        head, options = reader.head, self._options
        image_from = head.alone_threshold if self._decides_always else head.image_threshold
        if probability >= (image_from if options.image_threshold is None else options.image_threshold):
            need = Need.IMAGE
        elif self._decides_always or probability <= (
            head.text_threshold if options.text_threshold is None else options.text_threshold
        ):
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
