"""The byte-level BPE tokenizer, trained on the generated text; llama.cpp reads it as `gpt2` with the `gpt-2` pre-tokenizer."""

from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from training.llm.chat import ASSISTANT, END, LABELS, SPECIAL, TASK_TOKENS, USER, Example
from training.llm.data import mixed_examples

VOCABULARY = 1536
TEXTS = 12_000


def corpus(seed: int, count: int) -> Iterator[str]:
    """Messages and answers; the labels stand often enough to become one token each."""
    for example in mixed_examples(seed, count):
        for turn in example.turns:
            yield turn.user
            yield turn.assistant
        yield from LABELS


def train_tokenizer(seed: int = 1, count: int = TEXTS) -> Tokenizer:
    """A tokenizer whose merges hold no digit, so that every digit is one token and sums can be learned."""
    tokenizer = Tokenizer(models.BPE())
    split = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(split)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(seed, count), trainer)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def saved_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a run: trained the first time, read afterwards."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        train_tokenizer().save(str(path))
    return Tokenizer.from_file(str(path))


def special_id(tokenizer: Tokenizer, token: str) -> int:
    """The id of a special token; a tokenizer without it is not ours."""
    found: int | None = tokenizer.token_to_id(token)
    if found is None:
        raise ValueError(f"the tokenizer has no token {token}: train it anew")
    return found


def encode(tokenizer: Tokenizer, example: Example) -> tuple[list[int], list[bool]]:
    """The example as token ids, and for each whether the model is to learn to say it."""
    user, assistant, end = (special_id(tokenizer, token) for token in (USER, ASSISTANT, END))
    ids = [special_id(tokenizer, TASK_TOKENS[example.task])]
    learned = [False]
    for turn in example.turns:
        asked = tokenizer.encode(turn.user).ids
        answered = tokenizer.encode(turn.assistant).ids
        ids += [user, *asked, assistant, *answered, end]
        learned += [False] * (len(asked) + 2) + [turn.learned] * (len(answered) + 1)
    return ids, learned
