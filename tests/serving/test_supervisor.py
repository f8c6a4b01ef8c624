"""The supervisor with real processes, from its start to its end: llama.cpp with random weights, a stand-in for the web process."""

import asyncio
import os
import signal

import psutil
import pytest

from mom.errors import SettingsError
from mom.models.parts import State
from mom.serving.board import Board
from mom.serving.performance import Player, Standing
from mom.serving.supervised_part import SupervisedPart
from tests.serving.supervising import IMAGE, LARGE, NOBODY, NOBODY_ANSWERS, SMALL, answers, until_part
from tests.serving.waiting import has_ended, until


async def test_two_parts_with_the_same_file_are_two_processes(supervised, models):
    async with supervised(small_llm=f"file:{models[0]}", large_llm=f"file:{models[0]}") as supervisor:
        large = await until_part(supervisor, LARGE, State.READY)
        small = await until_part(supervisor, SMALL, State.READY)
        assert large.pid != small.pid
        assert await answers(large)
        assert await answers(small)


async def test_a_killed_model_comes_back_while_the_others_stay(supervised, models):
    async with supervised(small_llm=f"file:{models[0]}", large_llm=f"file:{models[0]}") as supervisor:
        large = await until_part(supervisor, LARGE, State.READY)
        small = await until_part(supervisor, SMALL, State.READY)
        os.kill(large.pid, signal.SIGKILL)
        await until(lambda: supervisor.board.parts[LARGE].pid not in {None, large.pid}, "another process")
        again = await until_part(supervisor, LARGE, State.READY)
        assert await answers(again)
        assert supervisor.board.parts[SMALL] == small


async def test_same_means_the_large_llm_plays_the_small_part_too(supervised, models):
    async with supervised(small_llm="same", large_llm=f"file:{models[0]}") as supervisor:
        large = await until_part(supervisor, LARGE, State.READY)
        small = await until_part(supervisor, SMALL, State.READY)
        assert small.endpoint == large.endpoint
        supervisor.swap(LARGE, f"file:{models[1]}", None)
        large = await until_part(supervisor, LARGE, State.READY, model="second")
        await until_part(supervisor, SMALL, State.READY, endpoint=large.endpoint)


async def test_a_model_at_a_url_has_no_process_and_says_when_nothing_answers(supervised):
    async with supervised() as supervisor:
        part = await until_part(supervisor, LARGE, State.EXTERNAL, detail=NOBODY_ANSWERS)
        assert part.pid is None
        assert part.endpoint.model == "nobody"


async def test_an_ollama_that_does_not_run_is_said_so(supervised):
    async with supervised(small_llm="ollama:tinydolphin") as supervisor:
        part = await until_part(supervisor, SMALL, State.EXTERNAL)
        assert "ollama serve" in part.detail
        assert part.endpoint.base_url == "http://127.0.0.1:9/v1"


async def test_a_web_process_that_crashes_again_and_again_ends_the_supervisor(supervised, stand_in):
    async with supervised(web=stand_in("web", fault="crash")) as supervisor:
        assert "the stand-in lost its mind" in await supervisor.task


async def test_the_image_part_waits_for_the_web_process(supervised, stand_in, tmp_path):
    async with supervised(
        web=stand_in("web", fault="deaf"), image_model="file:/nowhere", large_llm=NOBODY
    ) as supervisor:
        await until_part(supervisor, LARGE, State.EXTERNAL, detail=NOBODY_ANSWERS)
        assert supervisor.board.parts[IMAGE].state is State.STARTING
    async with supervised(image_model="file:/nowhere") as supervisor:
        await until_part(supervisor, IMAGE, State.FAILED)


@pytest.mark.parametrize(
    "addresses",
    [
        {"large_llm": "same"},
        {"image_model": "same"},
        {"image_model": "ollama:llava"},
        {"small_llm": "hf:one/two"},
        {"large_llm": "file:/models/\udcff.gguf"},  # a byte that is no UTF-8, as Python has it
    ],
)
async def test_an_address_that_cannot_play_the_part_is_refused(supervised, addresses):
    async with supervised(**addresses) as supervisor:
        with pytest.raises(SettingsError):
            await supervisor.task


@pytest.mark.parametrize("folder", ["hf:owner/repo/Q4", "file:/models"])
async def test_a_later_part_of_a_model_in_several_is_refused_with_the_first(supervised, folder):
    async with supervised(large_llm=f"{folder}/x-00002-of-00003.gguf") as supervisor:
        with pytest.raises(SettingsError, match=f"Name its first: {folder}/x-00001-of-00003.gguf"):
            await supervisor.task


async def test_a_reason_that_is_no_text_is_told_as_far_as_it_is():
    async def play(report):
        report(Standing(State.FAILED, "/models/\udcff.gguf cannot be read."))

    board = Board()
    part = SupervisedPart(LARGE, board)
    part.play(Player("a model", play))
    await until(lambda: board.parts[LARGE].state is State.FAILED)
    assert board.parts[LARGE].detail == "/models/?.gguf cannot be read."
    await part.end()


async def test_the_end_waits_for_players_that_are_ending_already():
    """Their processes would be left to the end of the supervisor's own."""
    is_ending, may_end, has_ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def play(report):
        try:
            await asyncio.Event().wait()
        finally:
            is_ending.set()
            await may_end.wait()
            has_ended.set()

    async def stay(report):
        await asyncio.Event().wait()

    part = SupervisedPart(LARGE, Board())
    for player in (Player("first", stay), Player("second", play), Player("third", stay)):
        part.play(player)
        await asyncio.sleep(0)
    await is_ending.wait()
    ending = asyncio.create_task(part.end())
    await asyncio.wait({ending}, timeout=0.1)
    may_end.set()
    await ending
    assert has_ended.is_set()


async def test_an_end_that_is_hurried_leaves_no_web_process_behind(supervised, stand_in, tmp_path):
    others = psutil.Process().children()  # such as a server that other tests share
    async with supervised(web=stand_in("web", fault="stubborn")) as supervisor:
        await asyncio.wait_for(supervisor.web_is_ready.wait(), 30)
        [web] = [child for child in psutil.Process().children() if child not in others]
        supervisor.task.cancel()
        log = tmp_path / "logs/web.log"
        await until(lambda: "the stand-in stays" in log.read_text(), "the first cancellation's effect")
        supervisor.task.cancel()
        await asyncio.wait({supervisor.task})
        assert has_ended(web.pid)
