"""An answer that stands still in a state of one's choice."""

from mom.mixture.events import ImageProgress, ImageQueued
from tests.chats.stage import Stage
from tests.scripted import Gate, ScriptedImageModel, ScriptedLabelModel, ScriptedLanguageModel

CLASSIFYING, PREFILL, STREAMING, WRITING_THE_PROMPT, QUEUED, DENOISING = (
    "classifying", "prefill", "streaming", "writing the prompt", "queued", "denoising",
)  # fmt: skip


def hold(stage: Stage, state: str) -> Gate:
    """Make the next answer stand still in that state."""
    gate = Gate()
    if state == CLASSIFYING:
        stage.parts.small_llm = ScriptedLabelModel(steps=[gate])
        return gate
    if state in (PREFILL, STREAMING):
        stage.parts.large_llm = ScriptedLanguageModel([gate] if state == PREFILL else ["so far", gate])
        return gate
    stage.parts.small_llm = ScriptedLabelModel(0.98)
    if state == WRITING_THE_PROMPT:
        stage.parts.large_llm = ScriptedLanguageModel(structure=[gate])
    else:
        steps = [ImageQueued(2), gate] if state == QUEUED else [ImageProgress(1, 4, "data:,"), gate]
        stage.parts.image_model = ScriptedImageModel(steps)
    return gate
