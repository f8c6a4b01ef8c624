"""What a model's server refused, in MoM's errors: the upstream's own words, bounded, and never a key in them."""

import email.utils
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from mom.errors import (
    BusyError,
    ContextFullError,
    MomError,
    PartBrokenError,
    PartRefusedError,
    PartUnavailableError,
    RequestRefusedError,
)
from mom.models.parts import PartName

WORDS_CHARS = 300
RETRY_AFTER_S = 5
LONGEST_RETRY_AFTER_S = 3_600

# llama.cpp, OpenAI, then the sentences of Ollama, vLLM (two: one is about prompts with pictures), xAI, Mistral and others.
_CONTEXT_FULL = re.compile(
    r"exceed_context_size_error|context_length_exceeded|context (length|size|window)|maximum (model|prompt) length"
    r"|prompt is too long|too many tokens",
    re.IGNORECASE,
)
_MODEL_MISSING = re.compile(r"model.{0,200}(not found|does not exist)|model_not_found", re.IGNORECASE | re.DOTALL)
_KEY = re.compile(r"\b(?:sk|pk|gsk|hf|key)[-_][\w*.-]{4,}|\bBearer\s+\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Server:
    """Who is asked: the part it plays, its host for people to read, the model's name, and the key it is given."""

    part: PartName
    host: str
    model: str
    api_key: str | None

    @property
    def words(self) -> str:
        """The beginning of a sentence: `The large LLM (qwen3:8b at 127.0.0.1:11434)`."""
        return f"The {self.part.words} ({f'{self.model} at ' if self.model else ''}{self.host})"

    def without_keys(self, words: str) -> str:
        """`words` on one line, at most `WORDS_CHARS` long, with whatever looks like a key taken out."""
        if self.api_key:
            words = words.replace(self.api_key, "…")
        words = " ".join(_KEY.sub("…", words).split())
        return words if len(words) <= WORDS_CHARS else f"{words[:WORDS_CHARS]}…"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with an HTTP status of 300 or more."""

    server: Server
    status: int
    headers: httpx.Headers
    body: str

    @property
    def words(self) -> str:
        return self.server.without_keys(upstream_words(self.body)) or f"HTTP {self.status}"


def refusal(answer: Answer) -> MomError:
    """The error that `answer` means."""
    if answer.status not in _ABOUT_KEYS and _CONTEXT_FULL.search(answer.body):
        return context_full(answer.server, answer.words)
    return _BY_STATUS.get(answer.status, _by_class)(answer)


def stream_refusal(server: Server, error: object, *, has_begun: bool) -> MomError:
    """The error for an `{"error": …}` chunk in a stream that had answered 200."""
    body = json.dumps({"error": error})
    words = server.without_keys(upstream_words(body))
    if has_begun:
        return PartBrokenError(f"{server.words} failed in mid-answer: {words}", part=server.part)
    if _CONTEXT_FULL.search(body):
        return context_full(server, words)
    return PartBrokenError(f"{server.words} failed: {words}", part=server.part)


def context_full(server: Server, words: str) -> ContextFullError:
    model = server.model or f"the {server.part.words}"
    return ContextFullError(
        f"The conversation is longer than {model} can read at once ({words}). Shorten the message, attach less, or begin a new chat.",
        part=server.part,
    )


def says_model_is_missing(words: str) -> bool:
    return _MODEL_MISSING.search(words) is not None


def upstream_words(body: str) -> str:
    """The message inside an error's JSON, in the shapes that servers use, or the body itself."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return "" if body.lstrip().startswith("<") else body
    if isinstance(value, list) and len(value) == 1:  # Google's
        [value] = value
    if (
        isinstance(value, dict) and {"error", "detail", "errors"} <= value.keys()
    ):  # AUTOMATIC1111's: a class's name first
        value = value["detail"] or value["errors"] or value["error"]
    match value:
        case {"error": {"message": str(message), "metadata": {"raw": str(raw)}}}:  # OpenRouter's: its provider's inside
            return ": ".join(filter(None, (message, upstream_words(raw))))
    for key in ("error", "detail", "message"):
        while isinstance(value, dict) and key in value:
            value = value[key]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def retry_after_s(headers: httpx.Headers) -> int:
    """Seconds from `Retry-After`, a number or a date (RFC 9110, 10.2.3); a default where it is absent or unreadable."""
    value = headers.get("retry-after", "").strip()
    seconds = float(RETRY_AFTER_S)
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        seconds = float(value)
    elif value and (date := email.utils.parsedate_tz(value)):
        seconds = email.utils.mktime_tz(date) - time.time()
    return int(min(max(seconds, 1), LONGEST_RETRY_AFTER_S))


def _key_refusal(answer: Answer) -> MomError:
    server = answer.server
    what = "does not accept its key: give another" if server.api_key else "wants a key: give one"
    return PartRefusedError(f"{server.words} {what} {server.part.key_remedy}.", part=server.part)


def _forbidden(answer: Answer) -> MomError:
    """Not always about the key: OpenAI's newer models forbid `logprobs` so."""
    server = answer.server
    remedy = "See what its key may do" if server.api_key else f"Give a key {server.part.key_remedy}"
    return PartRefusedError(
        f"{server.words} forbids this: {answer.words.removesuffix('.')}. {remedy}.", part=server.part
    )


def _not_found(answer: Answer) -> MomError:
    server = answer.server
    if says_model_is_missing(answer.body):
        remedy = (
            f"With Ollama, run `ollama pull {server.model}`; otherwise correct the model's name {server.part.address_remedy}."
            if server.model
            else f"Write a model's name after the address, behind #, {server.part.address_remedy}."
        )
        words = f"{server.words} is not there: {answer.words.removesuffix('.')}. {remedy}"
    else:
        words = f"{server.words} does not know this request (HTTP 404: {answer.words}). Does its address end in /v1?"
    return PartRefusedError(words, part=server.part)


def _too_many(answer: Answer) -> MomError:
    if "insufficient_quota" in answer.body:  # waiting does not help
        return _by_class(answer)
    return BusyError(
        f"{answer.server.words} takes no more requests now: {answer.words}", retry_after_s=retry_after_s(answer.headers)
    )


def _not_now(answer: Answer) -> MomError:
    server, words = answer.server, answer.words
    if "loading" in words.lower():
        return PartUnavailableError(f"{server.words} is still loading. Try again in a moment.", part=server.part)
    if "retry-after" in answer.headers or "busy" in words.lower():
        return BusyError(f"{server.words} is busy: {words}", retry_after_s=retry_after_s(answer.headers))
    return PartUnavailableError(f"{server.words} is not available now: {words}", part=server.part)


def _gateway(answer: Answer) -> MomError:
    server = answer.server
    return PartUnavailableError(f"{server.words} cannot be reached by its gateway: {answer.words}", part=server.part)


def _by_class(answer: Answer) -> MomError:
    server = answer.server
    if 400 <= answer.status < 500:  # noqa: PLR2004 - the client errors of HTTP
        kind = RequestRefusedError if answer.status in _ABOUT_REQUESTS else PartRefusedError
        return kind(f"{server.words} refused the request: {answer.words}", part=server.part)
    return PartBrokenError(f"{server.words} failed (HTTP {answer.status}): {answer.words}", part=server.part)


_ABOUT_KEYS = frozenset({401, 403})
_ABOUT_REQUESTS = frozenset({400, 413, 422})
_BY_STATUS: Mapping[int, Callable[[Answer], MomError]] = {
    401: _key_refusal,
    403: _forbidden,
    404: _not_found,
    429: _too_many,
    502: _gateway,
    503: _not_now,
    504: _gateway,
}
