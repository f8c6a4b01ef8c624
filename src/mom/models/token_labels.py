"""llama.cpp reads a label as the probabilities of one token: the quickest way, and the only one with real probabilities.

A grammar of token ids allows the labels and nothing else (a string grammar would also allow every token that begins a
label); a bias keeps them among the tokens that are sampled from; at temperature 1, with no other sampler, the
probabilities after sampling are the model's own, renormalised over the labels. What is drawn does not matter.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from mom.errors import ContextFullError, PartBrokenError, PartRefusedError
from mom.mixture.conversation import Message
from mom.models.upstream import Upstream
from mom.models.wire import Completion, messages_as_json

log = logging.getLogger(__name__)

BIAS = 100
LEAST_SUM, MOST_SUM = 0.5, 1.01  # other sums over all labels: the server kept to no grammar, or tells no probabilities


class _Tokens(BaseModel):
    tokens: list[int]


class OtherModelError(ValueError):
    """The labels' tokens are other words: the server runs another model by now than the one that cut the labels."""


class TokenLabels:
    """The labels' tokens at one llama.cpp server."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._ids: dict[tuple[str, ...], Sequence[int] | None] = {}
        self._failures_in_a_row = 0
        self.cached_tokens: int | None = None  # of the last question's prompt; None where the server does not tell

    def reads(self, labels: Sequence[str]) -> bool:
        """Were these labels asked for and found readable, up to now?"""
        return self._ids.get(tuple(labels)) is not None

    def distrust(self, labels: Sequence[str], why: object) -> None:
        """Read these labels as tokens no more."""
        log.warning("%s is asked for JSON from now on, as %s", self._upstream.server.words, why)
        self._ids[tuple(labels)] = None

    async def weigh(self, messages: Sequence[Message], labels: Sequence[str]) -> dict[str, float] | None:
        """The probability of each label, or None where this server and these labels cannot be asked so."""
        model = await self._upstream.model()
        try:
            ids = await self._token_ids(model, tuple(labels))
            if ids is None:
                return None
            body = _request(model, messages, ids)
            answer = await self._upstream.post(f"{self._upstream.base_url}/chat/completions", body)
            completion = Completion.model_validate(answer)
            self.cached_tokens = completion.timings.cache_n if completion.timings else None
            weights = _read_weights(completion, dict(zip(ids, labels, strict=True)))
        except ContextFullError:
            raise
        except (PartRefusedError, PartBrokenError, ValueError) as error:
            self._failures_in_a_row += 1
            # A server that is being started anew breaks off once; it is no reason to ask it the slow way ever after.
            if not isinstance(error, PartBrokenError | OtherModelError) or self._failures_in_a_row > 1:
                self.distrust(labels, f"it cannot weigh tokens: {error}")
            elif isinstance(error, OtherModelError):
                log.info("%s has another model by now: %s", self._upstream.server.words, error)
                self._ids.pop(tuple(labels), None)
            return None
        self._failures_in_a_row = 0
        return weights

    async def _token_ids(self, model: str, labels: tuple[str, ...]) -> Sequence[int] | None:
        if labels not in self._ids:
            tokens = [await self._tokens(model, label) for label in labels]
            firsts = [some[0] for some in tokens if len(some) == 1]
            self._ids[labels] = firsts if len(set(firsts)) == len(labels) else None
            if self._ids[labels] is None:
                words = ", ".join(f"{label!r} is {len(some)}" for label, some in zip(labels, tokens, strict=True))
                self.distrust(labels, f"not each label is one token: {words}")
        return self._ids[labels]

    async def _tokens(self, model: str, label: str) -> list[int]:
        # A llama.cpp that serves several models has to be told which one's tokens are meant.
        body = {"model": model, "content": label, "add_special": False, "parse_special": False}
        answer = await self._upstream.post(f"{self._upstream.root}/tokenize", body)
        try:
            return _Tokens.model_validate(answer).tokens
        except ValidationError as error:
            raise self._upstream.broken("answered what no tokenizer answers") from error


def _request(model: str, messages: Sequence[Message], ids: Sequence[int]) -> dict[str, Any]:
    return {
        "model": model,
        "messages": messages_as_json(messages),
        "max_tokens": 1,
        "grammar": "root ::= " + " | ".join(f"<[{token}]>" for token in ids),
        "logit_bias": [[token, BIAS] for token in ids],
        "samplers": ["temperature"],
        "temperature": 1,
        "n_probs": len(ids),
        "logprobs": True,
        "top_logprobs": len(ids),
        "post_sampling_probs": True,
        "cache_prompt": True,
        "chat_template_kwargs": {"enable_thinking": False},
    }


def _read_weights(completion: Completion, labels: Mapping[int, str]) -> dict[str, float]:
    """Raises `ValueError` where the answer does not hold the labels' probabilities."""
    positions = completion.positions
    offered = (positions[0].top_probs or []) if positions else []
    weights = dict.fromkeys(labels.values(), 0.0)
    for token in offered:
        if token.id is not None and token.id in labels and token.prob is not None:
            label = labels[token.id]
            if token.token.strip() != label:
                raise OtherModelError(f"the token of {label!r} is {token.token!r}")
            weights[label] = token.prob
    total = sum(weights.values())
    if not LEAST_SUM <= total <= MOST_SUM:  # also where it is not a number
        msg = f"the labels have {total:.3f} of the probability"
        raise ValueError(msg)
    return {label: weight / total for label, weight in weights.items()}
