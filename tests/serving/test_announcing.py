import asyncio
from pathlib import Path

import pytest

from mom.models.parts import Part, PartName, State
from mom.serving.announcing import announce_changes, welcome
from mom.serving.board import Board
from tests.serving.waiting import until

DEMO = Part(PartName.LARGE_LLM, State.READY, "demo LLM", demo=True, pid=1)
REAL = Part(PartName.LARGE_LLM, State.READY, "qwen3", pid=2)
LOGS = Path("/data/logs")
PAIR = {"ollama": {"models": ["a", "b"], "suggestion": {"small_llm": "ollama:a", "large_llm": "ollama:b"}}}


def test_a_running_ollama_is_suggested_by_the_names_of_its_models():
    assert "MOM_SMALL_LLM=ollama:a MOM_LARGE_LLM=ollama:b mom serve" in welcome("http://x", [DEMO], PAIR, LOGS)


def test_whoever_has_real_models_is_told_nothing_about_them():
    assert "To connect" not in welcome("http://x", [REAL], {}, LOGS)
    assert "To connect real ones" in welcome("http://x", [DEMO], {}, LOGS)


@pytest.fixture
async def said():
    board, said = Board(), []
    board.put(DEMO)
    task = asyncio.create_task(announce_changes(board, dict(board.parts), said.append))
    yield board, said
    task.cancel()
    await asyncio.wait({task})


async def test_only_what_people_wait_for_is_said(said):
    board, lines = said
    image = Part(PartName.IMAGE_MODEL, State.DOWNLOADING, "sd", detail="downloading: 1 of 2 GB")
    for part in (image, Part(image.name, State.STARTING, "sd"), Part(image.name, State.READY, "sd", pid=3)):
        board.put(part)
        await asyncio.sleep(0)
    await until(lambda: lines, "a line")
    assert [line.split() for line in lines] == [["image", "model", "sd", "ready"]]


async def test_a_failure_is_said_with_its_reason(said):
    board, lines = said
    board.put(Part(PartName.LARGE_LLM, State.FAILED, "demo LLM", demo=True, detail="It ended."))
    await until(lambda: lines, "a line")
    assert lines[0].endswith("failed  It ended.")
