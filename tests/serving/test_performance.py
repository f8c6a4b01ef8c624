import asyncio

from mom.models.parts import State
from mom.serving.performance import Performance, Player, Standing
from tests.serving.waiting import until


async def test_a_player_that_was_given_up_has_no_say_any_more():
    """A download's last line comes after its end was decided: the part would be downloading for ever."""
    ended = asyncio.Event()

    async def play(report):
        report(Standing(State.DOWNLOADING, "1%"))
        try:
            await asyncio.Event().wait()
        finally:
            report(Standing(State.DOWNLOADING, "2%"))
            ended.set()

    shown = []
    performance = Performance(Player("a model", play), lambda performance: shown.append(performance.standing))
    performance.start()
    await until(lambda: shown)
    performance.give_up("The download was cancelled.")
    await ended.wait()
    assert performance.standing == Standing(State.FAILED, "The download was cancelled.")
    assert [standing.detail for standing in shown] == ["1%"]
