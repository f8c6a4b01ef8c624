"""Reads the calls of tools in a stream, where servers number and name them in different ways, as OpenAI does."""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mom.mixture.events import ToolCallDelta
from mom.models.wire import ToolCallPiece


@dataclass(slots=True)
class _Call:
    number: int
    servers_id: str | None
    has_arguments: bool = False


class ToolCallReader:
    """Fed with pieces, gives them back with the calls numbered from 0 on, each with an id.

    Gemini and older versions of Ollama number every call 0, others send no index or no id.
    """

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._newest: dict[int, _Call] = {}  # by the server's index

    def feed(self, pieces: Iterable[ToolCallPiece]) -> list[ToolCallDelta]:
        """The pieces of one chunk; those without an index are told apart by their place."""
        return [
            delta
            for place, piece in enumerate(pieces)
            for delta in self._read(piece, place if piece.index is None else piece.index)
        ]

    def finish_reason(self, told: str) -> str:
        """Some servers, Ollama among them, tell "stop" where an answer ends with calls."""
        return "tool_calls" if self._calls and told == "stop" else told

    def end(self, finish_reason: str) -> list[ToolCallDelta]:
        """What the last call still lacks, if it was not cut off."""
        return list(self._complete_last()) if finish_reason == "tool_calls" else []

    def _read(self, piece: ToolCallPiece, index: int) -> Iterator[ToolCallDelta]:
        call = self._newest.get(index)
        begins = call is None or _is_another(piece, call)
        if call is None or begins:
            yield from self._complete_last()
            call = self._newest[index] = _Call(len(self._calls), piece.id)
            self._calls.append(call)
        arguments = piece.function.arguments or ""
        call.has_arguments = call.has_arguments or bool(arguments)
        if begins:
            yield ToolCallDelta(call.number, piece.id or _new_id(), piece.function.name, arguments, piece.extra_content)
        else:
            yield ToolCallDelta(call.number, None, None, arguments, piece.extra_content)

    def _complete_last(self) -> Iterator[ToolCallDelta]:
        """Some servers write nothing where a tool is given no arguments; readers parse a call when the next begins."""
        if self._calls and not self._calls[-1].has_arguments:
            yield ToolCallDelta(self._calls[-1].number, None, None, "{}")


def _is_another(piece: ToolCallPiece, call: _Call) -> bool:
    """Does a piece with a call's index begin one more call? Only with a name; some servers repeat it with every piece."""
    if not piece.function.name:
        return False
    return piece.id != call.servers_id if piece.id else not call.servers_id and call.has_arguments


def _new_id() -> str:
    """In the one form that Mistral's chat templates accept: nine letters or digits."""
    return secrets.token_hex(5)[:9]
