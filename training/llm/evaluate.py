"""Measures the demo language model through a real llama.cpp server, asked as MoM asks it: `python -m training.llm.evaluate`.

Held-out means wordings that training never saw (`frames.py`, `wide.py`), with held-out words in half of the places, and sums that it
never saw. All answers are greedy. `--speed` adds the timings, which mean something on an idle machine only.
"""

import argparse
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from mom.mixture.needs_image import PROMPT_TOKENS
from mom.mixture.prompts import system_prompt
from mom.serving.demo import LLM_FILE
from training.llm.attributes import words_of, wrong_attributes
from training.llm.chat import LABELS, Example
from training.llm.data import held_out_examples, held_out_sums
from training.llm.facts import PROMPT_TAILS, SORRY
from training.llm.first_minute import FIRST_MINUTE, PAGE, PROMPT_FORMAT, run_talk
from training.llm.frames import groups
from training.llm.pictures import Picture
from training.llm.server import Json, Server, running_server
from training.llm.speed import measure_speed

SYSTEM = {
    "route": system_prompt("classify"),
    "draw": system_prompt("write_image_prompt"),
    "answer": system_prompt("answer"),
}
HONEST = "demo model"


@dataclass
class Report:
    """Right and wrong by kind, and every outcome in one line, marked when it is wrong."""

    rights: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    samples: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, question: str, said: str, *, right: bool) -> None:
        self.rights[kind].append(right)
        self.samples.append(f"{question} -> {said}{'' if right else ' WRONG'}")

    def line(self, name: str) -> str:
        """One line of the printed figures."""
        everything = [right for rights in self.rights.values() for right in rights]
        kinds = ", ".join(f"{kind} {share(rights)} of {len(rights)}" for kind, rights in sorted(self.rights.items()))
        notes = "".join(f"\n    {note}: {count}" for note, count in sorted(self.notes.items()))
        return f"{name}: {share(everything)} of {len(everything)} ({kinds}){notes}"


def share(right: list[bool]) -> str:
    return f"{100 * sum(right) / max(len(right), 1):.1f} %"


def messages_of(example: Example) -> list[Json]:
    """The conversation up to the last question, as a client sends it."""
    messages = [{"role": "system", "content": SYSTEM[example.task]}]
    for turn in example.turns:
        messages += [{"role": "user", "content": turn.user}, {"role": "assistant", "content": turn.assistant}]
    return messages[:-1]


def shown(example: Example) -> str:
    """The end of the question on one line."""
    return "/".join(example.turns[-1].user.split("\n"))[-150:]


def measure_decisions(server: Server, examples: list[Example]) -> Report:
    """Whether the likelier label is the right one; noted is which need goes wrong."""
    report = Report()
    for example in examples:
        expected = example.turns[-1].assistant
        need = json.loads(expected)["need"] if expected.startswith("{") else expected
        found = server.label_probabilities(messages_of(example), LABELS)
        guess = max(found, key=lambda label: found[label])
        report.add(example.kind, shown(example), f"{guess} ({found[guess]:.2f})", right=guess == need)
        report.notes["drawn where text was wanted"] += guess != need == "text"
        report.notes["written where a picture was wanted"] += guess != need == "image"
    return report


def measure_prompts(server: Server, examples: list[Example]) -> Report:
    """Whether the prompt is right in every attribute; noted is which attributes are wrong, and how many prompts are right word for word."""
    report = Report()
    for example in examples:
        assert example.picture is not None
        said = server.chat(messages_of(example), response_format=PROMPT_FORMAT, max_tokens=PROMPT_TOKENS)
        wanted, prompts = [example.picture, *example.others], _prompts_in(said)
        report.notes["without the structure"] += not prompts
        report.notes["right word for word"] += prompts == [picture.words() for picture in wanted]
        wrong = [name for words, picture in zip_longest(prompts, wanted) for name in _wrong_in(words, picture)]
        report.notes.update(f"wrong: {name}" for name in wrong)
        report.add(example.kind, shown(example), said, right=not wrong)
    return report


def measure_chats(server: Server, examples: list[Example]) -> Report:
    """Whether the prompts are those that were written for the message, but for harmless differences."""
    report = Report()
    for example in examples:
        said = server.chat(messages_of(example), response_format=PROMPT_FORMAT, max_tokens=PROMPT_TOKENS)
        written, wanted = (list(map(words_of, _prompts_in(reply))) for reply in (said, example.turns[-1].assistant))
        right = written == wanted
        report.notes["the same words in another order"] += not right and list(map(sorted, written)) == list(
            map(sorted, wanted)
        )
        report.add(example.kind, shown(example), said, right=right)
    return report


def _prompts_in(said: str) -> list[str]:
    try:
        written = json.loads(said)
        return [written["prompt"], *written.get("others", ())]
    except (json.JSONDecodeError, KeyError):
        return []


def _wrong_in(prompt: str | None, picture: Picture | None) -> list[str]:
    return ["number of pictures"] if prompt is None or picture is None else wrong_attributes(prompt, picture)


def measure_answers(server: Server, examples: list[Example]) -> Report:
    """Whether the answer is one of those written for the question; about the world outside, whether it is honest."""
    report = Report()
    for example in examples:
        said, expected = server.chat(messages_of(example)).strip(), example.turns[-1].assistant
        right = said in alternatives(expected)
        if example.kind == "outside":
            right = HONEST in said
        report.add(example.kind, shown(example), repr(said), right=right)
    return report


def alternatives(expected: str) -> tuple[str, ...]:
    """The answers of the group that the expected one is of; of facts those that are as good, of sums those in the other order."""
    if expected in SORRY:
        return SORRY
    if told := re.fullmatch(r"(\d+) ([+*]) (\d+) = (\d+)", expected):
        first, sign, second, result = told.groups()
        return expected, f"{second} {sign} {first} = {result}"
    prompt, tail = expected[:-2].rsplit(", ", 1) if expected.startswith("A prompt could be") else (expected, "")
    if tail in PROMPT_TAILS:
        return tuple(f'{prompt}, {other}".' for other in PROMPT_TAILS)
    return next((answers for _, answers in groups("answers") if expected in answers), (expected,))


def measure_talks(server: Server) -> Report:
    """The page's own messages, and those of a first minute."""
    report = Report()
    for kind, talks in (("page", PAGE), ("first minute", FIRST_MINUTE)):
        for talk in talks:
            for asked, need, said, right in run_talk(server, talk):
                report.add(kind, asked.words, f"[{need}] {said!r}", right=right)
    return report


def measure(server: Server, count: int, seed: int) -> dict[str, Report]:
    """All reports, `count` questions in each."""

    def asked(task: str, keep: Callable[[Example], bool] = lambda _: True) -> list[Example]:
        return [example for example in held_out_examples(task, seed, 12 * count) if keep(example)][:count]

    return {
        "decision": measure_decisions(server, asked("route")),
        "decision, whole messages that people wrote": measure_decisions(server, asked("by hand")),
        "image prompt": measure_prompts(server, asked("draw")),
        "image prompt, what the demo image model knows": measure_prompts(server, asked("draw", Example.is_drawable)),
        "image prompts of several pictures": measure_prompts(server, asked("several")),
        "image prompts in chats that people wrote": measure_chats(server, asked("chats")),
        "answer": measure_answers(server, asked("answer")),
        "honest outside its world": measure_answers(server, asked("answer", lambda example: example.kind == "outside")),
        "sums (+ and - up to 20, * and / in the table of ten)": measure_answers(server, held_out_sums(seed, count)),
        "by hand": measure_talks(server),
    }


def main() -> None:
    """Reads the command line, measures, prints."""
    parser = argparse.ArgumentParser(description="Measure the demo language model through a llama.cpp server.")
    parser.add_argument("--model", type=Path, default=LLM_FILE)
    parser.add_argument("--count", type=int, default=240, help="held-out questions in each report (default 240)")
    parser.add_argument("--samples", type=int, default=0, help="outcomes to print of each report, drawn by lot")
    parser.add_argument("--wrong", action="store_true", help="print all wrong outcomes")
    parser.add_argument("--speed", action="store_true", help="measure the speed only, on two threads")
    parser.add_argument("--seed", type=int, default=77)
    arguments = parser.parse_args()
    if arguments.speed:
        print(measure_speed(arguments.model))
        return
    with running_server(arguments.model) as server:
        reports = measure(server, arguments.count, arguments.seed)
    print(
        f"{arguments.model}: {arguments.model.stat().st_size / 1e6:.1f} MB, held-out wordings, half of the words held out, greedy"
    )
    for name, report in reports.items():
        chosen = (
            report.samples
            if name == "by hand"
            else random.Random(1).sample(report.samples, min(arguments.samples, len(report.samples)))
        )
        chosen = [sample for sample in report.samples if sample.endswith("WRONG")] if arguments.wrong else chosen
        print(
            "\n".join(f"    {sample}" for sample in chosen if arguments.samples or arguments.wrong or name == "by hand")
        )
        print(report.line(name))


if __name__ == "__main__":
    main()
