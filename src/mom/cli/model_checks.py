"""`mom doctor` on the models: can each that the settings name be had, and may it play its part? Nothing is loaded or downloaded."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from mom.cli.environment import plan_of
from mom.cli.findings import Check, failed, note, ok
from mom.errors import DownloadError, MomError, SettingsError
from mom.models.addresses import AddressKind, ModelAddress, hide_password, parse_address
from mom.models.parts import PartName
from mom.serving.board import Board
from mom.serving.downloads import is_downloaded, look_up, place_of
from mom.serving.elsewhere import check_answers
from mom.serving.gguf_file import check_gguf, check_is_whole
from mom.serving.gguf_parts import parts_of
from mom.serving.image_server.checkpoint import find_checkpoint
from mom.serving.players import Stage, choose_player, find_here
from mom.serving.supervisor import DEMO, OPTIONAL, stage_of
from mom.settings import Settings

HUB_S = 30.0  # a download waits for longer
NAMES_SHOWN = 5
LORA = "image LoRA"
HERE = {AddressKind.FILE, AddressKind.HUB}


async def check_models(settings: Settings, http: httpx.AsyncClient) -> list[Check]:
    """A check for each model that the settings name, and for each part whose demo model cannot play it."""
    stage = stage_of(plan_of(settings), Board(), http)
    checks = [await check_model(part, settings, stage) for part in PartName]
    return [each for each in [*checks, await check_lora(settings, stage)] if each is not None]


async def check_model(part: PartName, settings: Settings, stage: Stage) -> Check | None:
    text = settings.model_addresses.get(part)
    if text is None and part in OPTIONAL:
        return None
    key = settings.model_api_keys.get(part)
    try:
        address = parse_address(text or DEMO, name=part.variable)
        choose_player(part, address, key, stage)
        match address.kind:
            case AddressKind.SAME:
                return ok(part.value, "the large LLM")
            case AddressKind.URL | AddressKind.OLLAMA:
                names = await check_answers(
                    part, address, key, ollama_url=stage.ollama_url, http=stage.http, in_container=stage.in_container
                )
                return _check_name(part, address, names)
            case AddressKind.HUB if not is_downloaded(address, stage.hub.folder):
                return await _check_hub(part.value, address, stage)
            case AddressKind.HUB:
                path = place_of(address, stage.hub.folder)
            case _:
                path = find_here(part, address)
        _check_file(part, path, has_lora=settings.image_lora is not None)
    except MomError as error:
        words = f"{part.variable}={hide_password(text)}" if text else f"{part.variable} is not set"
        return failed(part.value, words, error.message)
    return ok(part.value, f"{address}, {_size_of(path) / 1e9:.1f} GB") if text else None


async def check_lora(settings: Settings, stage: Stage) -> Check | None:
    """That of an image model which MoM runs; one that is misspelt has been told with it."""
    image = settings.image_model or DEMO
    if settings.image_lora is None or image.partition(":")[0] not in HERE:
        return None
    try:
        address = parse_address(settings.image_lora, name="MOM_IMAGE_LORA")
        if address.kind is AddressKind.HUB and not is_downloaded(address, stage.hub.folder):
            return await _check_hub(LORA, address, stage)
        if address.kind is AddressKind.FILE:
            find_here(PartName.IMAGE_MODEL, address)
    except SettingsError:
        return None
    except MomError as error:
        return failed(LORA, f"MOM_IMAGE_LORA={settings.image_lora}", error.message)
    return ok(LORA, str(address))


def _check_name(part: PartName, address: ModelAddress, names: frozenset[str] | None) -> Check:
    """`names` are the models that the server lists, None where it lists none."""
    where = hide_password(str(address))
    if part is PartName.IMAGE_MODEL:
        return ok(part.value, f"{where} answers")
    if names is None:
        fix = f"Where it does not answer in the chat, correct the path in {part.variable}: most end in /v1."
        return note(part.value, f"{where} answers, but lists no models", fix)
    if address.kind is AddressKind.OLLAMA or address.model in names or (address.model is None and len(names) == 1):
        return ok(part.value, f"{where} answers")
    shown = ", ".join(sorted(names)[:NAMES_SHOWN]) + ("…" if len(names) > NAMES_SHOWN else "")
    fix = f"Write the name of one behind # in {part.variable}. There are {shown}." if names else "Load a model there."
    there = f"has no model called {address.model}" if address.model else f"has {len(names)} models"
    return note(part.value, f"{where} answers, but {there}", fix)


async def _check_hub(name: str, address: ModelAddress, stage: Stage) -> Check:
    """Raises `DownloadError` where it could not be downloaded."""
    with TemporaryDirectory(prefix="mom-doctor-") as folder:
        try:
            async with asyncio.timeout(HUB_S):
                size = await look_up(address, stage.hub, log_folder=Path(folder))
        except TimeoutError as error:
            raise DownloadError(
                f"The hub gave no answer within {HUB_S:g} s. Try again later, or use file: with a model of your own."
            ) from error
    return ok(name, f"{address} will be downloaded, {size / 1e9:.1f} GB")


def _check_file(part: PartName, path: Path, *, has_lora: bool) -> None:
    if part is PartName.IMAGE_MODEL:
        find_checkpoint(str(path), has_lora=has_lora)
    else:
        check_gguf(path)
        check_is_whole(path)


def _size_of(path: Path) -> int:
    files = map(Path, parts_of(str(path))) if path.is_file() else path.rglob("*")
    return sum(each.stat().st_size for each in files if each.is_file())
