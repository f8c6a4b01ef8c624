"""`POST /v1/chat/completions`: the mixture for programs."""

from functools import partial

from flask import Response, request

from mom.chats.data_urls import PICTURES_LIMIT
from mom.mixture.paths import Wishes
from mom.mixture.ports import DrawingRequest, SamplingOptions
from mom.openai_api.answering import Asked, fixed_need, respond
from mom.openai_api.bodies import CHAT_NAMES, ChatBody
from mom.openai_api.completion import CompletionForm
from mom.openai_api.conversation import read_conversation
from mom.openai_api.kept_links import put_in_kept_pictures
from mom.openai_api.models import find_llm
from mom.openai_api.services import services


def complete_chat() -> Response:
    request.max_content_length = PICTURES_LIMIT
    body = ChatBody.model_validate(request.get_json())
    known = services()
    owner_id = known.owner_id()
    llm = find_llm(body.model, known.parts())
    need = fixed_need(body.model, words_by=body.words_wanted_by)
    tokens = body.max_completion_tokens or body.max_tokens
    sampling = SamplingOptions(tokens, body.temperature, body.top_p, body.stops, body.seed, body.passed_on)
    wishes = Wishes(need, sampling, DrawingRequest(seed=body.seed, owner=owner_id))
    said = put_in_kept_pictures(body.said, partial(known.pictures.read_png, owner_id))
    read = partial(read_conversation, said, CHAT_NAMES, known.pdf_texts, keeps_thinking=body.is_about_tools)
    asked = Asked(read, llm, wishes, known.pictures.keeper(owner_id), is_streamed=bool(body.stream))
    form = CompletionForm(body.model, request.root_url.rstrip("/"), body.includes_usage)
    return known.later(partial(respond, asked, form, known))
