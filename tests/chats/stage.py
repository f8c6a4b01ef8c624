"""Everything around `Turns` as the web process composes it, with scripted models and a loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mom.chats.database import Database
from mom.chats.history import History
from mom.chats.patience import Patience
from mom.chats.pictures import Pictures
from mom.chats.tables import User
from mom.chats.turn_log import LoggedEvent, TurnLog
from mom.chats.turns import Started, Turns
from tests.scripted import DEADLINE_S, ScriptedParts


@contextmanager
def loop_in_a_thread() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="loop")
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(loop.shutdown_asyncgens(), loop).result(DEADLINE_S)
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result(DEADLINE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(DEADLINE_S)
        loop.close()


class Stage:
    """One web process. `owner` has one chat, `chat`; answers are saved as often as they grow."""

    def __init__(self, database: Database, folder: Path, loop: asyncio.AbstractEventLoop, **limits) -> None:
        self.database = database
        self.folder = folder
        self.loop = loop
        self.parts = ScriptedParts()
        self.history = History(database)
        self.pictures = Pictures(database, folder)
        self.log = TurnLog()
        self.turns = Turns(
            loop, self.history, self.pictures, self.log,
            self.parts.mixture_for, self.parts.names, **{"save_every_s": 0.01, "patience": Patience(at_most_s=0), **limits},
        )  # fmt: skip
        self.owner = self.history.local_user_id()
        self.chat = self.history.create_chat(self.owner)

    def ask(self, content: str = "hello", **wishes) -> Started:
        return self.turns.ask(self.owner, self.chat, content, **wishes)

    def answered(self, content: str = "hello", **wishes) -> Started:
        """Ask, and wait for the whole answer."""
        started = self.ask(content, **wishes)
        self.events(started)
        return started

    def on_loop(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(DEADLINE_S)

    def events(self, started: Started, after: str | None = None) -> list[LoggedEvent]:
        """All events of a turn, up to its last."""
        stream = self.turns.events(self.owner, started.turn_id, after)

        async def read():
            return [event async for some in stream for event in some]

        return self.on_loop(read())

    def names(self, started: Started) -> list[str]:
        return [event.name for event in self.events(started)]

    def message(self, started: Started) -> dict:
        return self.history.read_message(self.owner, started.message_id)

    def question(self, started: Started) -> dict:
        return self.history.read_message(self.owner, started.question_id)

    def status(self, started: Started) -> str:
        return self.turns.read(self.owner, started.turn_id)["status"]

    def close(self) -> None:
        self.on_loop(self.turns.close())


def another_person(database: Database) -> str:
    with database.session() as session:
        user = User(name="another")
        session.add(user)
        session.flush()
        return user.id
