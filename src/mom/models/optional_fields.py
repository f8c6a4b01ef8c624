"""Request fields that a server may do without: one that it refuses by name is left out from then on.

Hosted models differ: OpenAI's reasoning models refuse `temperature` and call `max_tokens` by another name, Mistral
refused `stream_options`, few know `chat_template_kwargs`. Of the fields inside of messages `thoughts_back` knows.
"""

import json
import logging
import re
from collections.abc import Mapping
from typing import Any

from mom.models.thoughts_back import ThoughtsBack

log = logging.getLogger(__name__)

OTHER_NAMES = {"max_tokens": "max_completion_tokens"}
TOGETHER = {"logprobs": {"top_logprobs"}}
OPTIONAL = (
    "max_tokens",
    "temperature",
    "top_p",
    "seed",
    "stream_options",
    "logprobs",
    "top_logprobs",
    "chat_template_kwargs",
    "cache_prompt",
    "think",
)
CALLERS_OWN = ("tools", "response_format")
_UNKNOWN = re.compile(
    r"unsupported|not.{0,20}(support|enabled)|unknown|unrecognized|unexpected|extra|not permitted|not allowed",
    re.IGNORECASE,
)


class OptionalFields:
    """What one server was found to refuse, and what it demands in messages."""

    def __init__(self) -> None:
        self._refused: set[str] = set()
        self._thoughts = ThoughtsBack()

    def fit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`body` without the refused fields, or with their other names."""
        renamed = {OTHER_NAMES.get(name, "") if name in self._refused else name: value for name, value in body.items()}
        fitting = {name: value for name, value in renamed.items() if name}
        if "messages" in fitting:
            fitting["messages"] = self._thoughts.fit(fitting["messages"])
        return fitting

    def learn(self, body: Mapping[str, Any], words: str) -> bool:
        """Note the optional field of `body` that a refusal in these words is about, or what it misses; is there one?

        A name that stands in a caller's schema too (of a tool that tells the temperature) may be meant there.
        """
        if self._thoughts.learn_demand(words):
            log.warning("the server at hand wants thoughts back, and gets none for those that are lost: %s", words)
            return True
        if not _UNKNOWN.search(words):
            return False
        if name := self._thoughts.learn_refusal(body.get("messages", ()), words):
            log.warning("the server at hand refuses %r in messages, which is left out from now on: %s", name, words)
            return True
        schemas = json.dumps([body.get(name) for name in CALLERS_OWN])
        for name in OPTIONAL:
            if f'"{name}"' in schemas:
                continue
            if name in body and name not in self._refused and re.search(rf"\b{name}\b", words, re.IGNORECASE):
                log.warning("the server at hand refuses %r, which is left out from now on: %s", name, words)
                self._refused |= {name} | TOGETHER.get(name, set())
                return True
        return False
