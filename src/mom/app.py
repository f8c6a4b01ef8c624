"""Composes the web application: the one file that knows all others.

`flask …` calls `create_app()` without arguments (FLASK_APP=mom.app); `mom web` hands in the server's event loop and the way to
the supervisor. Nothing connects to the database here: `flask db init` has to work before there is one.
"""

import asyncio
from functools import partial

from flask import Flask
from flask_migrate import Migrate

from mom.chats.commands import make_commands, prepare_migrations
from mom.chats.corrections import Corrections, CorrectionsOf
from mom.chats.database import MIGRATIONS, Database
from mom.chats.history import History
from mom.chats.kept_responses import KeptResponses
from mom.chats.pdf_texts import PdfTexts
from mom.chats.pictures import Pictures
from mom.chats.turn_log import TurnLog
from mom.chats.turns import Turns
from mom.mixture.classifier import ClassifierChoice
from mom.mixture.ports import KnownCorrections
from mom.models.addresses import parse_address
from mom.models.bert.stage import BertStage
from mom.models.mixture_factory import make_classifier, make_mixture, make_named_classifier
from mom.models.part_sources import PartsSource, StaticParts, SupervisedParts
from mom.models.roster import Roster
from mom.models.self_test.self_test import SelfTest
from mom.models.speculative import speculation_pays
from mom.openai_api import services as openai_api
from mom.openai_api import urls as openai_urls
from mom.settings import Settings, read_settings
from mom.web import services as web
from mom.web import urls as web_urls
from mom.web.auth import current_owner_id
from mom.web.base_url import BehindProxy
from mom.web.bodies import read_bodies_strictly
from mom.web.control import ControlAddress, ControlApi
from mom.web.failures import as_error_json, handle_failures
from mom.web.guard import guard
from mom.web.loop_thread import LoopThread
from mom.web.secret_key import read_or_make_secret_key
from mom.web.static_files import serve_static_files
from mom.web.streams import StreamedResponse, later

HEARTBEAT_S = 15.0


def create_app(
    settings: Settings | None = None,
    *,
    loop: asyncio.AbstractEventLoop | None = None,
    control: ControlAddress | None = None,
    models: web.Models | None = None,
    heartbeat_s: float = HEARTBEAT_S,
) -> Flask:
    """The application. Without a `loop`, turns run in a thread of their own; without `control`, the parts are the settings'
    URLs. Raises `SettingsError`, `StorageError`.
    """
    settings = settings or read_settings()[0]
    loop = loop or LoopThread().loop

    database = Database(settings.resolved_database_url)
    history = History(database)
    corrections = Corrections(database)
    models = models or _models_of(settings, control, CorrectionsOf(corrections, history.local_user_id))
    pictures = Pictures(database, settings.pictures_dir)
    kept_responses = KeptResponses(database, pictures, settings.keep_responses_days)
    pdf_texts = PdfTexts()
    turns = Turns(loop, history, pictures, TurnLog(), models.mixture_for, models.names)
    control_api = ControlApi(control) if control else None

    app = Flask("mom.web")
    app.secret_key = read_or_make_secret_key(settings.data_dir)
    web.install(
        app,
        web.Services(
            loop,
            history,
            pictures,
            kept_responses,
            turns,
            corrections,
            pdf_texts,
            models,
            control_api,
            heartbeat_s,
        ),
    )
    openai_api.install(
        app,
        openai_api.Services(
            models.parts,
            models.llm_for,
            models.mixture_for,
            models.classifier_for,
            pictures,
            kept_responses,
            pdf_texts,
            current_owner_id,
            later,
            StreamedResponse,
            as_error_json,
        ),
    )
    read_bodies_strictly(app)
    serve_static_files(app)
    handle_failures(app)
    guard(app, settings.host, settings.base_url, in_container=settings.container is not None)
    if settings.base_url is not None:
        app.wsgi_app = BehindProxy(app.wsgi_app, settings.base_url)  # type: ignore[method-assign]  # as its documentation has it
    app.register_blueprint(web_urls.make_blueprint())
    app.register_blueprint(openai_urls.make_blueprint())
    Migrate(app, database, directory=str(MIGRATIONS)).configure(partial(prepare_migrations, database=database))
    for command in make_commands(database, pictures):
        app.cli.add_command(command)
    return app


def _models_of(settings: Settings, control: ControlAddress | None, corrections: KnownCorrections) -> web.Models:
    roster = Roster(_parts_source(settings, control))
    options, deadline_s = settings.bert_options, settings.classifier_deadline_ms / 1000
    bert = BertStage(options)
    self_test = SelfTest(roster, BertStage(options, decides_always=True), deadline_s=deadline_s)
    classifier = make_classifier(
        settings.classifier,
        deadline_s,
        roster,
        corrections,
        self_test,
        bert,
        options,
    )

    def may_speculate() -> bool:
        return speculation_pays(settings.speculative, roster.parts())

    def start() -> None:
        roster.start()
        if settings.classifier in {ClassifierChoice.CASCADE, ClassifierChoice.BERT}:
            bert.load_soon()
        if settings.classifier is ClassifierChoice.CASCADE:  # the others ask the small LLM always, or never
            self_test.start()

    async def close() -> None:
        await self_test.close()
        await roster.close()

    return web.Models(
        parts=self_test.parts,
        names=roster.names,
        llm_for=roster.chat_client,
        mixture_for=partial(make_mixture, roster, classifier, may_speculate),
        classifier_for=partial(make_named_classifier, roster, deadline_s, options, self_test),
        start=start,
        is_starting=bert.is_loading,
        close=close,
    )


def _parts_source(settings: Settings, control: ControlAddress | None) -> PartsSource:
    if control is not None:
        return SupervisedParts(control.url, control.token)
    addresses = {part: parse_address(address, name=part.variable) for part, address in settings.model_addresses.items()}
    return StaticParts(addresses, settings.model_api_keys, ollama_url=settings.ollama_url)
