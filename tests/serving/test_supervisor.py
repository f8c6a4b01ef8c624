"""The supervisor with real processes: llama.cpp with random weights, a stand-in for the web process."""

import asyncio
import http.server
import json
import os
import signal
import threading
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from mom.errors import ConflictError, SettingsError
from mom.models.parts import PartName, State
from mom.serving import elsewhere
from mom.serving.board import Board
from mom.serving.child import free_port
from mom.serving.keeping import Restarts
from mom.serving.performance import Player, Standing
from mom.serving.serve_plan import ServePlan
from mom.serving.supervised_part import SupervisedPart
from mom.serving.supervisor import Supervisor
from tests.random_llm import write_random_llm
from tests.serving.hub import running_hub
from tests.serving.waiting import has_ended, until

LARGE, SMALL, IMAGE = PartName.LARGE_LLM, PartName.SMALL_LLM, PartName.IMAGE_MODEL
NOBODY = "http://127.0.0.1:9/v1#nobody"  # the discard port: nothing listens there
NOBODY_ANSWERS = "Nothing answers at http://127.0.0.1:9/v1. Start that server, or correct its address."


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return [str(write_random_llm(folder / f"{name}.gguf")) for name in ("first", "second")]


@pytest.fixture
def supervised(tmp_path, stand_in):
    @asynccontextmanager
    async def supervised(web=None, hub_url=None, **addresses):
        (tmp_path / "logs").mkdir(exist_ok=True)
        addresses = {LARGE: NOBODY, SMALL: NOBODY, IMAGE: NOBODY} | {PartName(name): a for name, a in addresses.items()}
        plan = ServePlan(data_dir=tmp_path, addresses=addresses, ollama_url="http://127.0.0.1:9", hub_endpoint=hub_url)
        quick = Restarts(at_most=3, first_pause_s=0.01, longest_pause_s=0.05)
        supervisor = Supervisor(plan, lambda control: web or stand_in("web"), quick)
        task = asyncio.create_task(supervisor.run())
        supervisor.task = task
        pids = set()
        try:
            yield supervisor
        finally:
            pids |= {part.pid for part in supervisor.board.parts.values() if part.pid}
            task.cancel()
            await asyncio.wait({task})
            assert all(has_ended(pid) for pid in pids)

    return supervised


async def until_part(supervisor, name, state, **attributes):
    def stands_so():
        part = supervisor.board.parts.get(name)
        good = part and part.state is state and all(getattr(part, key) == value for key, value in attributes.items())
        return part if good else None

    return await until(stands_so, f"{name} {state} {attributes}, not {supervisor.board.parts.get(name)}")


async def answers(part):
    wanted = {"messages": [{"role": "user", "content": "a fox"}], "max_tokens": 1}
    headers = {"Authorization": f"Bearer {part.endpoint.api_key}"}
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{part.endpoint.base_url}/chat/completions", json=wanted, headers=headers)
    return answer.status_code == httpx.codes.OK


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


async def test_a_swap_keeps_the_old_model_until_the_new_one_is_ready(supervised, models):
    async with supervised(large_llm=f"file:{models[0]}") as supervisor:
        old = await until_part(supervisor, LARGE, State.READY)
        seen = []
        watching = asyncio.create_task(watch(supervisor.board, seen))
        supervisor.swap(LARGE, f"file:{models[1]}", None)
        new = await until_part(supervisor, LARGE, State.READY, model="second")
        watching.cancel()
        assert await answers(new)
        assert {part.state for part in seen} == {State.READY}  # at no time was there nobody to ask
        assert any(part.model == "first" and "second will take over" in part.detail for part in seen)
        await until(lambda: has_ended(old.pid), "the old model's end")


async def test_a_swap_lets_the_old_model_finish_its_answer(supervised, models):
    async with supervised(large_llm=f"file:{models[0]}") as supervisor:
        old = await until_part(supervisor, LARGE, State.READY)
        wanted = {"messages": [{"role": "user", "content": "a fox"}], "stream": True, "max_tokens": 2000}
        headers = {"Authorization": f"Bearer {old.endpoint.api_key}"}
        async with (
            httpx.AsyncClient(trust_env=False) as http,
            http.stream("POST", f"{old.endpoint.base_url}/chat/completions", json=wanted, headers=headers) as answer,
        ):
            lines = answer.aiter_lines()
            await anext(lines)
            supervisor.swap(LARGE, f"file:{models[1]}", None)
            await until_part(supervisor, LARGE, State.READY, model="second")
            assert not has_ended(old.pid)
            rest = [line async for line in lines]
        assert "data: [DONE]" in rest


async def test_a_swap_that_fails_keeps_the_old_model_and_says_why(supervised, models, tmp_path):
    (tmp_path / "broken.gguf").write_text("nothing of the kind")
    async with supervised(large_llm=f"file:{models[0]}") as supervisor:
        old = await until_part(supervisor, LARGE, State.READY)
        supervisor.swap(LARGE, f"file:{tmp_path}/broken.gguf", None)
        await until(lambda: "could not take over" in supervisor.board.parts[LARGE].detail, "the reason")
        part = supervisor.board.parts[LARGE]
        assert (part.state, part.model, part.pid) == (State.READY, "first", old.pid)
        assert "is not a GGUF file" in part.detail
        assert await answers(part)


async def test_a_swap_to_a_server_that_does_not_answer_keeps_the_old_model(supervised, models):
    async with supervised(large_llm=f"file:{models[0]}") as supervisor:
        await until_part(supervisor, LARGE, State.READY)
        supervisor.swap(LARGE, NOBODY, None)
        detail = f"nobody could not take over: {NOBODY_ANSWERS}"
        await until_part(supervisor, LARGE, State.READY, model="first", detail=detail)


async def test_a_part_that_failed_can_be_mended_by_a_swap(supervised, models):
    async with supervised(large_llm="file:/nowhere.gguf") as supervisor:
        part = await until_part(supervisor, LARGE, State.FAILED)
        assert part.detail == "There is no model file /nowhere.gguf. Check the path after 'file:'."
        supervisor.swap(LARGE, f"file:{models[0]}", None)
        assert await answers(await until_part(supervisor, LARGE, State.READY))


async def test_the_last_of_two_swaps_wins(supervised, models):
    async with supervised(large_llm="file:/nowhere.gguf") as supervisor:
        await until_part(supervisor, LARGE, State.FAILED)
        supervisor.swap(LARGE, f"file:{models[0]}", None)
        supervisor.swap(LARGE, f"file:{models[1]}", None)
        await until_part(supervisor, LARGE, State.READY, model="second")


@pytest.fixture
def hub(models, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with running_hub({"third.gguf": Path(models[1]).read_bytes()}) as hub:
        yield hub


async def test_a_model_is_downloaded_beside_the_one_that_answers_and_takes_over(supervised, models, hub):
    hub.slow.clear()
    async with supervised(large_llm=f"file:{models[0]}", hub_url=hub.url) as supervisor:
        old = await until_part(supervisor, LARGE, State.READY)
        supervisor.swap(LARGE, "hf:owner/repo/third.gguf", None)
        part = await until(lambda: supervisor.board.parts[LARGE].progress and supervisor.board.parts[LARGE], "progress")
        assert (part.state, part.model, part.pid) == (State.READY, "first", old.pid)
        assert part.progress.model == "third"
        assert part.progress.bytes_total == len(hub.files["third.gguf"])
        hub.slow.set()
        new = await until_part(supervisor, LARGE, State.READY, model="third", progress=None)
        assert await answers(new)


async def test_a_download_can_be_given_up_and_taken_up_again(supervised, models, hub):
    hub.slow.clear()
    async with supervised(large_llm=f"file:{models[0]}", hub_url=hub.url) as supervisor:
        await until_part(supervisor, LARGE, State.READY)
        with pytest.raises(ConflictError):
            supervisor.cancel(LARGE)
        supervisor.swap(LARGE, "hf:owner/repo/third.gguf", None)
        await until(lambda: supervisor.board.parts[LARGE].progress, "progress")
        [download] = [p for p in psutil.Process().children() if "mom.serving.download_child" in p.cmdline()]
        supervisor.cancel(LARGE)
        part = await until_part(supervisor, LARGE, State.READY, model="first", progress=None)
        assert part.detail == "The change of models was cancelled."
        await until(lambda: has_ended(download.pid), "the end of the download")
        hub.slow.set()
        supervisor.swap(LARGE, "hf:owner/repo/third.gguf", None)
        await until_part(supervisor, LARGE, State.READY, model="third")


async def test_the_download_with_which_a_part_begins_can_be_given_up(supervised, models, hub):
    hub.slow.clear()
    async with supervised(large_llm="hf:owner/repo/third.gguf", hub_url=hub.url) as supervisor:
        await until_part(supervisor, LARGE, State.DOWNLOADING)
        await until(lambda: supervisor.board.parts[LARGE].progress, "progress")
        supervisor.cancel(LARGE)
        part = await until_part(supervisor, LARGE, State.FAILED, progress=None)
        assert "cancelled" in part.detail
        supervisor.swap(LARGE, f"file:{models[0]}", None)
        await until_part(supervisor, LARGE, State.READY, model="first")


async def test_a_model_that_was_chosen_plays_again_after_a_restart(supervised, models):
    first, second = (f"file:{model}" for model in models)
    async with supervised(large_llm=first) as supervisor:
        supervisor.swap(LARGE, second, None)
        await until_part(supervisor, LARGE, State.READY, model="second")
    async with supervised(large_llm=first) as supervisor:
        await until_part(supervisor, LARGE, State.READY, model="second")
    async with supervised(large_llm=NOBODY) as supervisor:  # the setting is the newer wish
        # and no word of another one that will take over
        await until_part(supervisor, LARGE, State.EXTERNAL, model="nobody", detail=NOBODY_ANSWERS)
    async with supervised(large_llm=first) as supervisor:
        await until_part(supervisor, LARGE, State.READY, model="second")
        supervisor.swap(LARGE, first, None)  # back to what the setting says
        await until_part(supervisor, LARGE, State.READY, model="first")
    async with supervised(large_llm=first) as supervisor:
        await until_part(supervisor, LARGE, State.READY, model="first")
        assert "take over" not in supervisor.board.parts[LARGE].detail


async def test_a_choice_that_fails_at_the_next_start_leaves_the_part_to_the_model_of_the_settings(
    supervised, models, tmp_path
):
    first = f"file:{models[0]}"
    chosen = tmp_path / "chosen_models.json"
    chosen.write_text(json.dumps({LARGE: {"address": "file:/gone.gguf", "instead_of": first}}))
    async with supervised(large_llm=first) as supervisor:
        part = await until_part(supervisor, LARGE, State.READY, model="first")
        assert part.detail.startswith("gone could not take over: There is no model file /gone.gguf.")
        assert await answers(part)
    assert "/gone.gguf" in chosen.read_text()  # its disk may be there again at the next start


async def test_a_swap_that_failed_leaves_the_choice_before_it(supervised, models):
    first, second = (f"file:{model}" for model in models)
    async with supervised(large_llm=first) as supervisor:
        await until_part(supervisor, LARGE, State.READY)
        supervisor.swap(LARGE, second, None)
        await until_part(supervisor, LARGE, State.READY, model="second")
        supervisor.swap(LARGE, "file:/typo.gguf", None)
        await until(lambda: "could not take over" in supervisor.board.parts[LARGE].detail, "the reason")
    async with supervised(large_llm=first) as supervisor:
        await until_part(supervisor, LARGE, State.READY, model="second", detail="")


async def test_a_swap_that_is_cancelled_leaves_the_choice_before_it(supervised, models, hub):
    first, second = (f"file:{model}" for model in models)
    hub.slow.clear()
    async with supervised(large_llm=first, hub_url=hub.url) as supervisor:
        await until_part(supervisor, LARGE, State.READY)
        supervisor.swap(LARGE, second, None)
        await until_part(supervisor, LARGE, State.READY, model="second")
        supervisor.swap(LARGE, "hf:owner/repo/third.gguf", None)
        supervisor.swap(LARGE, "hf:owner/repo/third.gguf", "a key")  # in place of that one, and not written down
        supervisor.cancel(LARGE)
        hub.slow.set()
    async with supervised(large_llm=first) as supervisor:
        await until_part(supervisor, LARGE, State.READY, model="second", detail="")


async def test_a_choice_of_an_earlier_run_is_forgotten_when_it_is_cancelled(supervised, models, tmp_path):
    first, chosen = f"file:{models[0]}", tmp_path / "chosen_models.json"
    chosen.write_text(json.dumps({LARGE: {"address": NOBODY, "instead_of": first}}))
    async with supervised(large_llm=first) as supervisor:
        await until_part(supervisor, LARGE, State.READY)
        supervisor.cancel(LARGE)
        assert json.loads(chosen.read_text()) == {}


async def test_a_chosen_server_that_comes_later_takes_over_then(supervised, models, tmp_path, monkeypatch):
    monkeypatch.setattr(elsewhere, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(elsewhere, "LONGEST_PAUSE_S", 0.05)
    first, port = f"file:{models[0]}", free_port()
    late = f"http://127.0.0.1:{port}/v1"
    choice = {LARGE: {"address": f"{late}#late", "instead_of": first}}
    (tmp_path / "chosen_models.json").write_text(json.dumps(choice))
    async with supervised(large_llm=first) as supervisor:
        await until(lambda: supervisor.board.parts, "the parts")
        seen = []
        watching = asyncio.create_task(watch(supervisor.board, seen))
        waiting = f"late will take over: Nothing answers at {late}. Start that server, or correct its address."
        part = await until_part(supervisor, LARGE, State.READY, model="first", detail=waiting)
        watching.cancel()
        assert {part.model for part in seen if part.endpoint} == {"first"}  # nobody is sent to where no server is
        assert await answers(part)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), http.server.BaseHTTPRequestHandler)
        with server:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
            await until_part(supervisor, LARGE, State.EXTERNAL, model="late", detail="")
            server.shutdown()


async def test_a_model_that_fails_ends_no_download(supervised, hub):
    hub.slow.clear()
    async with supervised(large_llm="hf:owner/repo/third.gguf", hub_url=hub.url) as supervisor:
        await until_part(supervisor, LARGE, State.DOWNLOADING)
        await until(lambda: supervisor.board.parts[LARGE].progress, "progress")
        supervisor.swap(LARGE, "file:/typo.gguf", None)
        await until(lambda: "typo could not take over" in supervisor.board.parts[LARGE].detail, "the reason")
        part = supervisor.board.parts[LARGE]
        assert (part.state, part.model, part.progress.model) == (State.DOWNLOADING, "third", "third")
        supervisor.swap(LARGE, NOBODY, None)
        await until_part(supervisor, LARGE, State.DOWNLOADING, detail=f"nobody will take over: {NOBODY_ANSWERS}")
        assert supervisor.board.parts[LARGE].progress == part.progress
        hub.slow.set()
        detail = f"nobody could not take over: {NOBODY_ANSWERS}"
        await until_part(supervisor, LARGE, State.READY, model="third", detail=detail)


async def test_a_choice_that_came_with_a_key_is_not_written_down(supervised, tmp_path):
    async with supervised(large_llm="file:/nowhere.gguf") as supervisor:
        await until_part(supervisor, LARGE, State.FAILED)
        supervisor.swap(LARGE, "http://127.0.0.1:9/v1#paid", "sk-secret")
        await until_part(supervisor, LARGE, State.EXTERNAL, model="paid", detail=NOBODY_ANSWERS)
    assert not (tmp_path / "chosen_models.json").exists()


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


async def watch(board, seen):
    while True:
        version = board.version
        seen.append(board.parts[LARGE])
        await board.wait_for_change(version)


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
