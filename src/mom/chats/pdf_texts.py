"""The text of PDFs, read in a process of its own each: a PDF may be made to loop, or to unfold without end."""

import asyncio
import hashlib
import json
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE

from mom.chats.pdf_outcome import Outcome
from mom.errors import AttachmentError, MessageTooLongError, ServingError

MAX_PDF_BYTES = 20_000_000
READING_S = 30.0
AT_A_TIME = 2
KEPT_TEXTS = 8  # programs send a conversation's files again with each request
CHILD = (sys.executable, "-P", "-m", "mom.chats.pdf_child")
BEGINNING = b"%PDF-"
WITHIN = 1_024  # bytes, as PDF readers have always looked for it

log = logging.getLogger(__name__)

REFUSALS = {
    Outcome.LOCKED: "is protected by a password, or encrypted in a way that MoM cannot read. Save a copy without protection, and attach that.",
    Outcome.WORDLESS: "has no words in it, only pictures of pages: a scan. Have its text recognised (OCR) first.",
    Outcome.DAMAGED: "cannot be read; it may be damaged. Open it and save it as a PDF anew, or copy its words into the message.",
    Outcome.TOO_MUCH_WORK: "takes too long to read, or too much memory. Attach the pages that matter, or copy their words into the message.",
}


class PdfTexts:
    """Reads some PDFs at a time, others wait; what was read last is not read again."""

    def __init__(self, *, reading_s: float = READING_S) -> None:
        self._reading_s = reading_s
        self._texts: dict[tuple[bytes, int], str] = {}
        self._free = asyncio.Semaphore(AT_A_TIME)

    async def read(self, data: bytes, name: str, *, most_bytes: int, param: str | None = None) -> str:
        """The PDF's text, of at most so many bytes in UTF-8; cancelled, its process ends. `name` is what the file is called in a
        refusal. Raises `AttachmentError`, `MessageTooLongError`, `ServingError`.
        """
        if not data:
            raise AttachmentError(f"{name} is empty.", param=param)
        if len(data) > MAX_PDF_BYTES:
            raise too_large(name, param=param)
        if BEGINNING not in data[:WITHIN]:
            raise AttachmentError(f"{name} is said to be a PDF, but is none.", param=param)
        key = (await asyncio.to_thread(hashlib.sha256, data)).digest(), most_bytes
        if (known := self._texts.pop(key, None)) is not None:
            self._texts[key] = known
            return known
        async with self._free:
            outcome, text = await self._ask_child(data, most_bytes)
        if outcome is Outcome.READ:
            self._texts[key] = text
            if len(self._texts) > KEPT_TEXTS:
                del self._texts[next(iter(self._texts))]  # the one not asked for longest
            return text
        if outcome is Outcome.TOO_LONG:
            raise MessageTooLongError(
                f"{name} has more than {most_bytes // 1_000} kB of text, which is the most that can be sent at once. Attach the pages that matter.",
                param=param,
            )
        if text:
            log.info("a PDF could not be read: %s", text)
        raise AttachmentError(f"{name} {REFUSALS[outcome]}", param=param)

    async def _ask_child(self, data: bytes, most_bytes: int) -> tuple[Outcome, str]:
        try:
            child = await asyncio.create_subprocess_exec(
                *CHILD, str(most_bytes), stdin=PIPE, stdout=PIPE, stderr=DEVNULL
            )
        except OSError as error:
            raise ServingError(f"MoM cannot start the process that reads PDFs: {error}. Try again later.") from error
        try:
            async with asyncio.timeout(self._reading_s):
                said, _ = await child.communicate(data)
        except TimeoutError:
            return Outcome.TOO_MUCH_WORK, ""
        finally:
            if child.returncode is None:
                child.kill()
                await child.communicate()
        try:
            told = json.loads(said)
            return Outcome(told["outcome"]), told["text"]
        except ValueError:  # ended by the system, or for want of memory even to say so
            return Outcome.TOO_MUCH_WORK, f"its process ended with {child.returncode}"


def too_large(name: str, *, param: str | None = None) -> AttachmentError:
    megabytes = MAX_PDF_BYTES // 1_000_000
    return AttachmentError(f"{name} is larger than {megabytes} MB. Attach the pages that matter.", param=param)
