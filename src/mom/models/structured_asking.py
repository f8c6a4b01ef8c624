"""Asks a model for an answer of a given shape, in its server's dialect; a reply that does not fit gets one more try."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from mom.errors import ContextFullError, PartRefusedError, StructureError
from mom.mixture.conversation import Message
from mom.models.dialects import Dialect, Reply, Shape, find_dialect
from mom.models.refusals import stream_refusal
from mom.models.structure import MisfitError, read_structure, with_complaint, with_schema_in_words
from mom.models.upstream import Upstream

log = logging.getLogger(__name__)

# A model that thinks although it was asked not to may use up its tokens before it answers: then it gets more.
ROOM_TO_THINK = 8
_ABOUT_STRUCTURE = ("format", "schema", "grammar", "structured", "json")

Value = TypeVar("Value")


class StructuredAsking:
    """Knows one server's dialect, once it has been found out, and falls to its plain form where it proves useless."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._found: Dialect | None = None

    async def dialect(self) -> Dialect:
        """The server's dialect. Raises `PartError`s where it cannot be asked for it."""
        if self._found is None:
            self._found = await find_dialect(self._upstream)
            log.info("%s speaks the dialect of %s", self._upstream.server.words, self._found.name)
        return self._found

    async def ask(self, messages: Sequence[Message], shape: Shape, read: Callable[[Reply], Value]) -> Value:
        """The value that `read` makes of the reply; `read` raises `MisfitError` for a reply that does not fit.

        Raises `StructureError` after the second misfit.
        """
        reply = await self._ask_or_fall_to_plain(messages, shape)
        try:
            return read(reply)
        except MisfitError as misfit:
            question, shape = self._second_question(messages, shape, reply, misfit)
        reply = await self._ask_or_fall_to_plain(question, shape)
        try:
            return read(reply)
        except MisfitError as misfit:
            server = self._upstream.server
            words = f"{server.words} did not answer in the form it was asked for: {misfit}."
            raise StructureError(words, part=server.part) from misfit

    async def check(self, messages: Sequence[Message], shape: Shape) -> None:
        """Ask once, only to see whether the server keeps to a structure, and fall to the plain form if it does not."""
        reply = await self._ask_or_fall_to_plain(messages, shape)
        if reply.was_cut and not reply.text:
            log.warning("%s thinks although it is asked not to: every verdict takes long", self._upstream.server.words)
            return
        try:
            read_structure(reply.text, shape.schema)
        except MisfitError:
            self._fall_to_plain("ignores the structure that it is asked for")

    def _second_question(
        self, messages: Sequence[Message], shape: Shape, reply: Reply, misfit: MisfitError
    ) -> tuple[Sequence[Message], Shape]:
        if reply.was_cut:
            return messages, replace(shape, max_tokens=shape.max_tokens * ROOM_TO_THINK)
        if not misfit.is_json:
            self._fall_to_plain("ignores the structure that it is asked for")
        return with_complaint(messages, reply.text, str(misfit)), shape

    async def _ask_or_fall_to_plain(self, messages: Sequence[Message], shape: Shape) -> Reply:
        dialect = await self.dialect()
        try:
            return await self._ask_once(dialect, messages, shape)
        except ContextFullError:
            raise
        except PartRefusedError as error:
            if not dialect.constrains or not any(word in error.message.lower() for word in _ABOUT_STRUCTURE):
                raise
            self._fall_to_plain(f"refuses a structured answer ({error.message})")
            return await self._ask_once(dialect.plain(), messages, shape)

    async def _ask_once(self, dialect: Dialect, messages: Sequence[Message], shape: Shape) -> Reply:
        question = messages if dialect.constrains else with_schema_in_words(messages, shape.schema)
        body = dialect.body(await self._upstream.model(), question, shape)
        answer = await self._upstream.post(dialect.url(self._upstream), body)
        if isinstance(answer, dict) and answer.get("error"):  # OpenRouter answers 200 all the same
            raise stream_refusal(self._upstream.server, answer["error"], has_begun=False)
        try:
            return dialect.read(answer)
        except ValueError as error:
            raise self._upstream.broken("answered what no chat server answers") from error

    def _fall_to_plain(self, why: str) -> None:
        if self._found is not None and self._found.constrains:
            log.warning("%s %s. From now on it is asked in words.", self._upstream.server.words, why)
            self._found = self._found.plain()
