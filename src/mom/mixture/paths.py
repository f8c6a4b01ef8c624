"""The diagram: a message takes the image message path or the default message path, and an answer streams out.

::

    /image …          → image model (it begins from a picture that is attached, if it can)
    attached picture  → vision LLM (one that was drawn here: its record is taken up as the last picture, and is
                        what the large LLM is asked with where no vision LLM is set up)
    anything else     → classifier ─ needs text  → large LLM: text
                                   └ needs image → large LLM: image prompt → image model

While the small LLM is the classifier that is asked, the text answer may be begun already (speculation.py).
"""

import re
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

from mom.errors import EmptyMessageError, UnknownCommandError
from mom.mixture.classifier import Classifier, tell_nobody
from mom.mixture.conversation import Conversation, Drawing
from mom.mixture.events import AnswerEvent, Routed, ToolCallDelta, TurnFinished
from mom.mixture.follow_up import carry_over
from mom.mixture.image_pipeline import draw_images
from mom.mixture.needs_image import write_image_prompts
from mom.mixture.needs_text import stream_text
from mom.mixture.ports import DrawingRequest, Ended, ImageModel, LanguageModel, PictureKeeper, SamplingOptions, Written
from mom.mixture.speculation import EarlyAnswer
from mom.mixture.text_files import own_words, split_files
from mom.mixture.verdict import DecidedBy, Need, Verdict, certain

# A path such as /etc/hosts is no command: after the word comes white space or the end.
_COMMAND = re.compile(r"/(?P<name>[a-zA-Z]+)(?:\s+(?P<rest>.*))?$", re.DOTALL)
COMMANDS: Mapping[str, Need] = {"image": Need.IMAGE, "text": Need.TEXT}
TextAnswer = EarlyAnswer[Written]
AnswerItem = AnswerEvent | ToolCallDelta | TurnFinished


def _never() -> bool:
    return False


VISION = "vision_llm"  # the expert for what is to be seen
FILES_UNREAD = (
    "No LLM reads along after /image, so what you attached as text was not used. "
    "Ask for the picture without /image to have it read first."
)


@dataclass(frozen=True)
class Mixture:
    """The models that answer, each behind its port. `vision_llm` raises when asked where none is set up.

    `may_speculate` says whether the large LLM may begin a text answer while the small LLM still decides, `can_see` whether a
    vision LLM is set up.
    """

    classifier: Classifier
    large_llm: LanguageModel
    vision_llm: LanguageModel
    image_model: ImageModel
    pictures: PictureKeeper
    may_speculate: Callable[[], bool] = _never
    can_see: Callable[[], bool] = _never


class Stopwatch:
    """Milliseconds since the answer began, noted by name when something happens for the first time."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.marks: dict[str, float] = {}

    def mark(self, name: str) -> None:
        self.marks.setdefault(name, round((time.perf_counter() - self._started) * 1000, 1))


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a caller may fix in advance. `need` overrules the classifier; `anew`: the last answer to this was not liked."""

    need: Need | None = None
    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    drawing: DrawingRequest = field(default_factory=DrawingRequest)
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A message that names its need itself: `/image PROMPT` or `/text MESSAGE`."""

    name: str
    need: Need
    words: str


def read_command(content: str) -> Command | None:
    """The command at the beginning of a message's own words, or None. Raises `InputError`s where it cannot be carried out."""
    found = _COMMAND.match(own_words(content).strip())
    if found is None:
        return None
    name, words = found["name"], (found["rest"] or "").strip()
    need = COMMANDS.get(name.lower())
    if need is None:
        raise UnknownCommandError(
            f"There is no command /{name}. There are /image PROMPT, which draws, and /text MESSAGE, which answers in "
            "words. To send the message as it is, begin it with a different character.",
            param="content",
        )
    if not words:
        raise EmptyMessageError(f"Write what you want after /{name}.", param="content")
    return Command(name, need, words)


async def answer(
    conversation: Conversation, mixture: Mixture, wishes: Wishes | None = None
) -> AsyncGenerator[AnswerItem]:
    """Answer the conversation's last message. The last event is `TurnFinished`; failures are raised as `MomError`s."""
    wishes = wishes or Wishes()
    watch = Stopwatch()
    command = read_command(conversation.last.content)
    files, _ = split_files(conversation.last.content)
    asked = conversation.with_last_words(files + command.words) if command else conversation
    # A picture from elsewhere in the last message is for the vision LLM even where none is set up: its error says what to do.
    shown = asked if mixture.can_see() else asked.taking_up_records()
    is_to_be_seen = bool(shown.last.attachments) or (asked.is_about_a_picture and mixture.can_see())
    speaker = mixture.vision_llm if is_to_be_seen else mixture.large_llm
    spoken = asked if is_to_be_seen else asked.without_pictures()
    async with aclosing(TextAnswer(partial(stream_text, spoken, speaker, wishes.sampling))) as text:
        verdict = await reach_verdict(
            conversation,
            mixture.classifier,
            wishes.need,
            tell_nobody if is_to_be_seen else partial(_speculate, text, mixture.may_speculate),
        )
        watch.mark("routed_ms")
        if verdict.need is Need.IMAGE:
            await text.aclose()
        if verdict.need is Need.TEXT and is_to_be_seen:
            verdict = replace(verdict, expert=VISION)
        yield Routed(verdict)

        steps: AsyncGenerator[AnswerEvent | Written]
        if verdict.need is Need.TEXT:
            steps = _answer_with_text(text, watch)
        elif command and command.need is Need.IMAGE:  # the image message path: no LLM is asked
            request = replace(wishes.drawing, prompt=command.words)
            steps = _answer_with_images([request], conversation, mixture, FILES_UNREAD if files else "")
        else:
            steps = _write_prompt_then_draw(asked.taking_up_records(), mixture, wishes, watch)
        async with aclosing(steps):
            ended = Ended("stop")
            async for step in steps:
                if isinstance(step, Ended):
                    ended = step
                else:
                    yield step
    watch.mark("total_ms")
    yield TurnFinished(ended.finish_reason, ended.usage, watch.marks)


async def reach_verdict(
    conversation: Conversation,
    classifier: Classifier,
    need: Need | None = None,
    on_asking: Callable[[str], None] = tell_nobody,
) -> Verdict:
    """What the last message needs: by a person's word, by the form of the message, or by the classifier."""
    command = read_command(conversation.last.content)
    if need is not None:
        return certain(need, DecidedBy.CORRECTION, "it was asked for")
    if conversation.last.tool_steps:
        return certain(Need.TEXT, DecidedBy.TOOL, "a tool has given its result")
    if command is not None:
        return certain(command.need, DecidedBy.COMMAND, f"the message begins with /{command.name}")
    asked = conversation.taking_up_records().in_own_words()
    if asked.last.attachments:
        return certain(Need.TEXT, DecidedBy.ATTACHMENT, "a picture is attached")
    if not asked.last.content.strip():
        return wordless_verdict(conversation)
    return await classifier.classify(asked, on_asking)


def wordless_verdict(conversation: Conversation) -> Verdict:
    """What is needed where there is a file or a picture of MoM's, and no word of the person's."""
    if conversation.last.content.strip():
        return certain(Need.TEXT, DecidedBy.ATTACHMENT, "a file is attached, without a word")
    return certain(Need.IMAGE, DecidedBy.ATTACHMENT, "a picture that was drawn here is attached, without a word")


def _speculate(text: TextAnswer, may_speculate: Callable[[], bool], stage: str) -> None:
    """Begin the text answer where the classifier asks the small LLM: no other stage is slow enough to be worth it."""
    if stage == DecidedBy.SMALL_LLM and may_speculate():
        text.begin()


async def _answer_with_text(text: TextAnswer, watch: Stopwatch) -> AsyncGenerator[Written]:
    async with aclosing(text.read()) as items:
        async for item in items:
            watch.mark("first_token_ms")
            yield item


async def _write_prompt_then_draw(
    conversation: Conversation, mixture: Mixture, wishes: Wishes, watch: Stopwatch
) -> AsyncGenerator[AnswerEvent | Ended]:
    if conversation.last.attachments:  # begun from instead of the picture that was drawn last
        conversation = conversation.since_last_drawing()
    last, is_wordless = conversation.last_drawing, not conversation.last.content.strip()
    if is_wordless and last is None:
        raise EmptyMessageError("Write what is to be drawn: a picture alone does not say it.", param="content")
    if last and is_wordless:  # its record alone: the same picture again
        seed = last.seed if wishes.drawing.seed is None and not wishes.anew else wishes.drawing.seed
        requests = [replace(wishes.drawing, prompt=last.prompt, seed=seed)]
    else:
        prompts = await write_image_prompts(conversation, mixture.large_llm)
        watch.mark("image_prompt_ms")
        last = last and await _find(last, mixture.pictures)
        requests = [_wished(prompt, number, last, wishes) for number, prompt in enumerate(prompts)]
    async with aclosing(_answer_with_images(requests, conversation, mixture)) as events:
        async for event in events:
            yield event


def _wished(prompt: str, number: int, last: Drawing | None, wishes: Wishes) -> DrawingRequest:
    """The request for the picture with this number, from 0, of those that the message asks for: the first alone keeps a seed."""
    request = replace(wishes.drawing, prompt=prompt).further(number)
    return carry_over(request, last, anew=wishes.anew or number > 0) if last else request


async def _find(drawing: Drawing, pictures: PictureKeeper) -> Drawing:
    """The same with its file, where that is kept, and with its seed, which a program's conversation does not tell."""
    if drawing.png or not drawing.image_id:
        return drawing
    kept = await pictures.read(drawing.image_id)
    return replace(drawing, seed=kept.seed, png=kept.png) if kept else drawing


async def _answer_with_images(
    requests: Sequence[DrawingRequest], conversation: Conversation, mixture: Mixture, remark: str = ""
) -> AsyncGenerator[AnswerEvent | Ended]:
    words, attached = own_words(conversation.last.content), conversation.last.attachments
    drawing = draw_images(
        requests, mixture.image_model, mixture.pictures, words=words, attached=attached, remark=remark
    )
    async with aclosing(drawing) as events:
        async for event in events:
            yield event
