"""The image server's queue by itself: whose turn it is, batches, limits, and what a thousand waiting jobs cost."""

import asyncio
import gc
import math
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest

from mom.errors import BusyError, PartBrokenError, PartTimeoutError
from mom.serving.image_server.drawing import Drawn, PictureSpec, StepDone
from mom.serving.image_server.gathering import GatheringSelector
from mom.serving.image_server.jobs import Finished, Job, JobQueue, QueueLimits
from mom.serving.image_server.mailbox import Queued
from tests.serving.scripted_engine import ScriptedEngine
from tests.serving.waiting import until


def spec(prompt="a fox", **fields) -> PictureSpec:
    return PictureSpec(**{"prompt": prompt, "seed": 1, "steps": 2, "width": 64, "height": 64, **fields})


def job(*prompts, owner="", is_batch=False, **fields) -> Job:
    return Job([spec(prompt, **fields) for prompt in prompts or ["a fox"]], owner=owner, is_batch=is_batch)


def queue_of(waiting=1000, drawing_s=60.0, **limits) -> JobQueue:
    return JobQueue(QueueLimits(waiting=waiting, drawing_s=drawing_s, **limits))


@asynccontextmanager
async def at_work(queue, engine):
    with ThreadPoolExecutor(max_workers=1) as thread:
        working = asyncio.create_task(queue.work(engine, thread))
        try:
            yield
        finally:
            engine.going_on.set()
            working.cancel()
            await asyncio.wait({working})


async def all_of(job) -> list:
    events = []
    while not events or not isinstance(events[-1], Finished):
        events.append(await job.next_event())
    return events


@pytest.mark.parametrize("shares_processor", [True, False])
async def test_requests_are_gathered_while_the_processor_draws_and_at_no_other_time(shares_processor):
    selector = GatheringSelector()
    queue, engine = (
        JobQueue(QueueLimits(waiting=9, drawing_s=60), selector.gathering),
        ScriptedEngine(shares_processor=shares_processor),
    )
    engine.going_on.clear()
    async with at_work(queue, engine):
        assert not selector.gathers
        queue.submit(fox := job())
        assert isinstance(await fox.next_event(), StepDone)
        assert selector.gathers is shares_processor
        engine.going_on.set()
        await all_of(fox)
        await until(lambda: not selector.gathers)


async def drawn_in_order(engine, *jobs, **limits) -> list[str]:
    """Everything is queued before the first is taken."""
    queue = queue_of(**limits)
    for each in jobs:
        queue.submit(each)
    async with at_work(queue, engine):
        await asyncio.gather(*map(all_of, jobs))
    return engine.prompts


async def test_a_person_comes_before_a_batch():
    order = await drawn_in_order(ScriptedEngine(), job("batch", is_batch=True), job("person"))
    assert order == ["person", "batch"]


async def test_between_the_pictures_of_a_batch_a_person_is_served():
    queue, engine = queue_of(), ScriptedEngine()
    engine.going_on.clear()
    batch, person = job("b1", "b2", is_batch=True), job("person")
    async with at_work(queue, engine):
        queue.submit(batch)
        assert isinstance(await batch.next_event(), StepDone)
        queue.submit(person)
        engine.going_on.set()
        await asyncio.gather(all_of(batch), all_of(person))
    assert engine.prompts == ["b1", "person", "b2"]


async def test_owners_take_turns_however_much_one_asks_for():
    greedy = [job(f"a{number}", owner="a") for number in range(3)]
    order = await drawn_in_order(ScriptedEngine(), *greedy, job("b0", "b1", owner="b"), job("c0", owner="c"))
    assert order == ["a0", "b0", "c0", "a1", "b1", "a2"]


async def test_one_owner_fills_half_of_the_queue_at_most():
    queue = queue_of(waiting=4)
    for _ in range(2):
        queue.submit(job(owner="a"))
    with pytest.raises(BusyError, match="2 of your pictures"):
        queue.submit(job(owner="a"))
    for _ in range(2):
        queue.submit(job(owner="b"))
    with pytest.raises(BusyError, match="4 pictures are waiting"):
        queue.submit(job(owner="c"))


async def test_compatible_jobs_share_a_batch_where_that_is_quicker():
    jobs = [job("a"), job("b", width=128), job("c"), job("d", steps=3), job("e", "f", "g", "h")]
    engine = ScriptedEngine(batch=4)
    await drawn_in_order(engine, *jobs)
    assert engine.batches == [["a", "c", "e", "f"], ["b"], ["d"], ["g", "h"]]


async def test_without_a_gain_by_batches_pictures_are_drawn_one_by_one():
    engine = ScriptedEngine(batch=1)
    await drawn_in_order(engine, job("a"), job("b"))
    assert engine.batches == [["a"], ["b"]]


async def test_a_batch_waits_not_for_one_that_left_and_stops_when_all_have_left():
    queue, engine = queue_of(), ScriptedEngine(batch=2)
    engine.going_on.clear()
    one, other = job("one"), job("other")
    queue.submit(one)
    queue.submit(other)
    async with at_work(queue, engine):
        assert await other.next_event() == Queued(1)
        assert isinstance(await other.next_event(), StepDone)
        queue.drop(one)
        engine.going_on.set()
        assert isinstance((await all_of(other))[-1], Finished)
        engine.going_on.clear()
        taken = engine.steps_taken
        last = job("last")
        queue.submit(last)
        assert isinstance(await last.next_event(), StepDone)
        queue.drop(last)
        await until(lambda: queue.as_json()["running"] is None, "the drawing to stop")
        assert engine.steps_taken == taken


async def test_what_does_not_fit_together_is_drawn_one_by_one_from_then_on():
    engine = ScriptedEngine(batch=3, fits=1)
    await drawn_in_order(engine, job("a"), job("b"), job("c"), job("d"), job("e"))
    assert engine.batches == [["a", "b", "c"], ["a"], ["b"], ["c"], ["d"], ["e"]]


async def test_a_job_of_pictures_that_do_not_fit_together_gets_them_all_one_by_one():
    engine, one = ScriptedEngine(batch=2, fits=1), job("a", "b")
    queue = queue_of()
    queue.submit(one)
    async with at_work(queue, engine):
        events = await all_of(one)
    assert [event.spec.prompt for event in events if isinstance(event, Drawn)] == ["a", "b"]


async def test_a_job_that_is_dropped_while_it_waits_is_never_drawn():
    queue, engine = queue_of(), ScriptedEngine()
    jobs = [job("a"), job("b"), job("c")]
    for each in jobs:
        queue.submit(each)
    queue.drop(jobs[1])
    assert queue.as_json()["waiting"] == 2
    async with at_work(queue, engine):
        await all_of(jobs[2])
    assert engine.prompts == ["a", "c"]


@pytest.mark.parametrize("taken", [0, 1, 2, 3])
async def test_a_job_of_two_pictures_that_is_dropped_takes_no_further_step_wherever_it_stands(taken):
    queue, engine = queue_of(), ScriptedEngine()
    engine.may_take = taken
    leaving, staying = job("one", "two"), job("another")
    async with at_work(queue, engine):
        queue.submit(leaving)
        seen = 0
        while seen <= taken:  # a step's event comes before it is taken
            seen += isinstance(await leaving.next_event(), StepDone)
        queue.drop(leaving)
        await until(lambda: queue.as_json() == {"running": None, "waiting": 0}, "the queue to forget it")
        assert (engine.steps_taken, engine.prompts) == (taken, ["one", "two"][: taken // 2 + 1])
        engine.may_take = math.inf
        queue.submit(staying)
        assert isinstance((await all_of(staying))[-1], Finished)
    assert engine.steps_taken == taken + 2


async def test_a_single_picture_that_does_not_fit_fails_in_words_and_the_next_is_drawn():
    queue, engine = queue_of(), ScriptedEngine(fits=0)
    large, small = job("large"), job("small")
    async with at_work(queue, engine):
        queue.submit(large)
        with pytest.raises(PartBrokenError, match="not enough memory for a picture of 64x64"):
            await all_of(large)
        engine._fits = 1
        queue.submit(small)
        assert isinstance((await all_of(small))[-2], Drawn)


async def test_positions_are_told_with_an_estimate_once_something_was_drawn():
    queue, engine = queue_of(), ScriptedEngine()
    async with at_work(queue, engine):
        first = job("first")
        queue.submit(first)
        await all_of(first)
        engine.going_on.clear()
        running, waiting = job("running"), job("waiting")
        queue.submit(running)
        await running.next_event()
        queue.submit(waiting)
        told = await waiting.next_event()
        assert told.position == 1
        assert told.estimate_s is not None
        assert told.estimate_s >= 0


class CountedSteps(int):
    """Steps that count how often their work is added up."""

    counts = 0

    def __add__(self, other):
        CountedSteps.counts += 1
        return int(self) + other


async def test_telling_a_long_line_its_places_adds_up_each_pictures_work_once():
    queue, engine = queue_of(), ScriptedEngine()
    async with at_work(queue, engine):
        first = job("first")
        queue.submit(first)
        await all_of(first)
        engine.going_on.clear()
        running, waiting = job("running"), [job(str(number), steps=CountedSteps(10**6)) for number in range(100)]
        for each in (running, *waiting):
            queue.submit(each)
        await running.next_event()
        CountedSteps.counts = 0
        queue.drop(waiting[0])  # all others move up
        assert CountedSteps.counts == 99
        told = [(await each.next_event()).estimate_s for each in waiting[1:]]
        assert told == sorted(told)
        assert told[-1] > told[0]


async def test_before_the_first_picture_nothing_is_estimated():
    queue = queue_of()
    queue.submit(job("a"))
    second = job("b")
    queue.submit(second)
    assert await second.next_event() == Queued(1, None)


async def test_a_job_that_waits_too_long_is_given_up():
    queue = queue_of(waiting_s=0.01)
    late = job("late")
    queue.submit(late)
    with pytest.raises(PartTimeoutError, match=r"0\.01 s"):
        await late.next_event()
    assert queue.as_json()["waiting"] == 0


async def test_source_pictures_are_bounded_together():
    queue = queue_of(source_bytes=100)
    queue.submit(job(source=bytes(60)))
    with pytest.raises(BusyError):
        queue.submit(job(source=bytes(60)))
    queue.submit(job("words only"))


async def test_a_reader_that_does_not_read_costs_one_place_and_a_few_steps():
    slow = job("slow")
    for position in range(100, 0, -1):
        slow.tell(Queued(position))
    for step in range(50):
        slow.tell(StepDone(step, 50, b"preview"))
    unread = [await slow.next_event() for _ in range(8)]
    assert unread[0] == Queued(1)
    assert [event.step for event in unread[1:]] == [0, 1, 2, 3, 4, 5, 49]


async def test_a_thousand_waiting_jobs_cost_little_more_than_their_text():
    queue, text = queue_of(), "x" * 4000
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        jobs = [job(f"{number}{text}", owner=str(number % 7)) for number in range(1000)]
        for each in jobs:
            queue.submit(each)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        for each in jobs:
            queue.drop(each)
        del jobs, each
        await asyncio.sleep(0)  # one round of the loop, in which it lets go of the timers
        gc.collect()
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1000 * (len(text) + 3000)
    assert left - before < 200_000
