"""Examples for the two short tasks: deciding between text and image, and writing the image prompt."""

import json
from dataclasses import replace

from training.llm.chat import Example, Turn, transcript
from training.llm.edits import edit
from training.llm.frames import Author, groups
from training.llm.messages import dress, question, request
from training.llm.pictures import Picture, simple_picture

Earlier = list[tuple[str, str]]

COLOUR_WORDS = {
    "zeichne {}": ("einen roten Kreis=a red circle", "ein blaues Quadrat=a blue square", "einen gelben Stern=a yellow star",
                   "ein grünes Dreieck=a green triangle", "ein rotes Herz=a red heart", "eine Katze=a cat", "ein Haus=a house"),
    "male mir {}": ("einen Baum=a tree", "einen grünen Kreis=a green circle", "ein rosa Herz=a pink heart", "einen Hund=a dog"),
    "dessine {}": ("un cercle rouge=a red circle", "un carré bleu=a blue square", "une étoile jaune=a yellow star",
                   "un triangle vert=a green triangle", "un coeur rouge=a red heart", "un chat=a cat", "une maison=a house"),
    "dibuja {}": ("un círculo rojo=a red circle", "un cuadrado azul=a blue square", "una estrella amarilla=a yellow star",
                  "un triángulo verde=a green triangle", "un corazón rojo=a red heart", "un gato=a cat", "una casa=a house"),
}  # fmt: skip


def chatter(author: Author) -> str:
    """An answer in words as any large model may give it: only read, never learned."""
    _, answers = author.random.choice(groups("answers"))
    parts = [author.random.choice(answers)]
    while author.chance(0.45) and len(parts) < 4:
        subject, other = author.word("topic"), simple_picture(author).words()
        parts.append(author.random.choice((
            f"{subject[0].upper()}{subject[1:]} is related to {author.word('topic')}.", f"For example, {other}.", f"It is {author.word('looks')}.",
            f"You can {author.word('task')} first, then {author.word('task')}.", f"- {author.word('topic')}\n- {author.word('thing')}",
            f"Here is {author.word('thing')}:\n\n```\n{author.invented()} = {author.random.randint(1, 99)}\n```",
        )))  # fmt: skip
    return " ".join(parts)


def small_history(author: Author, turns: int) -> Earlier:
    """Earlier messages of both sorts; rarely many of them, so that long conversations are known too."""
    if author.chance(0.008):
        turns = author.random.randint(5, 9)
    earlier: Earlier = []
    for _ in range(turns):
        if author.chance(0.4):
            words, prompt, _ = request(author)
            earlier += [("user", words), ("assistant", f"[image] {prompt}")]
        else:
            earlier += [("user", question(author)), ("assistant", chatter(author))]
    return earlier


def after_picture(author: Author, earlier: Earlier) -> Picture:
    """A picture is asked for and drawn, perhaps changed once."""
    words, prompt, picture = request(author)
    while picture is None:
        words, prompt, picture = request(author)
    earlier += [("user", words), ("assistant", f"[image] {prompt}")]
    if author.chance(0.25):
        words, picture = edit(author, picture)
        earlier += [("user", words), ("assistant", f"[image] {picture.words()}")]
    return picture


def follow_up(author: Author) -> tuple[Earlier, str, str]:
    """Earlier turns ending in a picture, a message that changes it, the new prompt."""
    earlier = small_history(author, author.random.choice((0, 0, 0, 1)))
    picture = after_picture(author, earlier)
    if author.chance(0.1):
        earlier += [("user", author.frame("text", "afterimage")), ("assistant", chatter(author))]
    words, new = edit(author, picture)
    return earlier, dress(author, words, polite=author.chance(0.3)), new.words()


def draw_that(author: Author) -> tuple[Earlier, str, str]:
    """Words were spoken of something that is now to be drawn."""
    earlier = small_history(author, author.random.choice((0, 0, 1)))
    picture = replace(simple_picture(author), place="")
    scene = picture.words()
    said = author.random.choice((
        (f"write a prompt about {scene}", f'A prompt could be: "{scene}".'), (f"i saw {scene} today", "That sounds nice."),
        (f"i have {scene}", chatter(author)), (f"tell me about {scene}", chatter(author)), (f"what does {scene} look like", chatter(author)),
        (f"do you know {scene}", "I am only a demo model."), (f"i dreamed of {scene}", "What a dream!"),
        (f"give me an image prompt for {scene}", scene), ("what should i draw", f"You could draw {scene}."),
        ("what is your favourite thing", f"I like {scene}."), ("give me an idea for a picture", f"How about {scene}?"),
    ))  # fmt: skip
    earlier += [("user", dress(author, said[0], polite=False)), ("assistant", said[1])]
    return earlier, dress(author, author.frame("image", "drawthat"), polite=author.chance(0.3)), scene


def route_example(author: Author) -> Example:
    """One decision, half of them for an image."""
    roll = author.random.random()
    earlier: Earlier = []
    if roll < 0.20:
        words, _, _ = request(author)
        earlier, need, kind = small_history(author, author.random.choice((0, 0, 0, 1, 1, 2))), "image", "request"
    elif roll < 0.36:
        earlier, words, _ = follow_up(author)
        if author.chance(0.3):
            words = dress(author, author.frame("image", "follow"), polite=author.chance(0.3))
        need, kind = "image", "follow-up"
    elif roll < 0.42:
        earlier, words, _ = draw_that(author)
        need, kind = "image", "draw that"
    elif roll < 0.44:
        frame = author.random.choice(tuple(COLOUR_WORDS))
        words = dress(author, frame.format(author.random.choice(COLOUR_WORDS[frame]).partition("=")[0]), polite=False)
        need, kind = "image", "foreign"
    elif roll < 0.80:
        words, need, kind = question(author), "text", "question"
        earlier = small_history(author, author.random.choice((0, 0, 0, 1, 1, 2)))
    elif roll < 0.93:
        after_picture(author, earlier)
        words = dress(author, author.frame("text", "afterimage"), polite=author.chance(0.3))
        need, kind = "text", "after a picture"
    else:
        after_picture(author, earlier)
        words, need, kind = question(author), "text", "question after a picture"
    content = transcript(earlier, words, author.chance(0.5))
    reply = need if author.chance(0.92) else json.dumps({"need": need})
    return Example("route", (Turn(content, reply),), kind)


def draw_example(author: Author) -> Example:
    """One image prompt."""
    roll = author.random.random()
    earlier: Earlier = []
    if roll < 0.5:
        words, prompt, _ = request(author)
        earlier, kind = small_history(author, author.random.choice((0, 0, 0, 0, 1))), "request"
    elif roll < 0.9:
        earlier, words, prompt = follow_up(author)
        kind = "follow-up"
    elif roll < 0.97:
        earlier, words, prompt = draw_that(author)
        kind = "draw that"
    else:
        frame = author.random.choice(tuple(COLOUR_WORDS))
        local, _, prompt = author.random.choice(COLOUR_WORDS[frame]).partition("=")
        words, kind = dress(author, frame.format(local), polite=False), "foreign"
    reply = json.dumps({"prompt": prompt}, ensure_ascii=False)
    return Example("draw", (Turn(transcript(earlier, words, author.chance(0.5)), reply),), kind)
