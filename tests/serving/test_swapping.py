"""Another model takes over a part while the supervisor runs, is downloaded first, and is chosen again at the next start."""

import asyncio
import http.server
import json
import threading
from contextlib import contextmanager

import httpx
import pytest

from mom.errors import ConflictError
from mom.models.parts import PartName, State
from mom.serving import elsewhere
from mom.serving.child import free_port
from tests.processes import children_that_run
from tests.random_llm import SHAPES, write_random_llm
from tests.serving.supervising import LARGE, NOBODY, NOBODY_ANSWERS, answers, until_part, watch
from tests.serving.waiting import has_ended, until


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


async def test_a_swap_lets_the_old_model_finish_its_answer(supervised, models, tmp_path):
    slow = write_random_llm(tmp_path / "slow.gguf", SHAPES["slow"])  # writes for longer than another takes to start
    async with supervised(large_llm=f"file:{slow}") as supervisor:
        old = await until_part(supervisor, LARGE, State.READY)
        wanted = {"messages": [{"role": "user", "content": "a fox"}], "stream": True, "max_tokens": 60}
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
        [download] = children_that_run("mom.serving.download_child")
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
        part = await until_part(supervisor, LARGE, State.EXTERNAL, model="nobody", detail=NOBODY_ANSWERS)
        assert not part.answers
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
        assert part.detail == (
            "gone, chosen before, could not take over: There is no model file /gone.gguf. Check the path after 'file:'. "
            "It is tried again at each start, until another model is chosen."
        )
        assert part.gone
        assert await answers(part)
        assert "/gone.gguf" in chosen.read_text()  # its disk may be there again at the next start
        supervisor.cancel(LARGE)
        part = await until_part(supervisor, LARGE, State.READY, model="first", detail="", gone=False)
        assert json.loads(chosen.read_text()) == {}
        with pytest.raises(ConflictError):
            supervisor.cancel(LARGE)


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


@contextmanager
def some_server(port=0):
    """It says that it does not know what it is asked, which is an answer."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), http.server.BaseHTTPRequestHandler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/v1#hosted"
        server.shutdown()
        serving.join()


async def test_the_model_of_the_settings_is_gone_back_to_with_its_key(supervised, models, tmp_path):
    with some_server() as setting:
        async with supervised(large_llm=setting, api_keys={LARGE: "sk-secret"}) as supervisor:
            part = await until_part(supervisor, LARGE, State.EXTERNAL, chosen=False, address=setting)
            supervisor.swap(LARGE, f"file:{models[0]}", None)
            assert supervisor.board.parts[LARGE].changing
            await until_part(supervisor, LARGE, State.READY, chosen=True, changing=False, address=f"file:{models[0]}")
            for go_back in (lambda: supervisor.reset(LARGE), lambda: supervisor.swap(LARGE, setting, None)):
                go_back()
                again = await until_part(supervisor, LARGE, State.EXTERNAL, chosen=False, changing=False)
                assert again.endpoint == part.endpoint
                assert json.loads((tmp_path / "chosen_models.json").read_text()) == {}
                supervisor.swap(LARGE, f"file:{models[0]}", None)
                await until_part(supervisor, LARGE, State.READY, model="first")


async def test_where_the_settings_name_no_vision_llm_nobody_sees(supervised):
    async with supervised() as supervisor:
        assert (await supervisor.choices(PartName.VISION_LLM))["setting"] is None
        assert (await supervisor.choices(LARGE))["setting"] == NOBODY


async def test_a_password_in_the_settings_is_not_among_the_choices(supervised):
    async with supervised(large_llm="http://me:secret@127.0.0.1:9/v1#paid") as supervisor:
        part = await until_part(supervisor, LARGE, State.EXTERNAL, model="paid")
        assert part.address == "http://me:***@127.0.0.1:9/v1#paid"
        assert "secret" not in json.dumps(await supervisor.choices(LARGE))


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
        waiting = f"late, chosen before, will take over: Nothing answers at {late}. Start that server, or correct its address."
        part = await until_part(supervisor, LARGE, State.READY, model="first", detail=waiting)
        watching.cancel()
        assert {part.model for part in seen if part.endpoint} == {"first"}  # nobody is sent to where no server is
        assert await answers(part)
        with some_server(port):
            await until_part(supervisor, LARGE, State.EXTERNAL, model="late", detail="", chosen=True)


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
