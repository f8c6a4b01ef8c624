"""`mom ask`: one question, its answer on stdout; pictures become files."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import httpx
from httpx_sse import EventSource

from mom.chats.attachments import check_attachments
from mom.cli.at_hand import Server, check_words, failure_from, server_at_hand
from mom.cli.environment import read_settings_aloud
from mom.errors import ParameterError, PartBrokenError, PartUnavailableError, StorageError
from mom.mixture.conversation import Attachment
from mom.models.parts import PartName
from mom.settings import Settings

LLMS = (PartName.SMALL_LLM, PartName.LARGE_LLM)
MODELS = {None: "mom", "text": "mom-text", "image": "mom-image"}


@dataclass
class Answer:
    """What `--json` prints."""

    verdict: dict[str, Any] | None = None
    text: str = ""
    images: list[dict[str, Any]] = field(default_factory=list)
    finish_reason: str | None = None
    timings: dict[str, float] = field(default_factory=dict)


@click.command()
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--image-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where pictures go; default: here.",
)
@click.option("--seed", type=click.IntRange(min=0), help="The picture's seed.")
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A picture that MoM drew: its prompt and seed are taken up, as if it had been drawn just now.",
)
@click.option("--text", "needs_text", is_flag=True, help="Answer in words, whatever is asked.")
@click.option("--image", "needs_image", is_flag=True, help="Draw, whatever is asked.")
def ask(
    *,
    text: str,
    as_json: bool,
    image_dir: Path,
    seed: int | None,
    source: Path | None,
    needs_text: bool,
    needs_image: bool,
) -> None:
    """Ask one question and print the answer: words as they come, a picture as the path of its file."""
    if needs_text and needs_image:
        raise click.UsageError("--text and --image exclude each other. Say one of them, or none.")
    need = "text" if needs_text else "image" if needs_image else None
    check_words(text)
    picture = _read_picture(source) if source else None
    question = Question(text, need, seed, image_dir, is_quiet=as_json, picture=picture)
    answer = asyncio.run(_ask(read_settings_aloud(), question))
    if as_json:
        click.echo(json.dumps(asdict(answer), ensure_ascii=False))


@dataclass(frozen=True)
class Question:
    """`is_quiet`: nothing is printed on the way. `picture` is a data URL of one that MoM drew."""

    text: str
    need: str | None
    seed: int | None
    image_dir: Path
    is_quiet: bool
    picture: str | None = None

    def as_body(self) -> dict[str, Any]:
        seed = {} if self.seed is None else {"seed": self.seed}
        words = {"type": "text", "text": self.text}
        pictures = [{"type": "image_url", "image_url": {"url": self.picture}}] if self.picture else []
        messages = [{"role": "user", "content": [words, *pictures]}]
        return {"model": MODELS[self.need], "messages": messages, "stream": True, **seed}


def _read_picture(path: Path) -> str:
    """The file as a data URL. Raises `ParameterError` where MoM did not draw it: nothing would be taken up."""
    data = path.read_bytes()
    [checked] = check_attachments([Attachment(data, "image/png")])
    if checked.drawing is None:
        raise ParameterError(f"{path.name} holds no record of how it was made: MoM did not draw it, or it was edited.")
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


async def _ask(settings: Settings, question: Question) -> Answer:
    async with server_at_hand(settings) as server:
        await server.wait_until_settled(*LLMS)
        answer = Answer()
        try:
            await _read_answer(server, question, answer)
        except PartUnavailableError:
            if answer.text:
                raise
            # The image model takes longest to load, and is waited for only where it is needed.
            await server.wait_until_settled(*PartName)
            answer = Answer()
            await _read_answer(server, question, answer)
        return answer


async def _read_answer(server: Server, question: Question, answer: Answer) -> None:
    async with aclosing(_chunks(server, question)) as chunks:
        async for chunk in chunks:
            mom = chunk.get("mom", {})
            answer.verdict = mom.get("verdict", answer.verdict)
            answer.timings = mom.get("timings", answer.timings)
            for choice in chunk["choices"]:
                answer.finish_reason = choice["finish_reason"] or answer.finish_reason
                await _take(choice["delta"], server, question, answer)
    if answer.text and not question.is_quiet:
        click.echo()


async def _take(delta: dict[str, Any], server: Server, question: Question, answer: Answer) -> None:
    images = delta.get("images", [])
    for image in images:
        saved = await _save(image, server, question.image_dir)
        answer.images.append(saved)
        if not question.is_quiet:
            click.echo(saved["path"])
    if not images:  # a picture's words are a link to it, for clients that show nothing else
        words = delta.get("content") or ""
        if answer.images and not answer.text:
            words = words.lstrip("\n")  # the gap after that link
        answer.text += words
        if not question.is_quiet:
            click.echo(words, nl=False)


async def _chunks(server: Server, question: Question) -> AsyncGenerator[dict[str, Any], None]:
    try:
        async with server.http.stream("POST", "/v1/chat/completions", json=question.as_body()) as response:
            if not response.is_success:
                raise failure_from(json.loads(await response.aread()))
            async for event in EventSource(response).aiter_sse():
                if event.data == "[DONE]":
                    return
                chunk = json.loads(event.data)
                if "error" in chunk:
                    raise failure_from(chunk)
                yield chunk
    except httpx.HTTPError as error:
        raise PartBrokenError(f"MoM ended in mid-answer ({type(error).__name__}). Ask again.", part="web") from error


async def _save(image: dict[str, Any], server: Server, folder: Path) -> dict[str, Any]:
    made = image["mom"]
    try:
        picture = (await server.http.get(urlsplit(image["image_url"]["url"]).path)).raise_for_status()
    except httpx.HTTPError as error:
        raise PartBrokenError(
            f"MoM did not give the picture ({type(error).__name__}). Ask again.", part="web"
        ) from error
    path = _write(folder, f"mom-{made['id']}.png", picture.content)
    return {"path": path, **{key: made[key] for key in ("prompt", "seed", "steps", "width", "height")}}


def _write(folder: Path, name: str, data: bytes) -> str:
    path = folder.resolve() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise StorageError(
            f"The picture cannot be written to {folder}: {error.strerror}. Name another --image-dir."
        ) from error
    return str(path)
