"""The calls of tools and their results, which a request carries between a question and its answer."""

from collections.abc import Iterable, Sequence

from mom.errors import ParameterError
from mom.mixture.conversation import ToolRequest, ToolResult, ToolStep
from mom.openai_api.said import Names, Said

Gathered = tuple[Said, tuple[ToolStep, ...]]


def gather_tool_steps(messages: Sequence[Said], names: Names) -> list[Gathered]:
    """The other messages, each with the steps that follow it. Raises `ParameterError` where a call and its result do not meet."""
    gathered: list[Gathered] = []
    open_calls: list[str] = []
    before = ""
    for message in messages:
        if message.role == "tool":
            _add_step(gathered, _read_result(message, open_calls, names), message.place)
        else:
            _check_all_answered(open_calls, before, names)
            if message.calls:
                open_calls = [call.id for call in message.calls]
                _add_step(gathered, _read_request(message, gathered), message.place)
            else:
                gathered.append((message, ()))
        before = message.place
    _check_all_answered(open_calls, before, names)
    return gathered


def _add_step(gathered: list[Gathered], step: ToolStep, place: str) -> None:
    """To the user's newest message: instructions may have come in between."""
    for number in reversed(range(len(gathered))):
        message, steps = gathered[number]
        if message.role == "user":
            gathered[number] = (message, (*steps, step))
            return
    raise ParameterError("A tool is called for a message of the user's: it must come before.", param=place)


def _read_request(message: Said, gathered: list[Gathered]) -> ToolRequest:
    """With what stands in a message of its own just before it."""
    said = [message]
    if gathered and gathered[-1][0].role == "assistant":
        said.insert(0, gathered.pop()[0])
    return ToolRequest(join(one.words for one in said), tuple(message.calls), join(one.thinking for one in said))


def join(texts: Iterable[str]) -> str:
    """One text of those that are not empty, as paragraphs."""
    return "\n\n".join(filter(None, texts))


def _read_result(message: Said, open_calls: list[str], names: Names) -> ToolResult:
    if message.picture_urls:
        raise ParameterError(
            "The result of a tool is words: it can hold no picture.", param=f"{message.place}.{names.output}"
        )
    if message.answers not in open_calls:
        raise ParameterError(
            f"The result of a tool answers a call: before it comes {names.call}.",
            param=f"{message.place}.{names.call_id}",
        )
    open_calls.remove(message.answers)
    return ToolResult(message.answers, message.words)


def _check_all_answered(open_calls: Sequence[str], place: str, names: Names) -> None:
    if open_calls:
        raise ParameterError(f"The call {open_calls[0]} has no result: {names.result} must follow.", param=place)
