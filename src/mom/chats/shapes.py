"""How rows look from outside: as values of the mixture, and as the JSON of the pages and of scripts."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mom.chats.tables import Chat, Image, Message, Turn, Verdict, utc_text
from mom.mixture import events, verdict
from mom.mixture.verdict import DecidedBy, Need

DRAWING, ATTACHMENT = "drawing", "attachment"
CHARS_BEFORE, CHARS_AFTER = 30, 100  # of an excerpt, around what was found


def image_url(image_id: str) -> str:
    return f"/images/{image_id}.png"


def as_image(row: Image) -> events.Image:
    return events.Image(
        id=row.id,
        url=image_url(row.id),
        width=row.width,
        height=row.height,
        seed=row.seed,
        steps=row.steps,
        prompt=row.prompt,
        alt=row.prompt or row.words or "a picture",
        dropped_tail=row.dropped_tail,
    )


def as_verdict(row: Verdict) -> verdict.Verdict:
    return verdict.Verdict(
        need=Need(row.need),
        image_probability=row.image_probability,
        decided_by=DecidedBy(row.decided_by),
        took_ms=row.took_ms,
        reason=row.reason,
        expert=row.expert,
    )


def chat_json(row: Chat) -> dict[str, Any]:
    """A chat without its messages."""
    return {
        "id": row.id,
        "title": row.title,
        "created_at": utc_text(row.created_at),
        "changed_at": utc_text(row.changed_at),
    }


def message_json(row: Message, images: Sequence[Image], verdict: Verdict | None, turn: Turn | None) -> dict[str, Any]:
    """`images` holds pictures that were drawn and pictures that were attached; a question has no verdict and no turn."""
    return {
        "id": row.id,
        "parent_id": row.parent_id,
        "role": row.role,
        "content": row.content,
        "reasoning": row.reasoning,
        "image_prompt": row.image_prompt,
        "preview": row.preview,
        "images": [asdict(as_image(image)) for image in images],
        "verdict": _verdict_json(verdict) if verdict else None,
        "turn": turn_json(turn) if turn else None,
        "created_at": utc_text(row.created_at),
    }


def found_json(row: Message, words: str) -> dict[str, str]:
    """A message that was found, with the words around its first match."""
    # A database may know a pair of letters that Python does not: then it is the message's beginning.
    match = re.search(re.escape(words), row.content, re.IGNORECASE)
    start, end = match.span() if match else (0, 0)
    before, after = row.content[:start], row.content[end:]
    return {
        "chat_id": row.chat_id,
        "message_id": row.id,
        "before": before if len(before) <= CHARS_BEFORE else f"…{before[-CHARS_BEFORE:]}",
        "match": row.content[start:end],
        "after": after if len(after) <= CHARS_AFTER else f"{after[:CHARS_AFTER]}…",
    }


def turn_json(row: Turn) -> dict[str, Any]:
    return {
        "id": row.id,
        "status": row.status,
        "chat_id": row.chat_id,
        "question_id": row.question_id,
        "message_id": row.message_id,
        "client_id": row.client_id,
        "models": row.models,
        "error": row.error,
        "finish_reason": row.finish_reason,
        "usage": row.usage,
        "timings": row.timings,
    }


def _verdict_json(row: Verdict) -> dict[str, Any]:
    return {**as_verdict(row).as_json(), "corrected_to": row.corrected_to}
