import time
from email.utils import formatdate

import httpx
import pytest

from mom.errors import (
    BusyError,
    ContextFullError,
    PartBrokenError,
    PartRefusedError,
    PartUnavailableError,
    RequestRefusedError,
)
from mom.models.parts import PartName
from mom.models.refusals import RETRY_AFTER_S, WORDS_CHARS, Answer, Server, refusal, retry_after_s, upstream_words

SERVER = Server(PartName.LARGE_LLM, "example.org", "qwen3:8b", "Zx81.private.4711")


def error_of(status: int, body: str, **headers: str):
    return refusal(Answer(SERVER, status, httpx.Headers(headers), body))


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, '{"error": {"message": "no such field"}}', RequestRefusedError, "no such field"),
        (400, '{"error": "Ollama\'s short form"}', RequestRefusedError, "short form"),
        (400, '{"object": "error", "message": "vLLM\'s form"}', RequestRefusedError, "vLLM's form"),
        (400, '[{"error": {"code": 400, "message": "Google\'s form"}}]', RequestRefusedError, "request: Google's form"),
        (
            400,
            '{"error": {"message": "Provider error", "metadata": {"raw": "{\\"error\\": {\\"message\\": \\"no such\\"}}"}}}',
            RequestRefusedError,
            "Provider error: no such",
        ),
        (400, '{"error": {"message": "Provider error", "metadata": {"raw": "<p>"}}}', RequestRefusedError, "error"),
        (
            500,
            '{"error": "OutOfMemoryError", "detail": "", "body": "", "errors": "CUDA out of memory."}',
            PartBrokenError,
            "CUDA out of memory.",
        ),
        (
            404,
            '{"error": "HTTPException", "detail": "Sampler not found", "body": "", "errors": ""}',
            PartRefusedError,
            "Sampler not found",
        ),
        (422, '{"detail": [{"loc": ["body", "n"], "msg": "bad"}]}', RequestRefusedError, '"msg": "bad"'),
        (
            400,
            '{"error": {"type": "exceed_context_size_error", "message": "x"}}',
            ContextFullError,
            "longer than qwen3:8b",
        ),
        (400, '{"error": {"code": "context_length_exceeded", "message": "x"}}', ContextFullError, "begin a new chat"),
        (
            400,
            '{"error": "the prompt is longer than the context length currently available"}',
            ContextFullError,
            "longer",
        ),
        (
            400,
            '{"error": {"message": "The decoder prompt (length 5000) is longer than the maximum model length of 4096."}}',
            ContextFullError,
            "longer",
        ),
        (
            400,
            '{"error": "This model\'s maximum prompt length is 131072 but the request contains 136973 tokens."}',
            ContextFullError,
            "longer",
        ),
        (500, '{"error": {"message": "the request exceeds the available context size"}}', ContextFullError, "longer"),
        (401, "{}", PartRefusedError, "does not accept its key: give another"),
        (403, "context length", PartRefusedError, "See what its key may do"),
        (
            403,
            '{"error": {"message": "Not in your region."}}',
            PartRefusedError,
            "forbids this: Not in your region. See",
        ),
        (404, '{"error": {"message": "model \'qwen3:8b\' not found"}}', PartRefusedError, "ollama pull qwen3:8b"),
        (404, '{"detail": "Not Found"}', PartRefusedError, "end in /v1"),
        (429, '{"error": {"code": "insufficient_quota", "message": "pay"}}', PartRefusedError, "pay"),
        (429, '{"error": "slower"}', BusyError, "slower"),
        (503, '{"error": {"message": "Loading model"}}', PartUnavailableError, "still loading"),
        (503, '{"error": "server busy, please try again"}', BusyError, "busy"),
        (503, "", PartUnavailableError, "not available now"),
        (502, "<html>Bad Gateway</html>", PartUnavailableError, "gateway: HTTP 502"),
        (
            500,
            '{"error": {"message": "image input is not supported"}}',
            PartBrokenError,
            "image input is not supported",
        ),
        (302, "", PartBrokenError, "HTTP 302"),
    ],
)
def test_each_refusal_becomes_the_error_it_means(status, body, kind, words):
    error = error_of(status, body)

    assert type(error) is kind
    assert words in error.message


def test_a_missing_key_is_asked_for():
    keyless = Server(PartName.SMALL_LLM, "example.org", "m", None)

    error = refusal(Answer(keyless, 401, httpx.Headers(), "{}"))

    assert error.message == (
        'The small LLM (m at example.org) wants a key: give one under "Change" on the page, or set MOM_API_KEY_SMALL_LLM '
        "and start MoM again."
    )


@pytest.mark.parametrize("secret", ["Zx81.private.4711", "sk-abcdef123456", "hf_abcdefgh", "Bearer abc.def"])
def test_no_key_is_ever_repeated(secret):
    assert secret.split()[-1] not in error_of(400, f'{{"error": "you sent {secret} to us"}}').message


def test_long_words_are_cut():
    assert len(error_of(400, '{"error": "' + "word " * 500 + '"}').message) < WORDS_CHARS + 100


def test_deeply_nested_json_is_no_danger():
    assert upstream_words("[" * 100_000) == "[" * 100_000
    assert len(error_of(400, "[" * 100_000).message) < WORDS_CHARS + 100


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), ("0.2", 1), ("999999", 3600), ("soon", RETRY_AFTER_S), ("", RETRY_AFTER_S), ("-4", RETRY_AFTER_S)],
)
def test_retry_after_is_read_and_bounded(value, seconds):
    assert retry_after_s(httpx.Headers({"retry-after": value})) == seconds


def test_retry_after_may_be_a_date():
    in_a_minute = formatdate(time.time() + 60, usegmt=True)

    assert 50 <= retry_after_s(httpx.Headers({"retry-after": in_a_minute})) <= 60
