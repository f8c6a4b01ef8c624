"""`POST /v1/classify`: the verdict alone, for programs that answer by themselves."""

import json
from functools import partial

from flask import Response, request

from mom.mixture.classifier import Classifier
from mom.mixture.conversation import Conversation
from mom.mixture.paths import reach_verdict
from mom.mixture.verdict import Verdict
from mom.openai_api.bodies import PICTURES_LIMIT, ClassifyBody
from mom.openai_api.completion import route_header
from mom.openai_api.conversation import read_conversation
from mom.openai_api.services import Services, services


def classify() -> Response:
    request.max_content_length = PICTURES_LIMIT
    body = ClassifyBody.model_validate(request.get_json())
    conversation = read_conversation(body)
    known = services()
    if body.classifier is not None:
        return known.later(partial(_verdict_of, conversation, known.classifier_for(body.classifier)))
    return known.later(partial(_verdict, conversation, known, known.owner_id()))


async def _verdict(conversation: Conversation, known: Services, owner_id: str) -> Response:
    mixture = known.mixture_for(known.pictures.keeper(owner_id))
    return _response(await reach_verdict(conversation, mixture.classifier))


async def _verdict_of(conversation: Conversation, classifier: Classifier) -> Response:
    return _response(await classifier.classify(conversation))


def _response(verdict: Verdict) -> Response:
    return Response(json.dumps(verdict.as_json()), headers=route_header(verdict), mimetype="application/json")
