"""What can wait stands aside."""

import asyncio

from mom.models.activity import Activity


async def test_what_can_wait_is_done_in_a_pause():
    activity = Activity()
    done = asyncio.Event()

    async def do() -> str:
        done.set()
        return "done"

    with activity.work(), activity.work():
        waiting = asyncio.create_task(activity.in_a_pause(do))
        for _ in range(9):
            await asyncio.sleep(0)
        assert not done.is_set()
    assert await waiting == "done"


async def test_it_is_cancelled_when_someone_begins_to_work_and_done_again_afterwards():
    activity = Activity()
    begun, freed, never = asyncio.Event(), asyncio.Event(), asyncio.Event()
    tries = 0

    async def do() -> int:
        nonlocal tries
        tries += 1
        if tries == 1:
            try:
                begun.set()
                await never.wait()
            finally:
                freed.set()
        return tries

    waiting = asyncio.create_task(activity.in_a_pause(do))
    await begun.wait()
    with activity.work():
        await freed.wait()
        assert tries == 1
    assert await waiting == 2


async def test_its_failure_is_passed_on():
    async def do() -> None:
        raise ZeroDivisionError

    try:
        await Activity().in_a_pause(do)
    except ZeroDivisionError:
        return
    raise AssertionError("nothing was raised")
