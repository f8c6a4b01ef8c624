"""What `/v1` works with: handed to it by `app.py`, as it knows neither the pages nor the server it runs under."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass

from flask import Flask, Response, current_app

from mom.chats.kept_responses import KeptResponses
from mom.chats.pdf_texts import PdfTexts
from mom.chats.pictures import Pictures
from mom.mixture.classifier import Classifier
from mom.mixture.paths import Mixture
from mom.mixture.ports import LanguageModel, PictureKeeper
from mom.models.parts import Part, PartName

_KEY = "mom.openai_api"


@dataclass(frozen=True)
class Services:
    """`later` answers with what a coroutine returns, and cancels it when the client leaves; `streamed` is a response made of
    chunks; `as_error_json` is any failure in OpenAI's shape.
    """

    parts: Callable[[], Mapping[PartName, Part]]
    llm_for: Callable[[PartName], LanguageModel]
    mixture_for: Callable[[PictureKeeper], Mixture]
    classifier_for: Callable[[str], Classifier]
    pictures: Pictures
    kept_responses: KeptResponses
    pdf_texts: PdfTexts
    owner_id: Callable[[], str]
    later: Callable[[Callable[[], Awaitable[Response]]], Response]
    streamed: Callable[[AsyncGenerator[bytes, None], Mapping[str, str]], Response]
    as_error_json: Callable[[BaseException], Mapping[str, str | None]]


def install(app: Flask, services: Services) -> None:
    app.extensions[_KEY] = services


def services() -> Services:
    found = current_app.extensions[_KEY]
    assert isinstance(found, Services)
    return found
