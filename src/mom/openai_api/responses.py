"""`POST /v1/responses`: the mixture for programs, as OpenAI's newer clients ask it."""

from functools import partial

from flask import Response, request

from mom.chats.data_urls import PICTURES_LIMIT
from mom.chats.tables import new_id
from mom.mixture.conversation import Conversation
from mom.mixture.needs_image import MOST_PICTURES
from mom.mixture.paths import Wishes
from mom.mixture.ports import DrawingRequest, SamplingOptions
from mom.openai_api.answering import Asked, fixed_need, respond
from mom.openai_api.conversation import read_conversation
from mom.openai_api.models import find_llm
from mom.openai_api.response_body import ResponseBody
from mom.openai_api.response_form import ResponseForm
from mom.openai_api.response_input import NAMES, read_input
from mom.openai_api.response_keeping import Keeping
from mom.openai_api.response_memory import recall
from mom.openai_api.said import Said
from mom.openai_api.sent_files import put_files_into_words
from mom.openai_api.services import Services, services


def create_response() -> Response:
    request.max_content_length = PICTURES_LIMIT
    body = ResponseBody.model_validate(request.get_json())
    known = services()
    owner_id = known.owner_id()
    read_png = partial(known.pictures.read_png, owner_id)
    recalled = recall(body, known, owner_id)
    said = read_input(recalled.items, body.instructions, read_png)
    is_about_tools = bool(body.functions) or any(item.type == "function_call" for _, item in recalled.items)
    llm = find_llm(body.model, known.parts())
    need = fixed_need(body.model, words_by=body.words_wanted_by, picture_by=body.picture_wanted_by)
    sampling = SamplingOptions(body.max_output_tokens, body.temperature, body.top_p, (), body.seed, body.passed_on)
    width, height = body.drawing.sides if body.drawing else (None, None)
    drawing = DrawingRequest(seed=body.seed, width=width, height=height, owner=owner_id)
    response_id, image_ids = new_id(), [new_id() for _ in range(MOST_PICTURES if body.drawing else 0)]
    is_kept = body.store is not False and known.kept_responses.keeps_any
    keeping = Keeping(known, owner_id, response_id, recalled) if is_kept else None
    read = partial(_read, said, keeping, known, keeps_thinking=is_about_tools)
    keeper = known.pictures.keeper(owner_id, image_ids=image_ids)
    asked = Asked(read, llm, Wishes(need, sampling, drawing), keeper, is_streamed=bool(body.stream))
    rest = body.model_copy(update={"input": []})  # the input may be large, and the answer may take long
    form = ResponseForm(response_id, rest, request.root_url.rstrip("/"), image_ids, read_png, keeping)
    return known.later(partial(respond, asked, form, known))


async def _read(said: list[Said], keeping: Keeping | None, known: Services, *, keeps_thinking: bool) -> Conversation:
    """As `read_conversation`; what is kept has the text of the files by then, in their place."""
    read = await put_files_into_words(said, known.pdf_texts)
    said.clear()
    if keeping is not None:
        keeping.take_texts(read)
    return await read_conversation(read, NAMES, known.pdf_texts, keeps_thinking=keeps_thinking)
