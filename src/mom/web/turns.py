"""Turns: ask, look, follow the events, stop, try again, overrule."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from flask import Response, jsonify, request
from pydantic import Field

from mom.chats.data_urls import PICTURES_LIMIT, read_data_url
from mom.chats.turn_log import LoggedEvent
from mom.chats.turn_records import FIRST
from mom.mixture.ports import MAX_SEED
from mom.mixture.verdict import Need
from mom.web.auth import current_owner_id
from mom.web.bodies import Body
from mom.web.services import services
from mom.web.streams import StreamedResponse, later


class MessageBody(Body):
    """`client_id` is the sender's own id of the message: sent again, it gives the same turn.

    `parent_id` is the answer that the message follows: unset, the newest; null, none (another first question).
    `instead_of` is the message that this one is the edited version of: it takes that one's place, and ends its answers.
    `attachments` are pictures as data URLs.
    """

    content: str
    client_id: str | None = Field(default=None, min_length=1, max_length=200)
    parent_id: str | None = Field(default=None, max_length=200)
    instead_of: str | None = Field(default=None, max_length=200)
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    need: Need | None = None
    attachments: list[str] = Field(default=[], max_length=4)

    @property
    def follows(self) -> str | None:
        """`parent_id` as `Turns.ask` reads it."""
        return FIRST if self.parent_id is None and "parent_id" in self.model_fields_set else self.parent_id


class OverruleBody(Body):
    need: Need


def ask(chat_id: str) -> tuple[Response, int]:
    request.max_content_length = PICTURES_LIMIT
    body = MessageBody.model_validate(request.get_json())
    started = services().turns.ask(
        current_owner_id(),
        chat_id,
        body.content,
        client_id=body.client_id,
        parent_id=body.follows,
        instead_of=body.instead_of,
        seed=body.seed,
        need=body.need,
        attachments=[read_data_url(url) for url in body.attachments],
    )
    return jsonify(message_id=started.message_id, turn_id=started.turn_id, question_id=started.question_id), 202


def read_turn(turn_id: str) -> Response:
    return jsonify(services().turns.read(current_owner_id(), turn_id))


def follow_events(turn_id: str) -> Response:
    """Replay what happened after the event `Last-Event-ID` (or `?after=`), then follow until the turn's last event.

    Whoever has seen that gets 204, which tells an EventSource to connect no more.
    """
    after = request.headers.get("Last-Event-ID") or request.args.get("after")
    turns = services().turns
    events = turns.events(current_owner_id(), turn_id, after)

    async def make() -> Response:
        if turns.has_told_all(turn_id, after):
            return Response(status=204)
        return StreamedResponse(_server_sent(events))

    return later(make)


def stop(turn_id: str) -> tuple[Response, int]:
    services().turns.stop(current_owner_id(), turn_id)
    return jsonify(services().turns.read(current_owner_id(), turn_id)), 202


def retry(turn_id: str) -> tuple[Response, int]:
    started = services().turns.retry(current_owner_id(), turn_id)
    return jsonify(message_id=started.message_id, turn_id=started.turn_id), 202


def overrule(turn_id: str) -> tuple[Response, int]:
    need = OverruleBody.model_validate(request.get_json()).need
    started = services().turns.overrule(current_owner_id(), turn_id, need)
    return jsonify(message_id=started.message_id, turn_id=started.turn_id), 202


async def _server_sent(events: AsyncIterator[Sequence[LoggedEvent]]) -> AsyncGenerator[bytes, None]:
    """The events in the wire format of https://html.spec.whatwg.org/multipage/server-sent-events.html"""
    async for some in events:
        # JSON text has no line break, so that one data line holds it.
        yield "".join(f"id: {each.id}\nevent: {each.name}\ndata: {each.text}\n\n" for each in some).encode()
