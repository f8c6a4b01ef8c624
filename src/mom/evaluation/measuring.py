"""Runs a classifier over labelled conversations, one after the other, as its latency is measured, too."""

from collections.abc import Awaitable, Callable, Sequence

from mom.errors import InputError
from mom.evaluation.figures import Outcome
from mom.evaluation.routing_data import Example
from mom.mixture.conversation import Conversation, Message
from mom.mixture.paths import read_command, wordless_verdict
from mom.mixture.verdict import DecidedBy, Verdict, certain

Ask = Callable[[Conversation], Awaitable[Verdict]]
Tell = Callable[[int, int], None]
THROWN_AWAY = Conversation((Message("user", "hello"),))


async def measure(ask: Ask, examples: Sequence[Example], tell: Tell) -> list[Outcome]:
    """What `ask` says of each example. `tell(done, of)` is called after each."""
    await ask(THROWN_AWAY)  # what a classifier loads at its first message is not that message's latency
    outcomes = []
    for done, example in enumerate(examples, 1):
        asked = example.conversation.in_own_words()
        verdict = _by_form(example.conversation, asked) or await ask(asked)
        outcomes.append(Outcome(example.route, verdict, example.slices, asked.last.content))
        tell(done, len(examples))
    return outcomes


def _by_form(conversation: Conversation, in_own_words: Conversation) -> Verdict | None:
    """A command, or a file without a word, decides by itself, as it does in a chat; a command that a chat would refuse is
    words like others here.
    """
    if not in_own_words.last.content.strip():
        return wordless_verdict(conversation)
    try:
        command = read_command(conversation.last.content)
    except InputError:
        return None
    return certain(command.need, DecidedBy.COMMAND, f"the message begins with /{command.name}") if command else None
