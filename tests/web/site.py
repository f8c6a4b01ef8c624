"""The whole web process with scripted models: behind Flask's test client, or under a real uvicorn on a free port."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from mom.app import create_app
from mom.models.parts import Endpoint, Part, PartName, State
from mom.settings import Settings
from mom.web.server import at_work, listen, make_server
from mom.web.services import Models, services
from tests.listening import listening
from tests.scripted import DEADLINE_S, ScriptedParts


def settings_in(folder: Path, **variables: object) -> Settings:
    """Settings that read nothing but what is given here."""
    return Settings(_env_file=None, **{"MOM_DATA_DIR": folder, **variables})


def models_of(parts: ScriptedParts, shown: Mapping[PartName, Part] | None = None) -> Models:
    """Scripted models as the application sees models; all are ready, where `shown` does not say otherwise."""
    names = parts.names()
    ready = {
        name: Part(name, State.READY, names[name.value], endpoint=Endpoint("http://127.0.0.1:9/v1", names[name.value]))
        for name in (PartName.SMALL_LLM, PartName.LARGE_LLM, PartName.IMAGE_MODEL)
    }
    ready |= shown or {}

    async def close() -> None:
        """Nothing is connected."""

    return Models(
        parts=lambda: ready,
        names=parts.names,
        llm_for=lambda part: getattr(parts, part.value),
        mixture_for=parts.mixture_for,
        classifier_for=parts.classifier_for,
        start=lambda: None,
        is_starting=lambda: parts.is_starting(),  # noqa: PLW0108 -- a test sets another later
        close=close,
    )


@dataclass
class Site:
    """A running server; `url` has no slash at its end."""

    app: Flask
    url: str
    loop: asyncio.AbstractEventLoop
    parts: ScriptedParts

    @property
    def services(self):
        return services(self.app)


@contextmanager
def running_site(
    folder: Path,
    parts: ScriptedParts,
    *,
    heartbeat_s: float = 15.0,
    shown: Mapping[PartName, Part] | None = None,
    **variables: object,
) -> Iterator[Site]:
    """Serve until the context ends; the port is any free one."""
    started = threading.Event()
    found: list[Site] = []
    ending: list[asyncio.Event] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        models = models_of(parts, shown)
        app = create_app(settings_in(folder, **variables), loop=loop, models=models, heartbeat_s=heartbeat_s)
        listener = listen("127.0.0.1", 0)
        end = asyncio.Event()
        ending.append(end)
        async with at_work(app), listening(make_server(app), listener):
            found.append(Site(app, f"http://127.0.0.1:{listener.getsockname()[1]}", loop, parts))
            started.set()
            await end.wait()
            await services(app).turns.close()  # as the server does when it ends: its event streams end then

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="site")
    thread.start()
    try:
        assert started.wait(DEADLINE_S), "the server did not start"
        yield found[0]
    finally:
        if found:
            found[0].loop.call_soon_threadsafe(ending[0].set)
        thread.join(DEADLINE_S)
