"""What `mom serve` prints: one block when the page can be opened, then a line for each part that gets ready or fails."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mom.models.parts import Part, PartName, State
from mom.serving.board import Board

WORTH_A_LINE = {State.READY, State.FAILED, State.EXTERNAL}


def part_line(part: Part) -> str:
    """Such as `large LLM    qwen3:8b          ready`."""
    detail = f"  {part.detail}" if part.detail else ""
    return f"{part.name.words:<12} {part.model:<24} {part.state.value}{detail}"


def welcome(url: str, parts: Iterable[Part], offers: Mapping[str, Any], log_folder: Path) -> str:
    """The block."""
    lines = ["", f"  MoM answers at {url}", ""]
    lines += [f"    {part_line(part)}" for part in parts if part.state is not State.NONE]
    lines += [
        "",
        *(f"  {line}" for line in _how_to_connect(parts, offers)),
        f"  Logs: {log_folder}. Stop with Ctrl-C.",
        "",
    ]
    return "\n".join(lines)


async def announce_changes(board: Board, shown: dict[PartName, Part], say: Callable[[str], None]) -> None:
    """Say each part's change that people wait for, until cancelled."""
    while True:
        version = board.version
        for part in list(board.parts.values()):
            before = shown.get(part.name)
            shown[part.name] = part
            is_news = before is None or (part.state, part.model, part.pid) != (before.state, before.model, before.pid)
            if part.state in WORTH_A_LINE and (is_news or (before is not None and _has_something_to_say(part, before))):
                say(f"  {part_line(part)}")
        await board.wait_for_change(version)


def _has_something_to_say(part: Part, before: Part) -> bool:
    return part.detail not in {"", before.detail} and not (part.progress and before.progress)


def _how_to_connect(parts: Iterable[Part], offers: Mapping[str, Any]) -> list[str]:
    suggestion = (offers.get("ollama") or {}).get("suggestion")
    if suggestion:
        pair = f"MOM_SMALL_LLM={suggestion['small_llm']} MOM_LARGE_LLM={suggestion['large_llm']}"
        return ["Ollama runs here. To use its models: the page offers it, or", f"  {pair} mom serve", ""]
    if any(part.demo for part in parts):
        return [
            "The demo models are tiny. To connect real ones, set in .env or the environment:",
            "  MOM_SMALL_LLM, MOM_LARGE_LLM=ollama:MODEL, file:PATH.gguf, hf:OWNER/REPO/FILE.gguf or http://HOST:PORT/v1#MODEL",
            "  MOM_IMAGE_MODEL=hf:OWNER/REPO, file:FOLDER or http://HOST:PORT/v1#MODEL",
            "",
        ]
    return []
