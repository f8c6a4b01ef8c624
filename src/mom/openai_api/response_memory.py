"""What a request to `/v1/responses` refers to: the responses that it goes on from, and items of earlier ones by their ids."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from mom.errors import MessageTooLongError, NoSuchResponseError, NotFoundError
from mom.openai_api.response_body import ResponseBody
from mom.openai_api.response_ids import PICTURE, key_of, response_of
from mom.openai_api.response_input import InputItem, Placed
from mom.openai_api.services import Services

PREVIOUS = "previous_response_id"
_ITEMS = TypeAdapter(list[InputItem])


@dataclass(frozen=True, slots=True)
class Recalled:
    """A whole conversation: `earlier` is what the responses before it hold, `asked` what the request itself does, with the items
    that it refers to. `goes_on_from` is the newest response that either knows of.
    """

    earlier: Sequence[Placed]
    asked: Sequence[Placed]
    previous_id: str | None
    goes_on_from: str | None

    @property
    def items(self) -> list[Placed]:
        return [*self.earlier, *self.asked]


def recall(body: ResponseBody, known: Services, owner_id: str) -> Recalled:
    """Raises `NoSuchResponseError`, `MessageTooLongError`, and `NotFoundError` for an item; of another person's as of none."""
    previous_id = key_of(body.previous_response_id) if body.previous_response_id is not None else None
    earlier = _read_chain(previous_id, known, owner_id) if previous_id is not None else []
    wanted = list(dict.fromkeys(item.id or "" for item in body.input if item.type == "item_reference"))
    found = _find_items(wanted, known, owner_id)
    answered = [response for name in wanted if (response := response_of(name))]
    asked = list(_resolve(body.input, found, {item.id for _, item in earlier}))
    return Recalled(earlier, asked, previous_id, previous_id or (answered[-1] if answered else None))


def _read_chain(previous_id: str, known: Services, owner_id: str) -> list[Placed]:
    try:
        chain = known.kept_responses.chain(owner_id, previous_id)
    except NotFoundError as error:
        raise NoSuchResponseError(
            f"{error.message} Leave {PREVIOUS} out, and send the earlier items as input.", param=PREVIOUS
        ) from error
    except MessageTooLongError as error:
        raise MessageTooLongError(error.message, param=PREVIOUS) from error
    return [(PREVIOUS, item) for item in _ITEMS.validate_python(chain)]


def _find_items(ids: Sequence[str], known: Services, owner_id: str) -> Mapping[str, InputItem]:
    """Those that are there. A picture is found as long as it is kept itself."""
    responses = {response for name in ids if (response := response_of(name))}
    given = _ITEMS.validate_python(known.kept_responses.outputs(owner_id, responses))
    found = {item.id: item for item in given if item.id}
    pictures = [name.removeprefix(PICTURE) for name in ids if name.startswith(PICTURE)]
    for image_id, prompt in known.pictures.prompts_of(owner_id, pictures).items():
        name = PICTURE + image_id
        found[name] = InputItem(type="image_generation_call", id=name, revised_prompt=prompt or None)
    return found


def _resolve(
    items: Iterable[InputItem], found: Mapping[str, InputItem], there_already: set[str | None]
) -> Iterable[Placed]:
    """The items, in place of references what they refer to: each once, as the Vercel AI SDK refers to a picture twice."""
    for number, item in enumerate(items):
        if item.type != "item_reference":
            yield f"input.{number}", item
        elif (meant := found.get(item.id or "")) is None:
            raise NotFoundError(
                f"There is no item {item.id}, or it was deleted. Send it as it came (the Vercel AI SDK does with store: false).",
                param=f"input.{number}",
            )
        elif item.id not in there_already:
            there_already.add(item.id)
            yield f"input.{number}", meant
