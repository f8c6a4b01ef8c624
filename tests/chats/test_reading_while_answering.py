"""A chat that is read in the very moment in which an answer ends."""

import pytest
import sqlalchemy

from mom.chats.database import Database
from mom.chats.history import History
from mom.chats.live_answer import LiveAnswer
from mom.chats.turn_records import Asked, TurnRecords
from mom.mixture.events import TextDelta, TurnFinished


@pytest.mark.parametrize("moment", range(1, 7))
def test_an_answer_that_reads_as_ended_reads_whole(database: Database, moment: int) -> None:
    """Its reader does not follow it any more, so that a part would be taken for all of it."""
    history, records = History(database), TurnRecords(database)
    owner = history.local_user_id()
    chat_id = history.create_chat(owner)
    turn = records.add_question("a turn", owner, chat_id, Asked("Count", None, None, None, None), [], {})
    answer = LiveAnswer()
    answer.take(TextDelta("One, "))
    records.keep_answer(turn, answer)
    seen = 0

    def end_after_some_statements(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == moment:
            answer.take(TextDelta("two."))
            records.end(turn, answer, TurnFinished("stop", None, {}))

    sqlalchemy.event.listen(database.engine, "after_cursor_execute", end_after_some_statements)
    _, read = history.read_chat(owner, chat_id)["messages"]
    assert (read["turn"]["status"], read["content"]) in {
        ("running", "One, "),
        ("running", "One, two."),
        ("finished", "One, two."),
    }
