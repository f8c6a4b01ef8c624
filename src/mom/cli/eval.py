"""`mom eval routing`: how well the classifiers route labelled conversations."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import click

from mom.cli.at_hand import Server, server_at_hand
from mom.cli.environment import read_settings_aloud
from mom.errors import ParameterError, PartUnavailableError, StorageError
from mom.evaluation.figures import Outcome, figures
from mom.evaluation.html_report import write_html
from mom.evaluation.measuring import Ask, measure
from mom.evaluation.nearest_baseline import NearestStage, build_router
from mom.evaluation.routing_data import Example, read_routing_data, take_any
from mom.evaluation.table import write_table
from mom.mixture.classifier import Classifier
from mom.mixture.conversation import Conversation
from mom.mixture.ports import ClassifierStage
from mom.mixture.verdict import Verdict
from mom.models.bert.head import HeadError
from mom.models.bert.reader import load_reader
from mom.models.bert.stage import BertStage
from mom.models.parts import PartName, State
from mom.models.regex_stage import RegexStage
from mom.openai_api.bodies import MAX_MESSAGES
from mom.openai_api.conversation import MAX_CONVERSATION_CHARS
from mom.settings import Settings

# Those that run in this process, and those that need a server's models.
HERE = ("bert", "regex", "nearest")
AT_SERVER = {
    "small-llm": (PartName.SMALL_LLM,),
    "large-llm": (PartName.LARGE_LLM,),
    "cascade": (PartName.SMALL_LLM,),
}
CLASSIFIERS = (*HERE, *AT_SERVER)
PROGRESS_STEPS = 10


@click.group("eval")
def evaluate() -> None:
    """Measure MoM's parts."""


@evaluate.command()
@click.option(
    "--data",
    "paths",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="A JSONL file of labelled conversations.",
)
@click.option(
    "--classifier", "names", multiple=True, required=True, type=click.Choice(CLASSIFIERS), help="What is measured."
)
@click.option("--format", "form", type=click.Choice(["table", "json", "html"]), default="table", show_default=True)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file; default: standard output."
)
def routing(*, paths: Sequence[Path], names: Sequence[str], form: str, output: Path | None) -> None:
    """Route labelled conversations and tell accuracy, false images, calibration and latency.

    --data and --classifier may be given several times.
    """
    examples = read_routing_data(paths, _check_length if AT_SERVER.keys() & set(names) else take_any)
    _check_output(output)
    outcomes = asyncio.run(_measure_all(read_settings_aloud(), tuple(dict.fromkeys(names)), examples))
    if form == "html":
        report = write_html(outcomes, [path.name for path in paths])
    else:
        found = {name: figures(each) for name, each in outcomes.items()}
        report = write_table(found) if form == "table" else json.dumps({"classifiers": found}, ensure_ascii=False)
    if output is None:
        click.echo(report)
        return
    try:
        output.write_text(report.rstrip() + "\n", encoding="utf-8")
    except OSError as error:
        click.echo(report)  # it may have taken hours
        raise StorageError(f"{output} cannot be written: {error.strerror}. Name another --output.") from error
    click.echo(f"Written to {output}", err=True)


def _check_length(conversation: Conversation) -> None:
    """Raises `ValueError` where a server would refuse it, which would end a measuring of hours."""
    asked = conversation.in_own_words().messages
    if len(asked) > MAX_MESSAGES or sum(len(message.as_words) for message in asked) > MAX_CONVERSATION_CHARS:
        raise ValueError(
            f"the conversation is too long for {', '.join(AT_SERVER)}, which take {MAX_MESSAGES:,} messages of "
            f"{MAX_CONVERSATION_CHARS:,} characters together; leave the line out"
        )


def _check_output(output: Path | None) -> None:
    """Before the measuring, which may take long."""
    if output is not None and not output.parent.is_dir():
        raise ParameterError(f"There is no folder {output.parent}. Name another --output.", param="output")


async def _measure_all(
    settings: Settings, names: Sequence[str], examples: Sequence[Example]
) -> dict[str, Sequence[Outcome]]:
    """What each classifier says. All are at hand before the first is measured, which may take long and would be lost."""
    async with AsyncExitStack() as held:
        server = await held.enter_async_context(server_at_hand(settings)) if AT_SERVER.keys() & set(names) else None
        asks = {
            name: await (_ask_of_server(server, name) if server and name in AT_SERVER else _ask_here(name, settings))
            for name in names
        }
        return {name: await measure(ask, examples, _progress_of(name)) for name, ask in asks.items()}


async def _ask_here(name: str, settings: Settings) -> Ask:
    stage: ClassifierStage
    match name:
        case "nearest":
            stage = NearestStage(await asyncio.to_thread(build_router))
        case "bert":
            _check_head(settings)
            stage = BertStage(settings.bert_options, decides_always=True)
        case _:
            stage = RegexStage()
    return Classifier([stage], settings.classifier_deadline_ms / 1000).classify


def _check_head(settings: Settings) -> None:
    """Raises `PartUnavailableError` for a head that cannot be used: the default would silently be measured in its place."""
    head = settings.bert_options.head
    try:
        load_reader(head)
    except HeadError as error:
        raise PartUnavailableError(
            f"The classifier bert is not available: {error}. Train it anew with `mom train routing`, or delete {head}.",
            part="bert",
        ) from error


async def _ask_of_server(server: Server, name: str) -> Ask:
    """Raises `PartUnavailableError` where a model that the classifier needs is not there."""
    await server.wait_until_settled(*AT_SERVER[name])
    parts = await server.parts()
    for part in AT_SERVER[name]:
        state, detail = (parts[part]["state"], parts[part]["detail"]) if part in parts else (State.FAILED, "")
        if state not in {State.READY, State.EXTERNAL}:
            raise PartUnavailableError(
                f"The classifier {name} needs the {part.words}, which is not there. {detail}".strip(), part=part
            )
    return partial(_ask_server, server, name)


async def _ask_server(server: Server, name: str, conversation: Conversation) -> Verdict:
    messages = [{"role": message.role, "content": message.as_words} for message in conversation.messages]
    return Verdict.from_json(await server.classify({"messages": messages, "classifier": name}))


def _progress_of(name: str) -> Callable[[int, int], None]:
    """Tells on stderr each tenth that is done."""

    def tell(done: int, of: int) -> None:
        if done * PROGRESS_STEPS // of > (done - 1) * PROGRESS_STEPS // of:
            click.echo(f"{name}: {done} of {of}", err=True)

    return tell
