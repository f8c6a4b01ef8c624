"""`POST /v1/classify`: the verdict alone, for programs that answer by themselves."""

import json
from collections.abc import Awaitable, Callable
from functools import partial

from flask import Response, request

from mom.chats.data_urls import PICTURES_LIMIT
from mom.mixture.classifier import Classifier
from mom.mixture.conversation import Conversation
from mom.mixture.explaining import explain
from mom.mixture.paths import reach_verdict
from mom.openai_api.bodies import CHAT_NAMES, ClassifyBody
from mom.openai_api.conversation import read_conversation
from mom.openai_api.kept_links import put_in_kept_pictures
from mom.openai_api.route import route_header
from mom.openai_api.services import Services, services


def classify() -> Response:
    request.max_content_length = PICTURES_LIMIT
    body = ClassifyBody.model_validate(request.get_json())
    known = services()
    said = put_in_kept_pictures(body.said, partial(known.pictures.read_png, known.owner_id()))
    read = partial(read_conversation, said, CHAT_NAMES, known.pdf_texts, keeps_thinking=body.is_about_tools)
    named = known.classifier_for(body.classifier) if body.classifier is not None else None
    return known.later(partial(_answer, read, known, known.owner_id(), named, explained=body.explain))


async def _answer(
    read_messages: Callable[[], Awaitable[Conversation]],
    known: Services,
    owner_id: str,
    named: Classifier | None,
    *,
    explained: bool,
) -> Response:
    """The verdict. A classifier that is asked by its name is asked whatever the message's form is."""
    conversation = await read_messages()
    classifier = named or known.mixture_for(known.pictures.keeper(owner_id)).classifier
    asked = conversation.taking_up_records().in_own_words()
    verdict = await (named.classify(asked) if named else reach_verdict(conversation, classifier))
    value = verdict.as_json()
    if explained:
        value["explanation"] = [opinion.as_json() for opinion in await explain(asked, classifier)]
    return Response(json.dumps(value), headers=route_header(verdict), mimetype="application/json")
