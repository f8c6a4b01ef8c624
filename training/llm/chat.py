"""The shape of a conversation as the model reads it: special tokens, the chat template, the transcript of earlier turns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mom.mixture.prompts import Excerpt, cut_middle
from training.llm.pictures import Picture

Task = Literal["route", "draw", "answer"]

ROUTE, DRAW, ANSWER = "<|route|>", "<|draw|>", "<|answer|>"
USER, ASSISTANT, END, PAD = "<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"
SPECIAL = (PAD, END, USER, ASSISTANT, ROUTE, DRAW, ANSWER)
TASK_TOKENS: dict[Task, str] = {"route": ROUTE, "draw": DRAW, "answer": ANSWER}
LABELS = ("text", "image")

# Words that tell the system messages of `mom/mixture/prompts` apart; the template puts one token in their place.
ROUTE_PHRASE = "You decide what a chat message needs"
DRAW_PHRASE = "You write the prompt for an image model"

TEMPLATE = (
    "{%- set first = messages[0] -%}"
    f"{{%- if first.role == 'system' and '{ROUTE_PHRASE}' in first.content -%}}{ROUTE}"
    f"{{%- elif first.role == 'system' and '{DRAW_PHRASE}' in first.content -%}}{DRAW}"
    f"{{%- else -%}}{ANSWER}{{%- endif -%}}"
    "{%- for message in messages -%}"
    f"{{%- if message.role == 'user' -%}}{{{{- '{USER}' + message.content -}}}}"
    f"{{%- elif message.role == 'assistant' -%}}{{{{- '{ASSISTANT}' + message.content + '{END}' -}}}}{{%- endif -%}}"
    "{%- endfor -%}"
    f"{{%- if add_generation_prompt -%}}{{{{- '{ASSISTANT}' -}}}}{{%- endif -%}}"
)


@dataclass(frozen=True, slots=True)
class Turn:
    """A message and its answer; an answer that another model gave (a picture) is read, not learned."""

    user: str
    assistant: str
    learned: bool = True


@dataclass(frozen=True, slots=True)
class Example:
    """One training text: a task and its turns. `kind` names the generator that made it; `picture` is what the prompt is to say,
    `others` what those of further pictures are.
    """

    task: Task
    turns: tuple[Turn, ...]
    kind: str
    picture: Picture | None = None
    others: tuple[Picture, ...] = ()

    def is_drawable(self) -> bool:
        """Whether the picture is of shapes and scenery alone, as the demo image model draws them."""
        return self.picture is not None and self.picture.is_drawable()


def transcript(earlier: Sequence[tuple[str, str]], last: str, excerpt: Excerpt, blank_line: bool = False) -> str:
    """The conversation as `transcript.j2` writes it, from (role, words) pairs, cut to the excerpt that the mixture shows;
    some renderings end the block with a blank line.
    """
    if not earlier:
        return f"Message: {last}"
    shown = earlier[-excerpt.messages :]
    lines = "".join(f"{role}: {cut_middle(words, excerpt.earlier_chars)}\n" for role, words in shown)
    return f"Earlier:\n{lines}{chr(10) if blank_line else ''}Message: {last}"
