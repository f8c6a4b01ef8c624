"""What people type in their first minute with MoM, and what has to come of it: judged by hand-written patterns.

`PAGE` are the messages that the page itself offers, with what follows them. `FIRST_MINUTE` are messages of which no first one
is said in training word for word (a test keeps it so).
"""

import json
import re
from dataclasses import dataclass

from mom.mixture.conversation import Conversation, Drawing, Message
from mom.mixture.needs_image import PROMPT_SCHEMA, PROMPT_TOKENS
from mom.mixture.prompts import FOR_IMAGE_PROMPT, FOR_VERDICT, question_with_transcript, system_prompt
from training.llm.chat import LABELS
from training.llm.server import Json, Server

PROMPT_FORMAT: Json = {
    "type": "json_schema",
    "json_schema": {"name": "image_prompt", "strict": True, "schema": PROMPT_SCHEMA},
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A message, what it needs, and a pattern that the prompt, or the answer, matches in full."""

    words: str
    need: str
    pattern: str


HONEST = r"(?s).*demo model.*MOM_LARGE_LLM.*"
ABOUT_MOM = r"(?s).*Mixture of Models.*"
OLLAMA = r"(?s).*MOM_LARGE_LLM=ollama:.*"
DEMO = r"(?s).*demo model.*"
HELLO = r"(?s)(Hello|Hi)!.*demo model.*"
SPEAKS = r"(?s).*English only.*"
RHYME = r"(?s).*\n.*"
TOO_LARGE = r".*table of ten.*"
ANY = r"(?s).{8,}"

Talk = tuple[Asked, ...]

PAGE: tuple[Talk, ...] = (
    (Asked("What is MoM?", "text", ABOUT_MOM),),
    (Asked("Explain JPEG", "text", r"(?s)JPEG makes photos small.*demo model.*"),),
    (Asked("Draw two red circles", "image", "two red circles"), Asked("Make it bluer", "image", "two blue circles")),
    (
        Asked("draw me two red circles", "image", "two red circles"),
        Asked("make them blue", "image", "two blue circles"),
    ),
    (Asked("What can you do?", "text", DEMO), Asked("hi", "text", HELLO)),
)
FIRST_MINUTE: tuple[Talk, ...] = (
    (Asked("hi :-)", "text", HELLO), Asked("who r u", "text", DEMO), Asked("and what can you do for me?", "text", ANY)),
    (Asked("Hello MoM, who is there?", "text", DEMO),),
    (Asked("tell me a joke about a circle", "text", ANY),),
    (Asked("tell me one little rhyme, please", "text", RHYME),),
    (Asked("2+2", "text", r".*= 4\b.*"), Asked("and 7*8?", "text", r".*= 56\b.*")),
    (Asked("what's 12 and 5 together", "text", r".*= 17\b.*"),),
    (Asked("how do I get ollama connected", "text", OLLAMA),),
    (Asked("can I hook this up to my local ollama", "text", OLLAMA),),
    (Asked("please write a poem for me", "text", RHYME),),
    (Asked("what's the capital of France?", "text", r".*Paris.*"),),
    (Asked("What is the capital city of Mongolia?", "text", HONEST),),
    (Asked("draw a cat", "image", "a cat"), Asked("now three of them", "image", "three cats"), Asked("at night", "image", "three cats at night")),
    (Asked("a house by the sea at night", "image", "a house by the sea at night"),),
    (Asked("draw a red boat on the sea", "image", "a red boat on the sea"), Asked("make the boat yellow", "image", "a yellow boat on the sea")),
    (Asked("A big yellow sun over green hills", "image", "a big yellow sun over green hills"),),
    (Asked("explain quantum physics to my grandma", "text", HONEST),),
    (Asked("Thank you so much, that was fun", "text", ANY),),
    (Asked("Do you happen to speak German?", "text", SPEAKS),),
    (Asked("write me an email to my landlord", "text", HONEST),),
    (Asked("who will win the election", "text", HONEST),),
    (Asked("fix my python code please", "text", HONEST),),
    (Asked("What does this thing do?", "text", ABOUT_MOM),),
    (Asked("how does mom know what I want", "text", r"(?s).*(classified|decides).*"),),
    (Asked("which model am I talking to right now?", "text", DEMO),),
    (Asked("how can I use a better model here?", "text", r"(?s).*MOM_LARGE_LLM.*"),),
    (Asked("could you paint a blue star and a yellow moon?", "image", "a blue star and a yellow moon"), Asked("without the moon", "image", "a blue star")),
    (Asked("show me 3 green triangles on a black background", "image", "(3|three) green triangles on a black background"), Asked("bigger", "image", "(3|three) (large|big) green triangles on a black background")),
    (Asked("cat", "image", "a cat"),),
    (Asked("DRAW A PINK HEART", "image", "a pink heart"),),
    (Asked("draw a smiling face, then make it night", "image", r"a smiling face.*night.*"),),
    (Asked("i would like a picture of my dog Bello in the snow", "image", "my dog bello in the snow"),),
    (Asked("what can you draw for me?", "text", r"(?s).*(coloured shapes|/image).*"),),
    (Asked("which colours do I mix for green?", "text", ANY),),
    (Asked("what happens to my data here", "text", r"(?s).*(your own machine|machine).*"),),
    (Asked("goodbye and thanks for everything", "text", ANY),),
    (Asked("translate 'good morning' to spanish", "text", HONEST),),
    (Asked("draw a purple elephant riding a bicycle", "image", "a purple elephant riding a bicycle"), Asked("make it green and at sunset", "image", "a green elephant riding a bicycle at sunset")),
    (Asked("let me see what you are able to do", "text", DEMO),),
    (Asked("whats 17*3", "text", TOO_LARGE), Asked("and minus 8", "text", TOO_LARGE)),
    (Asked("draw the number 5", "image", "the number 5"),),
    (Asked("a dragon", "image", "a dragon"), Asked("breathing fire", "image", "a dragon breathing fire"), Asked("in a castle", "image", "a dragon breathing fire in a castle")),
    (Asked("of a tree", "image", "a tree"), Asked("with apples", "image", "a tree with apples"), Asked("red ones", "image", "a tree with red apples")),
    (Asked("sketch a bicycle for me", "image", "a bicycle"), Asked("side view", "image", "a bicycle, (seen from the side|side view)")),
    (Asked("please draw a big red heart for my girlfriend", "image", "a (big|large) red heart"), Asked("write her name Anna on it", "image", 'a (big|large) red heart with the word "?Anna"?'), Asked("can i download it", "text", r"(?s).*Download.*")),
    (Asked("draw me as a superhero please", "image", "a superhero"), Asked("with a cape", "image", "a superhero (with|wearing) a cape"), Asked("flying over the city", "image", "a superhero (with|wearing) a cape flying over the city")),
    (Asked("a red square left of a blue circle", "image", "a red square left of a blue circle"), Asked("swap them", "image", "a blue circle left of a red square")),
    (Asked("draw the rain", "image", "the rain"), Asked("can you do it as a watercolour", "image", "the rain, watercolour")),
    (Asked("draw a red circle", "image", "a red circle"), Asked("add a small blue square", "image", "a red circle and a small blue square"), Asked("what is in the picture?", "text", r"(?s).*red circle.*small blue square.*")),
)  # fmt: skip


def run_talk(server: Server, talk: Talk) -> list[tuple[Asked, str, str, bool]]:
    """Each turn as MoM plays it, decided by the small LLM: (asked, need, prompt or answer, whether it is right)."""
    earlier: tuple[Message, ...] = ()
    outcomes = []
    for asked in talk:
        conversation = Conversation((*earlier, Message("user", asked.words)))
        need = decide(server, conversation)
        said = draw_prompt(server, conversation) if need == "image" else answer(server, conversation)
        right = need == asked.need and re.fullmatch(asked.pattern, said, re.IGNORECASE) is not None
        outcomes.append((asked, need, said, right))
        drawing = Drawing(said) if need == "image" else None
        earlier = (*conversation.messages, Message("assistant", "" if drawing else said, drawing=drawing))
    return outcomes


def decide(server: Server, conversation: Conversation) -> str:
    found = server.label_probabilities(as_json(question_with_transcript("classify", conversation, FOR_VERDICT)), LABELS)
    return max(found, key=lambda label: found[label])


def draw_prompt(server: Server, conversation: Conversation) -> str:
    question = as_json(question_with_transcript("write_image_prompt", conversation, FOR_IMAGE_PROMPT))
    return str(json.loads(server.chat(question, response_format=PROMPT_FORMAT, max_tokens=PROMPT_TOKENS))["prompt"])


def answer(server: Server, conversation: Conversation) -> str:
    question = [Message("system", system_prompt("answer")), *conversation.messages]
    return server.chat(as_json(question)).strip()


def as_json(messages: list[Message]) -> list[Json]:
    return [{"role": message.role, "content": message.as_words} for message in messages]
