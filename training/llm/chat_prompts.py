"""Image prompts for the messages of whole chats that people wrote (`training/chats`). Each seventh chat is held out."""

import json
import re
from functools import cache

from mom.mixture.prompts import FOR_IMAGE_PROMPT
from training.chats import Asked, Chat, written_chats
from training.llm.chat import Example, Turn, transcript
from training.llm.edits import correct_articles
from training.llm.frames import Author, is_held_out, plural, sections
from training.llm.pictures import COLOURS
from training.llm.requests import Earlier, chatter

LISTS = ("animal", "thing", "person")  # of these a word may take another's place


def chat_example(author: Author) -> Example:
    """A message that asks for pictures, with their prompts."""
    chat, at = author.random.choice(_places(held_out=author.held_out))
    if not author.held_out and author.chance(0.6):
        chat = _with_other_words(author, chat)
    words = chat[at].words.lower() if not author.held_out and author.chance(0.2) else chat[at].words
    first, *others = chat[at].prompts
    reply = {"prompt": first} | ({"others": others} if others else {})
    asked = transcript(_told(author, chat[:at]), words, FOR_IMAGE_PROMPT, author.chance(0.5))
    return Example("draw", (Turn(asked, json.dumps(reply, ensure_ascii=False)),), "first" if at == 0 else "later")


@cache
def _places(*, held_out: bool) -> tuple[tuple[Chat, int], ...]:
    """The messages that ask for pictures: the chats that they are of, and where in these."""
    chats = [chat for number, chat in enumerate(written_chats()) if is_held_out(number) == held_out]
    return tuple((chat, at) for chat in chats for at, asked in enumerate(chat) if asked.prompts)


def _told(author: Author, chat: Chat) -> Earlier:
    told: Earlier = []
    for asked in chat:
        answer = f"[image] {asked.prompts[-1]}" if asked.prompts else chatter(author)
        told += [("user", asked.words), ("assistant", answer)]
    return told


def _with_other_words(author: Author, chat: Chat) -> Chat:
    """The same chat about another thing, or in another colour: a word that is said takes another's place throughout."""
    said = set(re.findall(r"[a-z]+", " ".join(words for asked in chat for words in (asked.words, *asked.prompts))))
    swaps: dict[str, str] = {}
    for name in LISTS:
        known = [word for word in sections("words")[name] if word in said or plural(word) in said]
        if known and author.chance(0.7):
            old = author.random.choice(known)
            new = author.word(name) if author.chance(0.7) else author.invented()
            swaps |= {plural(old): plural(new), old: new}
    colours = [colour for colour in COLOURS if colour in said]
    if colours and author.chance(0.5):
        new = author.random.choice([colour for colour in COLOURS if colour not in said])
        swaps[author.random.choice(colours)] = new
    if not swaps:
        return chat
    pattern = re.compile(rf"\b({'|'.join(sorted(swaps, key=len, reverse=True))})\b")

    def swapped(words: str) -> str:
        other = pattern.sub(lambda found: swaps[found[0]], words)
        return correct_articles(re.sub(r"\ban (?![aeiou])", "a ", other)) if other != words else words

    return tuple(Asked(swapped(asked.words), tuple(map(swapped, asked.prompts))) for asked in chat)
