"""`mom train routing`: trains the `bert` stage's head anew, from the repository's data and the corrections of this installation."""

import importlib.util
import json
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from mom.cli.corrections import has_words, opened_corrections
from mom.cli.environment import read_settings_aloud
from mom.errors import MomError, PartUnavailableError, StorageError
from mom.serving.tether import die_with_parent
from mom.settings import CLONE

TRAINER = "training.routing.train"


@click.group()
def train() -> None:
    """Train MoM's own parts."""


@train.command()
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file; default: in the data folder."
)
@click.option("--share", type=click.IntRange(min=1), default=1, help="Train on every SHAREth row only, to try it.")
def routing(*, output: Path | None, share: int) -> None:
    """Train the head that decides most messages. `mom serve` uses the one in the data folder from its next start on."""
    _check_trainer()
    _end_as_with_ctrl_c()
    settings = read_settings_aloud()
    output = output or settings.trained_head
    with TemporaryDirectory(prefix="mom-train-") as folder:
        made, more = Path(folder, "head.npz"), Path(folder, "corrections.jsonl")
        with opened_corrections(settings) as (owner_id, known):
            rows = lessons(known.read_all(owner_id))
        with _writing_beside(output):  # before the training: it would be for nothing
            pass
        more.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        click.echo(f"Training with {len(rows)} corrections. This takes minutes.", err=True)
        wishes = ["--output", str(made), "--share", str(share), *(["--more", str(more)] if rows else [])]
        # In a group of its own, as Ctrl-C is for this process alone: the trainer would say with a traceback where it was.
        done = subprocess.run(  # noqa: S603 -- our own module
            [sys.executable, "-m", TRAINER, *wishes],
            cwd=CLONE,
            check=False,
            process_group=0,
            preexec_fn=die_with_parent if sys.platform == "linux" else None,
        )
        if done.returncode:
            raise MomError("The training failed; the lines above say why.")
        _keep(made, output)
    use = ". A MoM that runs uses it from its next start on." if output == settings.trained_head else ""
    click.echo(f"Written to {output}{use}", err=True)


def lessons(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, the newest first, that teach something: of contradictory ones the newest, and none that the form decided
    or that has no words.
    """
    newest: dict[str, dict[str, Any]] = {}
    for row in rows:
        if not row["by_form"] and has_words(row):
            newest.setdefault(json.dumps(row["messages"]), row)
    return list(newest.values())


def _check_trainer() -> None:
    if not (CLONE / "training" / "routing" / "train.py").is_file():
        raise PartUnavailableError(
            "Training needs MoM's repository with its data: clone it, and run `mom train routing` there.",
            part="training",
        )
    if importlib.util.find_spec("scipy") is None:
        raise PartUnavailableError("Training needs scipy: `pip install scipy` in MoM's environment.", part="training")


def _end_as_with_ctrl_c() -> None:
    """Also at SIGTERM, and when the terminal is closed: the trainer ends then too, and what is temporary is deleted."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` sets it
            signal.signal(number, signal.default_int_handler)


def _keep(made: Path, output: Path) -> None:
    """Move the head to its place at once: a server that starts meanwhile finds the old one or the new one."""
    with _writing_beside(output) as part:
        part.write_bytes(made.read_bytes())
        part.replace(output)


@contextmanager
def _writing_beside(output: Path) -> Iterator[Path]:
    """A file in the folder of `output`, which is made, for as long as this lasts. Raises `StorageError`."""
    part = output.with_name(f"{output.name}.part")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.touch()
            yield part
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{output} cannot be written: {error.strerror}. Name another --output.") from error
