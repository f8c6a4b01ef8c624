"""`POST /v1/responses`: the mixture for programs, as OpenAI's newer clients ask it."""

from functools import partial

from flask import Response, request

from mom.chats.data_urls import PICTURES_LIMIT
from mom.chats.tables import new_id
from mom.mixture.paths import Wishes
from mom.mixture.ports import DrawingRequest, SamplingOptions
from mom.openai_api.answering import Asked, fixed_need, respond
from mom.openai_api.conversation import read_conversation
from mom.openai_api.models import find_llm
from mom.openai_api.response_body import ResponseBody
from mom.openai_api.response_form import ResponseForm
from mom.openai_api.response_input import NAMES, read_input
from mom.openai_api.services import services


def create_response() -> Response:
    request.max_content_length = PICTURES_LIMIT
    body = ResponseBody.model_validate(request.get_json())
    known = services()
    owner_id = known.owner_id()
    read_png = partial(known.pictures.read_png, owner_id)
    said = read_input(body.input, body.instructions, read_png)
    read = partial(read_conversation, said, NAMES, known.pdf_texts, keeps_thinking=body.is_about_tools)
    llm = find_llm(body.model, known.parts())
    need = fixed_need(body.model, words_by=body.words_wanted_by, picture_by=body.picture_wanted_by)
    sampling = SamplingOptions(body.max_output_tokens, body.temperature, body.top_p, (), body.seed, body.passed_on)
    width, height = body.drawing.sides if body.drawing else (None, None)
    drawing = DrawingRequest(seed=body.seed, width=width, height=height, owner=owner_id)
    image_id = new_id() if body.drawing else None
    keeper = known.pictures.keeper(owner_id, image_id=image_id)
    asked = Asked(read, llm, Wishes(need, sampling, drawing), keeper, is_streamed=bool(body.stream))
    form = ResponseForm(body, request.root_url.rstrip("/"), image_id, read_png)
    return known.later(partial(respond, asked, form, known))
