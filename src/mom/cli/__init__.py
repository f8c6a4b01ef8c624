"""`mom`: the Flask command line (`db`, `run`, `shell`, …) plus MoM's own commands, one file each.

Exit codes: 0 done, 1 failed, 2 usage, 3 a part is not available. A failure is one sentence on stderr that says what to do.
"""

import errno
import importlib
from typing import IO, Any

import click
from flask import Flask
from flask.cli import FlaskGroup

from mom import __version__
from mom.errors import InputError, MomError, PartUnavailableError

# Each command is imported when it is called: the supervisor shall not carry the web application's memory with it.
COMMANDS = ("serve", "ask", "classify", "models", "doctor", "eval", "train", "corrections", "backup", "restore")
FUNCTIONS = {"eval": "evaluate"}  # where the command's name is a word of Python's own
HIDDEN = ("web", "image-server")
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # met by any command, as its output may be a file on a full disk
FLASKS_SERVER = "run"  # not in the help: it starts no models, and whoever looks for `mom serve` would take it


class MomGroup(FlaskGroup):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *COMMANDS} - {FLASKS_SERVER})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in COMMANDS or name in HIDDEN:
            module = name.replace("-", "_")
            command = getattr(importlib.import_module(f"mom.cli.{module}"), FUNCTIONS.get(name, module))
            assert isinstance(command, click.Command)
            return command
        return super().get_command(ctx, name)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 -- as click has it
        try:
            return super().invoke(ctx)
        except MomError as error:
            raise failure_of(error) from error
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            raise Failure(f"There is no room to write: {error.strerror}. Make room, and try again.") from error


class Failure(click.ClickException):
    """A `MomError` at the edge of the command line: its sentence on stderr, and an exit code."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, file=file, err=file is None)


class UsageFailure(Failure):
    exit_code = 2


class UnavailableFailure(Failure):
    exit_code = 3


def failure_of(error: MomError) -> Failure:
    match error:
        case InputError():
            return UsageFailure(error.message)
        case PartUnavailableError():
            return UnavailableFailure(error.message)
        case _:
            return Failure(error.message)


def _create_app() -> Flask:
    app = importlib.import_module("mom.app").create_app()
    assert isinstance(app, Flask)
    return app


# Settings read .env themselves, so that its place does not depend on which command is called.
main = click.version_option(__version__, prog_name="mom")(
    MomGroup(
        name="mom",
        create_app=_create_app,
        load_dotenv=False,
        add_version_option=False,
        help="MoM, a mixture of models: every message is answered by the right one.",
    )
)
