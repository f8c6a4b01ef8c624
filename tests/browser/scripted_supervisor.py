"""A supervisor that offers and swaps as a test wrote down, spoken to over its control API as the real one is."""

import json
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from mom.models.parts import Part, PartName, Progress, State

Suggestion = dict[str, str]


@dataclass
class ScriptedSupervisor:
    """`suggestion` is what Ollama could play; `swaps` are those asked for; `held` swaps wait for `finish_swaps`, `cancelled`
    are the parts whose change was given up. `setting` is the address that the settings name for each part, `found` are those that
    could play one."""

    suggestion: Suggestion | None = None
    setting: str = "demo"
    found: list[str] = field(default_factory=lambda: ["demo"])
    swaps: list[tuple[str, str]] = field(default_factory=list)
    resets: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    refusal: str = ""
    held: bool = False
    parts: dict[PartName, Part] = field(default_factory=dict)
    _server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self, parts: dict[PartName, Part]) -> None:
        self.parts = parts
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="supervisor")
        self._thread.start()

    def stop(self) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def offers(self) -> dict[str, object]:
        models = [address.removeprefix("ollama:") for address in (self.suggestion or {}).values()]
        return {"ollama": {"models": models, "suggestion": self.suggestion}}

    def choices(self) -> dict[str, object]:
        found = [{"address": each, "model": model_of(each), "size_bytes": 8_000_000} for each in self.found]
        return {"setting": self.setting, "has_key": False, "choices": found}

    def swap(self, name: str, address: str) -> None:
        self.swaps.append((name, address))
        part = self.parts[PartName(name)]
        detail = f"{model_of(address)} will take over: it is starting"
        self.parts[part.name] = replace(part, detail=detail, changing=True)
        if not self.held:
            self.finish_swaps()

    def finish_swaps(self) -> None:
        for name, address in self.swaps:
            part, chosen = PartName(name), address != self.setting
            demo = address == "demo"
            self.parts[part] = Part(part, State.EXTERNAL, model_of(address), address=address, chosen=chosen, demo=demo)

    def download(self, done: int, total: int) -> None:
        """Every model asked for is on its way, so many bytes of it here."""
        for name, address in self.swaps:
            part = self.parts[PartName(name)]
            detail = f"{address} will take over: it is downloaded"
            self.parts[part.name] = replace(part, detail=detail, progress=Progress(address, done, total))

    def cancel(self, name: str) -> None:
        self.cancelled.append(name)
        part = self.parts[PartName(name)]
        detail = "The change of models was cancelled."
        self.parts[part.name] = replace(part, detail=detail, progress=None, changing=False)

    def fail_swaps(self, reason: str) -> None:
        for name, address in self.swaps:
            part = self.parts[PartName(name)]
            detail = f"{model_of(address)} could not take over: {reason}"
            self.parts[part.name] = replace(part, detail=detail, changing=False)


def model_of(address: str) -> str:
    return "scripted-llm" if address == "demo" else address.removeprefix("ollama:").rpartition("/")[2]


def _handler_of(supervisor: ScriptedSupervisor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"  # no connection is kept open that would outlive the test

        def do_GET(self) -> None:
            self._answer(200, supervisor.offers() if self.path == "/offers" else supervisor.choices())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            if supervisor.refusal:
                error = {"message": supervisor.refusal, "type": "invalid_request_error", "code": None, "param": None}
                self._answer(400, {"error": error})
                return
            _parts, name, wish = self.path.strip("/").split("/")
            if wish == "cancel":
                supervisor.cancel(name)
            elif wish == "reset":
                supervisor.resets.append(name)
                supervisor.swap(name, supervisor.setting)
            else:
                supervisor.swap(name, body["address"])
            self._answer(202, {})

        def _answer(self, status: int, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Requests are the test's own."""

    return Handler
