"""The supervisor: keeps the web process and the models running, changes models, and ends everything with itself."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import httpx

from mom.errors import SettingsError
from mom.models.addresses import AddressKind, ModelAddress, hide_password, parse_address
from mom.models.http_client import make_http_client
from mom.models.parts import PartName, State
from mom.serving.board import Board
from mom.serving.chosen_models import Choice, ChosenModels
from mom.serving.control import ControlServer
from mom.serving.downloads import Hub
from mom.serving.elsewhere import check_answers
from mom.serving.found_models import find_models
from mom.serving.keeping import DEFAULT_RESTARTS, GivenUp, News, Restarts, Running, keep
from mom.serving.offers import find_choices, find_offers
from mom.serving.performance import Player
from mom.serving.players import Stage, choose_player, nobody
from mom.serving.program import Program
from mom.serving.reloading import wait_for_edit
from mom.serving.serve_plan import ServePlan
from mom.serving.supervised_part import SupervisedPart

DEMO = "demo"
OPTIONAL = {PartName.VISION_LLM}  # nobody plays it unless it is set

WebProgram = Callable[[ControlServer], Program]


def stage_of(
    plan: ServePlan,
    board: Board,
    http: httpx.AsyncClient,
    web_is_ready: asyncio.Event | None = None,
    restarts: Restarts = DEFAULT_RESTARTS,
) -> Stage:
    """What the players of a plan share. Without `web_is_ready` none may be started, only chosen."""
    return Stage(
        board=board,
        http=http,
        data_dir=plan.data_dir,
        log_folder=plan.log_folder,
        hub=Hub(plan.data_dir / "models", plan.hub_endpoint, plan.hub_token),
        restarts=restarts,
        web_is_ready=web_is_ready or asyncio.Event(),
        ollama_url=plan.ollama_url,
        in_container=plan.in_container,
        image_lora=plan.image_lora,
        image_engine=plan.image_engine,
        llama_server=plan.llama_server,
        install_image=plan.install_image,
    )


class Supervisor:
    """`run` until it is cancelled or the web process is given up; `web_is_ready` is set when the page can be opened."""

    def __init__(self, plan: ServePlan, web_program: WebProgram, restarts: Restarts = DEFAULT_RESTARTS) -> None:
        self.board = Board()
        self.web_is_ready = asyncio.Event()
        self._plan = plan
        self._web_program = web_program
        self._restarts = restarts
        self._parts = {name: SupervisedPart(name, self.board) for name in PartName}
        self._chosen = ChosenModels(plan.data_dir / "chosen_models.json", plan.addresses)
        self._http = make_http_client()
        self._stage = stage_of(plan, self.board, self._http, self.web_is_ready, restarts)

    async def run(self) -> str:
        """Returns why the web process was given up. Raises `SettingsError` for an address that cannot play its part."""
        control = ControlServer(self)
        await control.start()
        try:
            self._start_parts()
            return await self._keep_web(self._web_program(control))
        finally:
            # The web process has ended by now, so that it stored running answers as interrupted, not as failed.
            await asyncio.gather(*(part.end() for part in self._parts.values()))
            await control.stop()
            await self._http.aclose()

    async def wait_until_llms_settle(self, at_most_s: float) -> None:
        """Return when no LLM is starting any more, or after that time."""
        try:
            async with asyncio.timeout(at_most_s):
                while any(
                    part.state is State.STARTING
                    for part in self.board.parts.values()
                    if part.name is not PartName.IMAGE_MODEL
                ):
                    await self.board.wait_for_change(self.board.version)
        except TimeoutError:
            return

    def swap(self, part: PartName, address: str, api_key: str | None) -> None:
        """Have another model play a part, as soon as it is ready. An empty key has the one given before forgotten.

        Raises `SettingsError`.
        """
        wanted = parse_address(address)
        kept = self._kept_key(part, wanted, api_key)
        key = kept or self._settings_key(part, wanted)
        is_setting = wanted == self._setting(part) and key == self._plan.api_keys.get(part)
        player = choose_player(part, wanted, key, self._stage, is_tried=not is_setting)
        self._take(part, player, None if is_setting else Choice(address, kept))

    def reset(self, part: PartName) -> None:
        """Have the model that the settings name play a part again, with their key, as `swap` does: where they name none, nobody."""
        setting = self._setting(part)
        if setting is None:
            self._take(part, nobody(), None)
        else:
            self._take(part, choose_player(part, setting, self._plan.api_keys.get(part), self._stage), None)

    def cancel(self, part: PartName) -> None:
        """Give up a change of models, or a download, that is under way. Raises `ConflictError` where there is none."""
        self._parts[part].cancel(forget=lambda: self._chosen.forget(part))

    async def models_at(self, part: PartName, address: str, api_key: str | None) -> list[str]:
        """The models that another server lists at `address`; none where it has no list. Raises `SettingsError`, `PartUnavailableError`."""
        wanted = parse_address(address)
        if wanted.kind is not AddressKind.URL:
            return []
        key = self._kept_key(part, wanted, api_key) or self._settings_key(part, wanted)
        stage = self._stage
        names = await check_answers(
            part, wanted, key, ollama_url=stage.ollama_url, http=stage.http, in_container=stage.in_container
        )
        return sorted(names or ())

    async def offers(self) -> dict[str, Any]:
        """Models of others on this machine that could play parts."""
        return await find_offers(self._http, self._plan.ollama_url)

    async def choices(self, part: PartName) -> dict[str, Any]:
        """The models at hand that could play a part, the one that plays it where none is chosen (None: nobody does), and whether
        a key was given with the one that is.
        """
        found = await asyncio.to_thread(find_models, self._stage.hub.folder)
        choices = await find_choices(part, found, self._http, self._plan.ollama_url)
        setting, chosen = self._setting(part), self._chosen.read().get(part)
        return {
            "setting": hide_password(str(setting)) if setting else None,
            "has_key": chosen is not None and chosen.api_key is not None,
            "choices": [asdict(choice) for choice in choices],
        }

    def _setting(self, part: PartName) -> ModelAddress | None:
        """The model that the settings name for a part, else the demo model; None where nobody need play it.

        Raises `SettingsError`.
        """
        if part in OPTIONAL and part not in self._plan.addresses:
            return None
        return parse_address(self._plan.addresses.get(part, DEMO), name=part.variable)

    def _kept_key(self, part: PartName, wanted: ModelAddress, given: str | None) -> str | None:
        """The key that is given, none where it is empty; else that of the last choice, if that was of the same server: no other
        is told it.
        """
        if given is not None:
            return given or None
        before = self._chosen.read().get(part)
        with suppress(SettingsError):
            if before and _are_of_one_server(parse_address(before.address), wanted):
                return before.api_key
        return None

    def _settings_key(self, part: PartName, wanted: ModelAddress) -> str | None:
        """The key in the settings, if they name the same server."""
        setting = self._setting(part)
        return self._plan.api_keys.get(part) if setting and _are_of_one_server(setting, wanted) else None

    def _take(self, part: PartName, player: Player, choice: Choice | None) -> None:
        before = self._chosen.read().get(part)
        self._parts[part].play(
            replace(player, chosen=choice is not None), take_back=lambda: self._write_down(part, before)
        )
        self._write_down(part, choice)

    def _write_down(self, part: PartName, choice: Choice | None) -> None:
        if choice is None:
            self._chosen.forget(part)
        else:
            self._chosen.keep(part, choice)

    def _start_parts(self) -> None:
        settings = {name: self._setting(name) for name in PartName}
        players = {
            name: choose_player(name, setting, self._plan.api_keys.get(name), self._stage) if setting else nobody()
            for name, setting in settings.items()
        }
        for name, player in players.items():
            self._parts[name].play(player)
        for name, choice in self._chosen.read().items():
            # Beside the one that the settings ask for: that one answers until the chosen one can, and where it cannot.
            with suppress(SettingsError):
                address = parse_address(choice.address)
                player = choose_player(name, address, choice.api_key or self._settings_key(name, address), self._stage)
                self._parts[name].play(replace(player, chosen=True))

    async def _keep_web(self, program: Program) -> str:
        reason = ""

        def tell(news: News) -> None:
            nonlocal reason
            match news:
                case Running():
                    self.web_is_ready.set()
                case GivenUp(detail):
                    reason = detail

        while True:
            keeping = asyncio.create_task(
                keep(program, tell, log_folder=self._plan.log_folder, http=self._http, restarts=self._restarts)
            )
            edit = asyncio.create_task(wait_for_edit() if self._plan.reload else asyncio.Event().wait())
            try:
                done, _ = await asyncio.wait({keeping, edit}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                keeping.cancel()
                edit.cancel()
                # Unlike `wait`, it hands another Ctrl-C on to them, and still waits for their end.
                await asyncio.gather(keeping, edit, return_exceptions=True)
            if keeping in done:
                keeping.result()
                return reason


def _are_of_one_server(one: ModelAddress, other: ModelAddress) -> bool:
    return one.kind is other.kind and (one.kind is AddressKind.OLLAMA or one.target == other.target)
