"""`mom serve`: the supervisor with its children."""

import click

from mom.cli.environment import plan_of, read_settings_aloud
from mom.serving.image_install import Torch
from mom.serving.serve import run_serve


@click.command()
@click.option(
    "--install-image",
    type=click.Choice([torch.value for torch in Torch]),
    help="If the image part is missing, install it with this build of torch.",
)
@click.option("--reload", is_flag=True, help="For developers: restart the web process when its files change.")
@click.pass_context
def serve(context: click.Context, *, install_image: str | None, reload: bool) -> None:
    """Serve the chat: the page, the API and the models.

    Address, data folder and models are settings (MOM_PORT, MOM_DATA_DIR, MOM_LARGE_LLM, …), from the environment or a file .env here.
    """
    settings = read_settings_aloud()
    torch = Torch(install_image) if install_image else None
    context.exit(run_serve(plan_of(settings, install_image=torch, reload=reload)))
