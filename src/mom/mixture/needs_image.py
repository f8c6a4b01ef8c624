"""Needs image: the large LLM writes the image prompt from the conversation, or several."""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mom.errors import ContextFullError, StructureError
from mom.mixture.conversation import Conversation
from mom.mixture.halves import join_halves
from mom.mixture.ports import LanguageModel
from mom.mixture.prompts import FOR_IMAGE_PROMPT, FOR_SHORT_IMAGE_PROMPT, question_with_transcript
from mom.mixture.text_files import own_words

log = logging.getLogger(__name__)

MOST_PICTURES = 4
PROMPT_CHARS = 600
# So many that a prompt that runs away still ends as a whole structure: the grammar holds it to its characters.
PROMPT_TOKENS = 2 * PROMPT_CHARS + 40
_PROMPT = {"type": "string", "minLength": 1, "maxLength": PROMPT_CHARS}
PROMPT_SCHEMA = {
    "type": "object",
    "properties": {"prompt": _PROMPT, "others": {"type": "array", "items": _PROMPT, "maxItems": MOST_PICTURES - 1}},
    "required": ["prompt"],
    "additionalProperties": False,
}
# Small models now and then say the end of a prompt, or of a word, over and over until the characters are used up.
REPEATED = re.compile(r"(\b.{6,120}?)(?:[\s,;.]*\1){2,}|([^\W\d_]{1,5}?)\2{5,}")


async def write_image_prompts(conversation: Conversation, large_llm: LanguageModel) -> Sequence[str]:
    """A prompt for each picture that the last message asks for, merged with the last picture's where it changes it.

    A model that cannot keep the structure, or reads too little at once, does not cost the person the picture: their own
    words are drawn then.
    """
    try:
        written = await _ask(conversation, large_llm)
    except (StructureError, ContextFullError) as error:
        log.warning("no image prompt from %s, drawing the person's own words: %s", large_llm.name, error.message)
        return [_own_words(conversation)]
    prompts = [_mend(prompt) for prompt in [written["prompt"], *written.get("others", ())]]
    return [prompt for prompt in prompts if prompt] or [_own_words(conversation)]


def _mend(prompt: str) -> str:
    return REPEATED.sub(r"\1\2", join_halves(prompt)).strip(" ,")


async def _ask(conversation: Conversation, large_llm: LanguageModel) -> Mapping[str, Any]:
    """Quoting little of the conversation where much of it is longer than the model's context."""
    question, shorter = (
        question_with_transcript("write_image_prompt", conversation, excerpt)
        for excerpt in (FOR_IMAGE_PROMPT, FOR_SHORT_IMAGE_PROMPT)
    )
    try:
        return await large_llm.write_structure(question, PROMPT_SCHEMA, max_tokens=PROMPT_TOKENS)
    except ContextFullError:
        return await large_llm.write_structure(shorter, PROMPT_SCHEMA, max_tokens=PROMPT_TOKENS)


def _own_words(conversation: Conversation) -> str:
    content = conversation.last.content
    words = " ".join((own_words(content).strip() or content).split())[:PROMPT_CHARS]
    drawing = conversation.last_drawing
    return f"{drawing.prompt}, {words}" if drawing else words
