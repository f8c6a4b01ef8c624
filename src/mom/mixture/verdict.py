"""The verdict: does a message need a text or an image, how sure is that, and who says so."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class Need(StrEnum):
    """What a message needs as its answer."""

    TEXT = "text"
    IMAGE = "image"

    @property
    def other(self) -> "Need":
        return Need.IMAGE if self is Need.TEXT else Need.TEXT


class DecidedBy(StrEnum):
    """What reached the verdict: the form of the message, a stage of the classifier, or the default."""

    COMMAND = "command"
    ATTACHMENT = "attachment"
    TOOL = "tool"
    CORRECTION = "correction"
    BERT = "bert"
    SMALL_LLM = "small_llm"
    LARGE_LLM = "large_llm"
    """Only as a baseline that is measured: no message of a chat is classified so."""
    REGEX = "regex"
    NEAREST = "nearest"
    """Only as a baseline, too."""
    DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a message needs.

    `image_probability` lies in 0..1; `took_ms` is wall time from the question to the verdict, all stages included;
    `reason` is one clause for people; `expert` names the part that a text goes to, where it is not the large LLM.
    """

    need: Need
    image_probability: float
    decided_by: DecidedBy
    took_ms: float
    reason: str
    expert: str | None = None

    @property
    def confidence(self) -> float:
        """The probability of the need that was chosen, 0..1."""
        return self.image_probability if self.need is Need.IMAGE else 1.0 - self.image_probability

    def as_json(self) -> dict[str, object]:
        image = round(self.image_probability, 4)
        return {
            "need": self.need.value,
            "confidence": round(self.confidence, 4),
            "probabilities": {"text": round(1.0 - image, 4), "image": image},
            "decided_by": self.decided_by.value,
            "took_ms": round(self.took_ms, 2),
            "reason": self.reason,
            "expert": self.expert,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The verdict that `as_json` has written, rounded as it was there."""
        return cls(
            need=Need(value["need"]),
            image_probability=value["probabilities"]["image"],
            decided_by=DecidedBy(value["decided_by"]),
            took_ms=value["took_ms"],
            reason=value["reason"],
            expert=value["expert"],
        )


def certain(need: Need, decided_by: DecidedBy, reason: str) -> Verdict:
    """A verdict that leaves no doubt: by the message's form, or because a person said so."""
    return Verdict(
        need=need,
        image_probability=1.0 if need is Need.IMAGE else 0.0,
        decided_by=decided_by,
        took_ms=0.0,
        reason=reason,
    )
