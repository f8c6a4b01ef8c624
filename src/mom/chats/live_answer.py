"""One answer while it is being made: what has been shown of it so far."""

from dataclasses import asdict, dataclass, field
from typing import Any

from mom.mixture.events import (
    AnswerEvent,
    Image,
    ImageFinished,
    ImageProgress,
    ImagePromptWritten,
    ReasoningDelta,
    Routed,
    TextDelta,
)
from mom.mixture.verdict import Verdict


@dataclass
class LiveAnswer:
    """Grows by events. `preview` is what is shown in place of a picture that is not finished; `verdict_is_stored` is the
    database's mark.
    """

    verdict: Verdict | None = None
    image_prompt: str = ""
    preview: str = ""
    images: list[Image] = field(default_factory=list)
    verdict_is_stored: bool = False
    _content: list[str] = field(default_factory=list)
    _reasoning: list[str] = field(default_factory=list)

    def take(self, event: AnswerEvent) -> bool:
        """Take an event in; true where the answer has grown by something that is to be stored."""
        match event:
            case TextDelta(text):
                self._content.append(text)
            case ReasoningDelta(text):
                self._reasoning.append(text)
            case Routed(verdict):
                self.verdict = verdict
            case ImagePromptWritten(prompt):
                self.image_prompt = prompt
            case ImageProgress(preview=str(preview)):
                self.preview = preview
            case ImageFinished(image):
                self.images.append(image)
                self.preview = ""
            case _:
                return False
        return True

    @property
    def content(self) -> str:
        return "".join(self._content)

    @property
    def reasoning(self) -> str:
        return "".join(self._reasoning)

    def as_json(self) -> dict[str, Any]:
        """The fields of the message's JSON that grow."""
        return {
            "content": self.content,
            "reasoning": self.reasoning,
            "image_prompt": self.image_prompt,
            "preview": self.preview,
            "images": [asdict(image) for image in self.images],
            "verdict": {**self.verdict.as_json(), "corrected_to": None} if self.verdict else None,
        }
