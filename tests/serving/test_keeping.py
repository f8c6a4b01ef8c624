import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from mom.serving.child import free_port
from mom.serving.keeping import GivenUp, Restarts, Running, Starting, keep
from mom.serving.program import Program
from mom.serving.programs import WebAddress, web_program
from tests.serving.waiting import has_ended, until

QUICK = Restarts(at_most=3, first_pause_s=0.01, longest_pause_s=0.05)


@pytest.fixture
def kept(http, tmp_path):
    """Keeps a program for as long as the context is open; gives the list of its news."""

    @asynccontextmanager
    async def kept(program, restarts=QUICK):
        news = []
        task = asyncio.create_task(keep(program, news.append, log_folder=tmp_path, http=http, restarts=restarts))
        try:
            yield news
        finally:
            task.cancel()
            await asyncio.wait({task})
            assert all(has_ended(pid) for pid in pids(news))

    return kept


def pids(news):
    return [each.child.pid for each in news if isinstance(each, Running)]


def has_given_up(news):
    return news and isinstance(news[-1], GivenUp)


async def test_a_killed_child_is_started_again_with_another_key_and_port(kept, stand_in):
    async with kept(stand_in()) as news:
        await until(lambda: len(pids(news)) == 1, "the child")
        os.kill(pids(news)[0], signal.SIGKILL)
        await until(lambda: len(pids(news)) == 2, "the next child")
    first, second = (each.child for each in news if isinstance(each, Running))
    assert first.api_key != second.api_key
    assert any("signal 9" in each.detail for each in news if isinstance(each, Starting))


async def test_a_child_that_crashes_again_and_again_is_given_up_with_its_last_words(kept, stand_in):
    async with kept(stand_in(fault="crash")) as news:
        await until(lambda: has_given_up(news), "giving up")
    assert news[-1].detail == "It ended 3 times in a row (exit code 1). Its last words: the stand-in lost its mind"


async def test_a_child_whose_reason_is_too_long_for_its_log_is_given_up_with_what_is_there(kept):
    code = "from mom.serving.tether import *; read_config_and_tie(); fail_for_good('There is no ' + 3000 * 'a')"
    async with kept(Program("wordy", (sys.executable, "-c", code))) as news:
        await until(lambda: has_given_up(news), "giving up")
    assert news[-1].detail.startswith('{"error": "There is no aaa')


async def test_a_reason_in_any_script_is_told(kept):
    reason = 600 * "模" + "\udc80"  # a path, and of its bytes one that is no UTF-8
    code = f"from mom.serving.tether import *; read_config_and_tie(); fail_for_good({reason!a})"
    async with kept(Program("wordy", (sys.executable, "-c", code))) as news:
        await until(lambda: has_given_up(news), "giving up")
    assert news[-1].detail == reason


async def test_a_child_that_ran_well_is_forgiven_its_earlier_crashes(kept, stand_in):
    async with kept(stand_in(), Restarts(at_most=2, first_pause_s=0.01, ran_well_s=0)) as news:
        for count in (1, 2, 3):
            await until(lambda count=count: len(pids(news)) == count, f"child {count}")
            os.kill(pids(news)[-1], signal.SIGKILL)
        await until(lambda: len(pids(news)) == 4, "child 4")


async def test_a_child_that_fails_for_good_is_not_started_again(kept, stand_in):
    async with kept(stand_in(fault="refuse")) as news:
        await until(lambda: has_given_up(news), "giving up")
    assert news[-1].detail == "the stand-in does not want to"
    assert sum(isinstance(each, Starting) for each in news) == 2  # without and with its process id


async def test_a_child_is_not_ready_before_its_health_is(kept, stand_in, tmp_path):
    log = tmp_path / "stand_in.log"
    async with kept(stand_in(fault="deaf")) as news:
        await until(lambda: log.exists() and log.read_text().count("asked for its health") > 2, "some questions")
        assert not pids(news)


async def test_a_child_that_ignores_sigterm_is_killed(kept, stand_in, monkeypatch):
    monkeypatch.setattr("mom.serving.child.TERMINATE_S", 0.2)
    async with kept(stand_in(fault="stubborn")) as news:
        await until(lambda: pids(news), "the child")


@pytest.mark.parametrize("host", ["127.0.0.2", "0.0.0.0"])
async def test_a_web_process_is_ready_wherever_it_listens(kept, stand_in, host):
    program = web_program(WebAddress(host, free_port()), "", "")
    async with kept(replace(program, argv=stand_in().argv)) as news:
        await until(lambda: pids(news), "the child")


@pytest.mark.parametrize(("host", "asked"), [("::1", "[::1]"), ("::", "[::1]"), ("0.0.0.0", "127.0.0.1")])
def test_a_web_process_is_asked_for_its_health_where_it_listens(host, asked):
    assert web_program(WebAddress(host, 80), "", "").host == asked


async def test_a_program_that_does_not_exist_is_given_up_at_once(kept):
    async with kept(Program("missing", ("/nowhere/at-all",))) as news:
        await until(lambda: has_given_up(news), "giving up")
    assert "/nowhere/at-all cannot be run: No such file or directory" in news[-1].detail


async def test_the_output_of_a_child_is_kept_in_a_file(kept, stand_in, tmp_path):
    async with kept(stand_in()) as news:
        await until(lambda: pids(news), "the child")
    assert f"stand-in {pids(news)[0]} has started" in (tmp_path / "stand_in.log").read_text()


def test_pauses_grow_up_to_a_limit():
    assert [Restarts().pause_s(failures) for failures in (1, 2, 3, 10)] == [0.5, 1.0, 2.0, 30.0]
