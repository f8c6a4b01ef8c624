"""`POST /v1/classify`: the verdict alone, for programs that answer by themselves."""

import json
from functools import partial

from flask import Response, request

from mom.mixture.conversation import Conversation
from mom.mixture.paths import reach_verdict
from mom.openai_api.bodies import PICTURES_LIMIT, ConversationBody
from mom.openai_api.completion import route_header
from mom.openai_api.conversation import read_conversation
from mom.openai_api.services import Services, services


def classify() -> Response:
    request.max_content_length = PICTURES_LIMIT
    conversation = read_conversation(ConversationBody.model_validate(request.get_json()))
    known = services()
    return known.later(partial(_verdict, conversation, known, known.owner_id()))


async def _verdict(conversation: Conversation, known: Services, owner_id: str) -> Response:
    mixture = known.mixture_for(known.pictures.keeper(owner_id))
    verdict = await reach_verdict(conversation, mixture.classifier)
    return Response(json.dumps(verdict.as_json()), headers=route_header(verdict), mimetype="application/json")
