"""What the web process works with: composed once in `app.py`, reached from a view by `services()`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from flask import Flask, current_app

from mom.chats.corrections import Corrections
from mom.chats.history import History
from mom.chats.kept_responses import KeptResponses
from mom.chats.pdf_texts import PdfTexts
from mom.chats.pictures import Pictures
from mom.chats.turns import Turns
from mom.mixture.classifier import Classifier
from mom.mixture.paths import Mixture
from mom.mixture.ports import LanguageModel, PictureKeeper
from mom.models.parts import Part, PartName
from mom.web.control import ControlApi

_KEY = "mom"


@dataclass(frozen=True)
class Models:
    """The models as the application sees them; tests hand in scripted ones. `classifier_for` gives one by its name and raises
    `ParameterError`. `start` and `close` belong to the event loop; `is_starting` while the classifier is being loaded.
    """

    parts: Callable[[], Mapping[PartName, Part]]
    names: Callable[[], dict[str, str]]
    llm_for: Callable[[PartName], LanguageModel]
    mixture_for: Callable[[PictureKeeper], Mixture]
    classifier_for: Callable[[str], Classifier]
    start: Callable[[], None]
    is_starting: Callable[[], bool]
    close: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Services:
    """`control` is the supervisor's API, or None where nothing is supervised."""

    loop: asyncio.AbstractEventLoop
    history: History
    pictures: Pictures
    kept_responses: KeptResponses
    turns: Turns
    corrections: Corrections
    pdf_texts: PdfTexts
    models: Models
    control: ControlApi | None
    heartbeat_s: float


def install(app: Flask, services: Services) -> None:
    app.extensions[_KEY] = services


def services(app: Flask | None = None) -> Services:
    """The services of `app`, or of the one that handles the current request."""
    found = (app or current_app).extensions[_KEY]
    assert isinstance(found, Services)
    return found
