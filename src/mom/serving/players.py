"""Who plays a part, by its address: a process of MoM's own, a server elsewhere, or the large LLM as well."""

import asyncio
import os
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from mom.errors import ModelFileError, SettingsError
from mom.models.addresses import AddressKind, ModelAddress, hide_password, parse_address
from mom.models.parts import SAME_AS_LARGE_LLM, Endpoint, PartName, Progress, State
from mom.serving import demo
from mom.serving.board import Board
from mom.serving.downloads import Hub, Tell, fetch, split_hub_target
from mom.serving.elsewhere import player_elsewhere
from mom.serving.gguf_parts import parts_of, without_part
from mom.serving.image_install import Torch, install_image_part
from mom.serving.image_server.options import EngineOptions
from mom.serving.keeping import GivenUp, News, Restarts, Running, Starting, keep
from mom.serving.performance import Player, Report, Standing
from mom.serving.program import LOOPBACK, Program
from mom.serving.programs import image_program, llm_program


@dataclass(frozen=True, slots=True)
class Stage:
    """What players share: where logs and models are kept, how children are restarted, what they wait for."""

    board: Board
    http: httpx.AsyncClient
    data_dir: Path
    log_folder: Path
    hub: Hub
    restarts: Restarts
    web_is_ready: asyncio.Event
    ollama_url: str
    in_container: bool = False
    image_lora: str | None = None
    image_engine: str = ""
    llama_server: Path | None = None
    install_image: Torch | None = None


def choose_player(
    part: PartName, address: ModelAddress, api_key: str | None, stage: Stage, *, is_tried: bool = False
) -> Player:
    """`is_tried`: a model of another server plays only once it has begun an answer. Raises `SettingsError` where such an address
    cannot play this part.
    """
    if not _is_text(address.target):
        raise SettingsError(f"The address of the {part.words} is not UTF-8. Rename the file or its folder.")
    return replace(_player_of(part, address, api_key, stage, is_tried=is_tried), address=hide_password(str(address)))


def nobody() -> Player:
    """Plays a part that may be left out, so that it is."""

    async def play(report: Report) -> None:
        report(Standing(State.NONE))
        await asyncio.Event().wait()  # a performance lasts until it is ended

    return Player("", play)


def _player_of(part: PartName, address: ModelAddress, api_key: str | None, stage: Stage, *, is_tried: bool) -> Player:
    match address.kind:
        case AddressKind.OLLAMA if part is PartName.IMAGE_MODEL:
            raise SettingsError(f"The {part.words} cannot be '{address}': Ollama draws no pictures.")
        case AddressKind.URL | AddressKind.OLLAMA:
            return player_elsewhere(
                part,
                address,
                api_key,
                ollama_url=stage.ollama_url,
                http=stage.http,
                in_container=stage.in_container,
                is_tried=is_tried,
            )
        case AddressKind.SAME if part in {PartName.SMALL_LLM, PartName.VISION_LLM}:
            return _same_as_large_llm(stage.board)
        case AddressKind.SAME:
            raise SettingsError(
                f"The {part.words} cannot be 'same': only the small LLM and the vision LLM can be the large one as well."
            )
        case _:
            return _served_here(part, address, stage)


def _served_here(part: PartName, address: ModelAddress, stage: Stage) -> Player:
    model = model_name(part, address)
    is_image = part is PartName.IMAGE_MODEL
    if address.kind is AddressKind.HUB and not is_image and split_hub_target(address)[1] is None:
        raise SettingsError(f"{address} names no file: write hf:OWNER/REPO/FILE.gguf.")
    if not is_image and (first := parts_of(address.target)[0]) != address.target:
        first_address = replace(address, target=first)
        raise SettingsError(f"{address} is a later part of a model in several. Name its first: {first_address}.")
    lora = _lora_address(stage) if is_image and address.kind is not AddressKind.DEMO else None
    options = EngineOptions.from_text(stage.image_engine) if is_image else EngineOptions()

    async def play(report: Report) -> None:
        def tell_download(detail: str, progress: Progress | None = None) -> None:
            report(Standing(State.DOWNLOADING, detail, progress=progress))

        report(Standing())
        if is_image:
            await stage.web_is_ready.wait()  # importing torch would take its cores
            await install_image_part(stage.install_image, tell_download, log_folder=stage.log_folder)
        path = await _find_model(part, address, stage, tell_download)
        lora_path = await _find_model(part, lora, stage, tell_download) if lora else None
        report(Standing())
        if is_image:
            edits = address.kind is not AddressKind.DEMO  # it was trained to draw from nothing only
            program = image_program(
                path, model, data_dir=stage.data_dir, lora=lora_path, options=options.as_pairs(), edits=edits
            )
        else:
            program = llm_program(part, path, model, stage.llama_server)
        await _keep(program, model, report, stage)

    return Player(model, play, demo=address.kind is AddressKind.DEMO)


def _is_text(path: str) -> bool:
    """Can it be told to others? A path of the system may hold any bytes, which Python has as halves of characters."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _lora_address(stage: Stage) -> ModelAddress | None:
    if stage.image_lora is None:
        return None
    address = parse_address(stage.image_lora, name="MOM_IMAGE_LORA")
    if address.kind is AddressKind.HUB and split_hub_target(address)[1] is not None:
        return address
    if address.kind is not AddressKind.FILE:
        raise SettingsError(
            f"MOM_IMAGE_LORA={stage.image_lora} is not a LoRA's address. Write file:PATH or hf:OWNER/REPO/FILE."
        )
    return address


async def _keep(program: Program, model: str, report: Report, stage: Stage) -> None:
    def tell(news: News) -> None:
        match news:
            case Starting(detail, pid):
                report(Standing(State.STARTING, detail, pid))
            case Running(child):
                endpoint = Endpoint(f"http://{LOOPBACK}:{child.port}/v1", model, child.api_key)
                report(Standing(State.READY, "", child.pid, endpoint))
            case GivenUp(detail):
                report(Standing(State.FAILED, detail))

    await keep(program, tell, log_folder=stage.log_folder, http=stage.http, restarts=stage.restarts)


async def _find_model(part: PartName, address: ModelAddress, stage: Stage, tell: Tell) -> Path:
    if address.kind is AddressKind.HUB:
        return await fetch(address, stage.hub, tell, log_folder=stage.log_folder, name=part.value)
    return find_here(part, address)


def find_here(part: PartName, address: ModelAddress) -> Path:
    """The file or folder of a `demo` or `file` address. Raises `ModelFileError`."""
    if address.kind is AddressKind.DEMO:
        path = demo.IMAGE_FOLDER if part is PartName.IMAGE_MODEL else demo.LLM_FILE
        problem = f"This installation has no demo model for the {part.words}. Set another address."
    else:
        path = Path(os.path.expanduser(address.target))  # noqa: PTH111 -- Path's raises where there is no such user
        problem = f"There is no model file {path}. Check the path after 'file:'."
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        raise ModelFileError(problem)
    return path


def model_name(part: PartName, address: ModelAddress) -> str:
    """The name under which a model that is served here is shown and asked."""
    if address.kind is AddressKind.DEMO:
        return demo.IMAGE_NAME if part is PartName.IMAGE_MODEL else demo.LLM_NAME
    return Path(without_part(address.target)).name.removesuffix(".gguf").removesuffix(".safetensors")


def _same_as_large_llm(board: Board) -> Player:
    async def play(report: Report) -> None:
        version = board.version
        while True:
            large = board.parts.get(PartName.LARGE_LLM)
            if large is not None:
                detail = large.detail or f"played by the large LLM, {large.model}"
                report(Standing(large.state, detail, large.pid, large.endpoint, large.answers))
            version = await board.wait_for_change(version)

    return Player(SAME_AS_LARGE_LLM, play)
