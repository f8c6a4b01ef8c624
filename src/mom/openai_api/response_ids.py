"""Ids of responses and of their items. An item's names its response, so that it is found without a list of all items."""

import re
from collections.abc import Mapping

RESPONSE = "resp_"
PICTURE = "ig_"  # before the id of a picture that is kept
REASONING = "rs_"
PREFIXES: Mapping[str, str] = {
    "message": "msg_",
    "reasoning": REASONING,
    "function_call": "fc_",
    "function_call_output": "fco_",
}
_RESPONSE = re.compile(rf"{RESPONSE}([0-9a-f]{{32}})")
_ITEM = re.compile(r"[a-z]+_([0-9a-f]{32})_out[0-9]+")


def input_id(kind: str, response_id: str, number: int) -> str:
    """Of the item of that type and number among those that the response answers."""
    return f"{PREFIXES[kind]}{response_id}_in{number}"


def output_id(kind: str, response_id: str, number: int) -> str:
    return f"{PREFIXES[kind]}{response_id}_out{number}"


def response_of(item_id: str) -> str | None:
    """The response that gave the item, if this is the id of one."""
    found = _ITEM.fullmatch(item_id)
    return found[1] if found else None


def key_of(response_id: str) -> str:
    """What the response is kept under; empty, as nothing is kept under, where this is no response's id."""
    found = _RESPONSE.fullmatch(response_id)
    return found[1] if found else ""
