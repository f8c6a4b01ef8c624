"""The calls of tools and their results, as OpenAI's messages carry them between a question and its answer."""

from collections.abc import Iterable, Sequence

from mom.errors import ParameterError
from mom.mixture.conversation import ToolCall, ToolRequest, ToolResult, ToolStep
from mom.openai_api.bodies import WireMessage

Gathered = tuple[WireMessage, tuple[ToolStep, ...]]


def gather_tool_steps(messages: Sequence[WireMessage]) -> list[Gathered]:
    """The other messages, each with the steps that follow it. Raises `ParameterError` where a call and its result do not meet."""
    gathered: list[Gathered] = []
    open_calls: list[str] = []
    for number, message in enumerate(messages):
        if message.role == "tool":
            _add_step(gathered, _read_result(message, number, open_calls), number)
            continue
        _check_all_answered(open_calls, number - 1)
        if message.role == "assistant" and message.tool_calls:
            open_calls = [call.id for call in message.tool_calls]
            _add_step(gathered, _read_request(message, gathered), number)
        else:
            gathered.append((message, ()))
    _check_all_answered(open_calls, len(messages) - 1)
    return gathered


def _add_step(gathered: list[Gathered], step: ToolStep, number: int) -> None:
    """To the user's newest message: instructions may have come in between."""
    for place in reversed(range(len(gathered))):
        message, steps = gathered[place]
        if message.role == "user":
            gathered[place] = (message, (*steps, step))
            return
    raise ParameterError("A tool is called for a message of the user's: it must come before.", param=_name(number))


def _read_request(message: WireMessage, gathered: list[Gathered]) -> ToolRequest:
    """With what stands in a message of its own just before it."""
    said = [message]
    if gathered and gathered[-1][0].role == "assistant":
        said.insert(0, gathered.pop()[0])
    calls = [
        ToolCall(call.id, call.function.name, call.function.arguments, call.extra_content)
        for call in message.tool_calls or ()
    ]
    return ToolRequest(_join(one.words for one in said), tuple(calls), _join(one.thinking for one in said))


def _join(texts: Iterable[str]) -> str:
    return "\n\n".join(filter(None, texts))


def _read_result(message: WireMessage, number: int, open_calls: list[str]) -> ToolResult:
    if message.picture_urls:
        raise ParameterError("The result of a tool is words: it can hold no picture.", param=f"{_name(number)}.content")
    if message.tool_call_id not in open_calls:
        raise ParameterError(
            "The result of a tool answers a call: before it comes the assistant's message whose tool_calls have its id.",
            param=f"{_name(number)}.tool_call_id",
        )
    open_calls.remove(message.tool_call_id)
    return ToolResult(message.tool_call_id, message.words)


def _check_all_answered(open_calls: Sequence[str], number: int) -> None:
    if open_calls:
        raise ParameterError(
            f"The call {open_calls[0]} has no result: a message of the role tool with this tool_call_id must follow.",
            param=_name(number),
        )


def _name(number: int) -> str:
    return f"messages.{number}"
