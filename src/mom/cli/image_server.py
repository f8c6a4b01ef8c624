"""`mom image-server`: the image model as a service of its own, such as compose.yaml's chat_image."""

from pathlib import Path

import click

from mom.cli.environment import read_settings_aloud
from mom.errors import SettingsError
from mom.models.addresses import AddressKind, ModelAddress, parse_address
from mom.models.parts import PartName
from mom.serving.image_server.__main__ import run
from mom.serving.image_server.config import ServerConfig
from mom.serving.image_server.options import EngineOptions
from mom.serving.players import find_here, model_name
from mom.serving.programs import image_program

PART = PartName.IMAGE_MODEL


@click.command("image-server", hidden=True)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen at, and the name it is asked by."
)
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
def image_server(*, host: str, port: int) -> None:
    """Serve the image model alone, for those who know its key.

    MOM_IMAGE_MODEL says which (demo, or file:PATH), MOM_API_KEY_IMAGE_MODEL is the key.
    """
    settings = read_settings_aloud()
    key = settings.model_api_keys.get(PART)
    if key is None:
        raise SettingsError("Set MOM_API_KEY_IMAGE_MODEL, here and where the pictures are asked for.")
    address = parse_address(settings.image_model or "demo", name="MOM_IMAGE_MODEL")
    if address.kind not in {AddressKind.DEMO, AddressKind.FILE}:
        raise SettingsError(
            f"MOM_IMAGE_MODEL={address}: this server draws with a model that is on this machine: demo or file:PATH."
        )
    program = image_program(
        find_here(PART, address),
        model_name(PART, address),
        data_dir=settings.data_dir,
        lora=_find_lora(settings.image_lora, address),
        options=EngineOptions.from_text(settings.image_engine).as_pairs(),
        edits=address.kind is not AddressKind.DEMO,
    )
    run(ServerConfig.from_json({**program.config, "host": host, "port": port, "api_key": key}))


def _find_lora(words: str | None, model: ModelAddress) -> Path | None:
    """The demo model takes none."""
    if words is None or model.kind is AddressKind.DEMO:
        return None
    address = parse_address(words, name="MOM_IMAGE_LORA")
    if address.kind is not AddressKind.FILE:
        raise SettingsError(f"MOM_IMAGE_LORA={address}: this server takes one that is on this machine: file:PATH.")
    return find_here(PART, address)
