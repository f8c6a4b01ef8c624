"""What a server wants back of what its model thought, where that may call tools: some demand it, others refuse the field.

| server | what it does |
|---|---|
| DeepSeek, Moonshot | refuse an answer that is sent back without `reasoning_content`, Moonshot also with an empty one |
| Gemini 3 | refuses calls the first of which has no signature in `extra_content`; a fixed one stands for a lost one |
| Gemini 3 at OpenRouter | looks for that signature in the message's `reasoning_details` |
| Groq, Cerebras, Mistral | refuse fields that they do not know, by name |

Many programs keep neither field, which is why a refusal is answered by asking once more.
Sources: api-docs.deepseek.com/guides/thinking_mode, ai.google.dev/gemini-api/docs/thought-signatures (its FAQ).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Entry = Mapping[str, Any]

NO_THOUGHT = " "
SKIP_SIGNATURE = "skip_thought_signature_validator"
NO_SIGNATURE = {"google": {"thought_signature": SKIP_SIGNATURE}}
NO_DETAIL = {"type": "reasoning.encrypted", "data": SKIP_SIGNATURE, "format": "google-gemini-v1", "index": 0}
_FIELDS = ("reasoning_content", "reasoning", "reasoning_details", "extra_content")
# By a field, the words in a refusal that speak of it.
_DEMANDS = {
    "reasoning_content": "reasoning_content",
    "extra_content": "thought_signature",
    "reasoning_details": "reasoning details",
}
_DEMANDED = re.compile(r"missing|must be passed back|require", re.IGNORECASE)


class ThoughtsBack:
    """What one server was found to demand and to refuse."""

    def __init__(self) -> None:
        self._refused: set[str] = set()
        self._demanded: set[str] = set()

    def fit(self, messages: Sequence[Entry]) -> list[Entry]:
        """OpenAI's messages with what is demanded, and without what is refused."""
        return [self._fit_answer(message) if message.get("role") == "assistant" else message for message in messages]

    def learn_demand(self, words: str) -> bool:
        """Note what a refusal in these words misses; is it news?"""
        if not _DEMANDED.search(words):
            return False
        news = {field for field, name in _DEMANDS.items() if name in words} - self._demanded
        self._demanded |= news
        return bool(news)

    def learn_refusal(self, messages: Sequence[Entry], words: str) -> str | None:
        """Note the field of `messages` that a refusal in these words is about, and give its name."""
        entries = [entry for message in messages for entry in (message, *(message.get("tool_calls") or ()))]
        for name in _FIELDS:
            is_sent = name not in self._refused and any(name in entry for entry in entries)
            if is_sent and re.search(rf"\b{name}\b", words):
                self._refused.add(name)
                return name
        return None

    def _fit_answer(self, message: Entry) -> Entry:
        fitting = self._without_refused(message)
        # A refusal that quotes the thought may read like a demand by chance: "I require the weather".
        demanded = self._demanded - self._refused
        if "reasoning_content" in demanded and not fitting.get("reasoning_content"):
            fitting["reasoning_content"] = NO_THOUGHT
        if calls := [self._without_refused(call) for call in message.get("tool_calls") or ()]:
            if "extra_content" in demanded and not calls[0].get("extra_content"):
                calls[0]["extra_content"] = NO_SIGNATURE
            if "reasoning_details" in demanded:
                fitting["reasoning_details"] = [{**NO_DETAIL, "id": calls[0]["id"]}]
            fitting["tool_calls"] = calls
        return fitting

    def _without_refused(self, entry: Entry) -> dict[str, Any]:
        return {name: value for name, value in entry.items() if name not in self._refused}
