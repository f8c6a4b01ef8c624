"""Where a text answer may be begun before the verdict (mixture/speculation.py): what a dropped one costs, and whom."""

from enum import StrEnum
from urllib.parse import urlsplit

from mom.models.endpoints import is_loopback
from mom.models.part_sources import Parts
from mom.models.parts import Endpoint, PartName


class Speculative(StrEnum):
    AUTO = "auto"
    ON = "on"
    OFF = "off"


def speculation_pays(choice: Speculative, parts: Parts) -> bool:
    """`auto`: where the large LLM runs on this machine, so that no tokens are paid for.

    Never where one local server plays both parts: its slot would be busy with the answer, and the verdict would wait.
    """
    small, large = (part.endpoint if (part := parts.get(name)) else None for name in _BOTH)
    if choice is Speculative.OFF or small is None or large is None:
        return False
    is_local = is_loopback(large)
    if is_local and _server(small) == _server(large):
        return False
    return is_local or choice is Speculative.ON


_BOTH = (PartName.SMALL_LLM, PartName.LARGE_LLM)


def _server(endpoint: Endpoint) -> str:
    return urlsplit(endpoint.base_url).netloc.rpartition("@")[2].replace("localhost", "127.0.0.1")
