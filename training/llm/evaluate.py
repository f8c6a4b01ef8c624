"""Measures an exported model through a real llama.cpp server: `python -m training.llm.evaluate --model llm.gguf`.

Every question has a wording that training never saw (`frames.py`), half of the words too. Sums are asked in held-out
wordings, but the sums themselves are the trained ones: a model this small learns the table, not how to count.
"""

import argparse
import json
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from training.llm.chat import DRAW_PHRASE, LABELS, ROUTE_PHRASE, Example
from training.llm.data import held_out_examples
from training.llm.frames import groups
from training.llm.server import Json, Server, running_server

SYSTEM = {"route": ROUTE_PHRASE + ".", "draw": DRAW_PHRASE + ".", "answer": "You are the voice of MoM."}
PROMPT_SCHEMA: Json = {
    "type": "json_schema",
    "json_schema": {
        "name": "image_prompt", "strict": True,
        "schema": {"type": "object", "properties": {"prompt": {"type": "string"}}, "required": ["prompt"], "additionalProperties": False},
    },
}  # fmt: skip
HONEST = "demo model"

Tally = dict[str, list[bool]]


def messages_of(example: Example) -> list[Json]:
    """The conversation up to the last question, as a client sends it."""
    messages = [{"role": "system", "content": SYSTEM[example.task]}]
    for turn in example.turns:
        messages += [{"role": "user", "content": turn.user}, {"role": "assistant", "content": turn.assistant}]
    return messages[:-1]


def share(right: list[bool]) -> float:
    return round(sum(right) / len(right), 4) if right else 0.0


def report(tally: Tally) -> Json:
    """Accuracy by kind and over all."""
    everything = [right for rights in tally.values() for right in rights]
    kinds = {kind: {"n": len(rights), "accuracy": share(rights)} for kind, rights in sorted(tally.items())}
    return {"n": len(everything), "accuracy": share(everything), "kinds": kinds}


def measure_routing(server: Server, examples: list[Example], samples: list[str]) -> Json:
    """Whether the likelier label is the right one, and what share of each need goes wrong."""
    tally: Tally = defaultdict(list)
    wrong: dict[str, list[bool]] = {label: [] for label in LABELS}
    for example in examples:
        need = example.turns[-1].assistant
        need = json.loads(need)["need"] if need.startswith("{") else need
        found = server.label_probabilities(messages_of(example), LABELS)
        guess = max(found, key=lambda label: found[label])
        tally[example.kind].append(guess == need)
        wrong[need].append(guess != need)
        samples.append(f"{shown(example)} -> {guess} ({found[guess]:.2f}){'' if guess == need else ' WRONG'}")
    return {**report(tally), "false_image_rate": share(wrong["text"]), "missed_image_rate": share(wrong["image"])}


def measure_drawing(server: Server, examples: list[Example], samples: list[str]) -> Json:
    """Whether the prompt is the expected one, word for word, under the JSON schema."""
    tally: Tally = defaultdict(list)
    for example in examples:
        said = server.chat(messages_of(example), response_format=PROMPT_SCHEMA)
        tally[example.kind].append(same_json(said, example.turns[-1].assistant))
        samples.append(f"{shown(example)} -> {said}{'' if tally[example.kind][-1] else ' WRONG'}")
    return report(tally)


def measure_answers(server: Server, examples: list[Example], samples: list[str]) -> Json:
    """Whether the answer is one of those written for the question; about the outside world, whether it is honest."""
    tally: Tally = defaultdict(list)
    for example in examples:
        said, expected = server.chat(messages_of(example)).strip(), example.turns[-1].assistant
        right = HONEST in said if HONEST in expected and example.kind == "outside" else said == expected
        if example.kind == "spoken":
            right = said in alternatives(expected)
        tally[example.kind].append(right)
        samples.append(f"{shown(example)} -> {said!r}{'' if right else ' WRONG'}")
    return report(tally)


def alternatives(expected: str) -> tuple[str, ...]:
    """The answers of the group that the expected one is of."""
    return next((answers for _, answers in groups("answers") if expected in answers), (expected,))


def same_json(said: str, expected: str) -> bool:
    try:
        return bool(json.loads(said) == json.loads(expected))
    except json.JSONDecodeError:
        return False


def shown(example: Example) -> str:
    """The end of the question on one line."""
    return "/".join(example.turns[-1].user.split("\n"))[-150:]


def main() -> None:
    """Reads the command line, measures, prints JSON."""
    parser = argparse.ArgumentParser(description="Measure the demo language model through a llama.cpp server.")
    parser.add_argument("--model", type=Path, default=Path("src/mom/serving/demo/llm.gguf"))
    parser.add_argument("--count", type=int, default=400, help="held-out questions of each task")
    parser.add_argument("--samples", type=int, default=7, help="outputs of each task to print, drawn by lot")
    parser.add_argument("--wrong", action="store_true", help="print wrong outputs only")
    parser.add_argument("--seed", type=int, default=77)
    arguments = parser.parse_args()
    measures = {"route": measure_routing, "draw": measure_drawing, "answer": measure_answers}
    figures: dict[str, Any] = {}
    with running_server(arguments.model) as server:
        for task, measure in measures.items():
            samples: list[str] = []
            began = time.monotonic()
            figures[task] = measure(server, held_out_examples(task, arguments.seed, arguments.count), samples)
            figures[task]["ms_each"] = round((time.monotonic() - began) * 1000 / arguments.count, 1)
            samples = [sample for sample in samples if sample.endswith("WRONG")] if arguments.wrong else samples
            for sample in random.Random(1).sample(samples, min(arguments.samples, len(samples))):
                print(f"[{task}] {sample}")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
