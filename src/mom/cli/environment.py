"""From the settings to the plain values that the commands work with."""

import click

from mom.serving.image_install import Torch
from mom.serving.serve_plan import ServePlan
from mom.settings import Settings, read_settings


def read_settings_aloud() -> Settings:
    """The settings; a name that MoM does not know is a warning on stderr."""
    settings, warnings = read_settings()
    for warning in warnings:
        click.echo(warning, err=True)
    return settings


def plan_of(
    settings: Settings, *, port: int | None = None, install_image: Torch | None = None, reload: bool = False
) -> ServePlan:
    """What the supervisor is to do; `port` takes the place of `MOM_PORT`."""
    return ServePlan(
        data_dir=settings.data_dir,
        host=settings.host,
        port=settings.port if port is None else port,
        in_container=settings.container is not None,
        public_url=str(settings.base_url) if settings.base_url else None,
        addresses=settings.model_addresses,
        api_keys=settings.model_api_keys,
        image_lora=settings.image_lora,
        image_engine=settings.image_engine,
        llama_server=settings.llama_server,
        ollama_url=settings.ollama_url,
        hub_endpoint=settings.hub_endpoint,
        hub_token=settings.hub_token.get_secret_value() if settings.hub_token else None,
        install_image=install_image,
        reload=reload,
    )
