"""How quick the model is in the server as MoM starts it: the first token, and tokens per second."""

import statistics
import time
from pathlib import Path

from mom.mixture.prompts import system_prompt
from mom.serving.programs import usable_cores
from training.llm.server import Server, running_server

QUESTIONS = (
    "what is MoM?",
    "how do I connect ollama?",
    "what can you do?",
    "explain JPEG",
    "tell me a rhyme",
    "how does the routing work?",
)
ROUNDS = 5
TOKENS = 400  # of an answer whose end is not allowed


def measure_speed(model: Path) -> str:
    """The median over 30 questions of the milliseconds to the first token, and the median of 5 long answers' tokens per second."""
    threads = min(2, usable_cores())
    with running_server(model, threads=threads) as server:
        firsts = [_first_token_ms(server, question) for _ in range(ROUNDS) for question in QUESTIONS]
        speeds = [_tokens_per_second(server) for _ in range(ROUNDS)]
    return (
        f"{threads} cores: first token {statistics.median(firsts):.0f} ms (median of {len(firsts)}, most {max(firsts):.0f}), "
        f"{statistics.median(speeds):.0f} tokens/s (median of {ROUNDS} answers of {TOKENS} tokens)"
    )


def _messages(question: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": system_prompt("answer")}, {"role": "user", "content": question}]


def _first_token_ms(server: Server, question: str) -> float:
    """The time of a whole request that asks for one token, over HTTP."""
    began = time.perf_counter()
    server.post("/v1/chat/completions", {"messages": _messages(question), "temperature": 0, "max_tokens": 1})
    return (time.perf_counter() - began) * 1000


def _tokens_per_second(server: Server) -> float:
    """The time of one long answer, over HTTP."""
    began = time.perf_counter()
    answer = server.post(
        "/v1/chat/completions",
        {"messages": _messages("tell me a rhyme"), "temperature": 0, "max_tokens": TOKENS, "ignore_eos": True},
    )
    return float(answer["usage"]["completion_tokens"]) / (time.perf_counter() - began)
