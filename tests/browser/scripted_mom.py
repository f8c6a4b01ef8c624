"""A real MoM with scripted models, in this process: the page is served, stored and streamed as to anyone.

`python -m tests.browser.scripted_mom` runs one to look at: it answers slowly, in markdown and with pictures.
"""

import asyncio
import sys
import tempfile
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from mom.app import create_app
from mom.mixture.events import ImageProgress, ImageQueued, TextDelta
from mom.mixture.ports import Ended, Picture
from mom.models.parts import Part, PartName, State
from mom.settings import Settings
from mom.web.control import ControlAddress
from mom.web.server import at_work, listen, make_server
from mom.web.services import Models, services
from tests.browser.scripted_supervisor import ScriptedSupervisor
from tests.listening import listening
from tests.scripted import ScriptedImageModel, ScriptedLanguageModel, ScriptedParts

DEADLINE_S = 20.0


def demo_parts(state: State = State.READY) -> dict[PartName, Part]:
    names = {
        PartName.SMALL_LLM: "scripted-llm",
        PartName.LARGE_LLM: "scripted-llm",
        PartName.IMAGE_MODEL: "scripted-sd",
    }
    return {part: Part(part, state, name, demo=True, address="demo") for part, name in names.items()}


@dataclass
class ScriptedMom:
    """`models` are the scripts, `parts` what `/api/parts` says of them; a test changes both as it goes."""

    data_dir: Path
    models: ScriptedParts = field(default_factory=ScriptedParts)
    parts: dict[PartName, Part] = field(default_factory=demo_parts)
    supervisor: ScriptedSupervisor = field(default_factory=ScriptedSupervisor)
    port: int = 0
    base_url: str | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _end: asyncio.Event | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen on a free port, or after a stop on the same one as before."""
        serving, failures = threading.Event(), []
        self.supervisor.start(self.parts)

        def run() -> None:
            try:
                asyncio.run(self._serve(serving))
            except BaseException as error:
                failures.append(error)
                serving.set()
                raise

        self._thread = threading.Thread(target=run, name="mom")
        self._thread.start()
        assert serving.wait(DEADLINE_S)
        assert not failures, failures

    def stop(self) -> None:
        assert self._loop is not None
        assert self._end is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive(), "the web process did not end"
        self.supervisor.stop()

    def set_state(self, part: PartName, state: State, detail: str = "") -> None:
        self.parts[part] = replace(self.parts[part], state=state, detail=detail)

    async def _serve(self, serving: threading.Event) -> None:
        settings = Settings(
            _env_file=None,
            MOM_DATA_DIR=self.data_dir,
            MOM_BASE_URL=self.base_url,
            DATABASE_URL=None,
            MOM_FILES_URL=None,
        )
        control = ControlAddress(self.supervisor.url, "token")
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        app = create_app(settings, loop=self._loop, control=control, models=self._as_models())
        listener = listen("127.0.0.1", self.port)
        self.port = listener.getsockname()[1]
        async with at_work(app), listening(make_server(app), listener):
            serving.set()
            await self._end.wait()
            await services(app).turns.close()  # as the server does when it ends: its event streams end then

    def _as_models(self) -> Models:
        async def close() -> None:
            """Scripts hold nothing open."""

        return Models(
            parts=lambda: self.parts,
            names=self.models.names,
            llm_for=lambda part: self.models.vision_llm if part is PartName.VISION_LLM else self.models.large_llm,
            mixture_for=self.models.mixture_for,
            classifier_for=self.models.classifier_for,
            start=lambda: None,
            is_starting=lambda: False,
            close=close,
        )


@contextmanager
def scripted_mom(data_dir: Path) -> Iterator[ScriptedMom]:
    mom = ScriptedMom(data_dir)
    mom.start()
    try:
        yield mom
    finally:
        mom.stop()


class SlowWriter(ScriptedLanguageModel):
    """Writes with pauses, for people who look."""

    async def _stream(self) -> AsyncGenerator[TextDelta | Ended]:
        async for step in super()._stream():
            await asyncio.sleep(0.04)
            yield step


class SlowPainter(ScriptedImageModel):
    async def _drawing(self, request: object) -> AsyncGenerator[ImageQueued | ImageProgress | Picture]:
        async for step in super()._drawing(request):
            await asyncio.sleep(0.6)
            yield step


def main() -> None:
    essay = Path(__file__).with_name("essay.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        mom = ScriptedMom(Path(folder), port=8601)
        mom.models.large_llm = SlowWriter([word + " " for word in essay.split(" ")])
        mom.models.image_model = SlowPainter([ImageQueued(1), *(ImageProgress(step, 4) for step in range(1, 5))])
        mom.start()
        print(f"{mom.url}: a question is answered in words, /image in a picture. Enter ends it.")
        sys.stdin.readline()
        mom.stop()


if __name__ == "__main__":
    main()
