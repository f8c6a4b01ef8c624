"""Parts a model's thinking from its answer where its server leaves both in one text: `<think>…</think>answer`."""

from mom.mixture.events import ReasoningDelta, TextDelta

OPENING, CLOSING = "<think>", "</think>"


class ThinkingSplitter:
    """Fed with a text in pieces, gives it back as thinking and answer; a tag may be cut anywhere.

    Thinking comes before the answer: once a word has been answered, `<think>` is a word like any other, so that an
    answer may speak about it.
    """

    def __init__(self) -> None:
        self._held = ""
        self._is_thinking = False
        self._has_thought = False
        self._is_answering = False

    def feed(self, text: str) -> list[TextDelta | ReasoningDelta]:
        """The deltas that are certain by now."""
        self._held += text
        deltas: list[TextDelta | ReasoningDelta] = []
        while self._held:
            before = self._held
            delta = self._think() if self._is_thinking else self._answer()
            if delta is not None:
                deltas.append(delta)
            elif self._held == before:
                break
        return deltas

    def end(self) -> list[TextDelta | ReasoningDelta]:
        """What was still held back when the text ended."""
        held, self._held = self._held, ""
        if self._is_thinking:
            return [ReasoningDelta(held)] if held else []
        return [TextDelta(held)] if held.strip() else []

    def _think(self) -> ReasoningDelta | None:
        thought, tag, rest = self._held.partition(CLOSING)
        if tag:
            self._is_thinking = False
            self._held = rest
        else:
            kept = _cut_tag_length(thought, CLOSING)
            thought, self._held = thought[: len(thought) - kept], thought[len(thought) - kept :]
        return ReasoningDelta(thought) if thought else None

    def _answer(self) -> TextDelta | None:
        if not self._is_answering:
            words = self._held.lstrip()
            if words.startswith(OPENING):
                self._is_thinking = self._has_thought = True
                self._held = words.removeprefix(OPENING)
                return None
            if OPENING.startswith(words):
                return None
            self._is_answering = True
            self._held = words if self._has_thought else self._held  # the blank lines belong to the tag
        text, self._held = self._held, ""
        return TextDelta(text)


def _cut_tag_length(text: str, tag: str) -> int:
    """How many characters at the end of `text` may be the beginning of `tag`."""
    return next((size for size in range(len(tag) - 1, 0, -1) if text.endswith(tag[:size])), 0)


def answer_without_thinking(text: str) -> str:
    """The answer of a whole reply."""
    splitter = ThinkingSplitter()
    deltas = [*splitter.feed(text), *splitter.end()]
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))
