"""Examples for the two short tasks: deciding between text and image, and writing the image prompt."""

import json
from dataclasses import replace

from mom.mixture.prompts import FOR_IMAGE_PROMPT, FOR_VERDICT
from training.llm.any_picture import any_colour, any_place, any_time, simple_picture
from training.llm.chat import Example, Turn, transcript
from training.llm.edits import edit, request_with_change
from training.llm.facts import fact_exchange
from training.llm.frames import Author, groups
from training.llm.messages import dress, question, request
from training.llm.pictures import Picture
from training.llm.sums import sum_exchange
from training.llm.wide import wide_message

Earlier = list[tuple[str, str]]

FOREIGN_REQUESTS = {
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
        if author.chance(0.45):
            words, drawn = request(author)
            earlier += [("user", words), ("assistant", f"[image] {drawn.words()}")]
        else:
            earlier += [("user", question(author)), ("assistant", chatter(author))]
    return earlier


def after_picture(author: Author, earlier: Earlier) -> Picture:
    """A picture is asked for and drawn, perhaps changed a few times."""
    return pictures_in_a_row(author, earlier)[-1]


def pictures_in_a_row(author: Author, earlier: Earlier) -> list[Picture]:
    """A picture that is asked for and drawn, and those that the changes to it make."""
    wanted = 2 if author.chance(0.25) else 1
    words, picture = request(author)
    while len(picture.things) < wanted:
        words, picture = request(author)
    earlier += [("user", words), ("assistant", f"[image] {picture.words()}")]
    pictures = [picture]
    for _ in range(author.random.choice((0, 0, 0, 0, 1, 1, 2, 3))):
        words, picture = edit(author, picture, pictures[-2] if len(pictures) > 1 else None)
        earlier += [("user", words), ("assistant", f"[image] {picture.words()}")]
        pictures.append(picture)
    return pictures


def changed_picture(author: Author) -> tuple[Earlier, str, Picture]:
    """Earlier turns ending in a picture, a message that changes it, the new picture."""
    earlier = small_history(author, author.random.choice((0, 0, 0, 1)))
    pictures = pictures_in_a_row(author, earlier)
    picture = pictures[-1]
    if len(pictures) > 1 and author.chance(0.06):
        return earlier, dress_edit(author, author.frame("edits", "undo")), pictures[-2]
    if author.chance(0.1):
        earlier += [("user", author.frame("text", "afterimage")), ("assistant", chatter(author))]
    words, new = edit(author, picture, pictures[-2] if len(pictures) > 1 else None)
    return earlier, dress_edit(author, words), new


def dress_edit(author: Author, words: str) -> str:
    """The change as it may be typed: shouted now and then, but with no slip in what is to be copied."""
    words = dress(author, words, polite=author.chance(0.3), slips=False)
    # Practised more often than it is asked, as in `shouted`.
    shouts = author.chance(0.02 if author.held_out else 0.05) and words[1:].islower()
    return words.upper() if shouts else words


def new_scene(author: Author) -> tuple[Earlier, str, Picture]:
    """A message that asks for a picture of its own, often after another picture, of which nothing is to be kept."""
    words, picture = request(author)
    if len({thing.noun for thing in picture.things}) == len(picture.things) > 0 and author.chance(0.08):
        words, picture = request_with_change(author, picture)
        words = dress(author, words, polite=author.chance(0.3), slips=False)
    if author.chance(0.6):
        return small_history(author, author.random.choice((0, 0, 0, 0, 1))), words, picture
    earlier: Earlier = []
    before = after_picture(author, earlier)
    known = {thing.noun for thing in before.things}
    while known.intersection(thing.noun for thing in picture.things):  # "a blue house" would be a change to a red one
        words, picture = request(author)
    return earlier, words, picture


def bare_place(author: Author) -> tuple[Earlier, str, Picture]:
    """A place, perhaps a time, and nothing else, where no picture was made that it could change."""
    earlier: Earlier = []
    for _ in range(author.random.choice((0, 0, 1, 2))):
        earlier += [("user", question(author)), ("assistant", chatter(author))]
    shapes = author.chance(0.4)
    time = any_time(author, shapes=shapes) if author.chance(0.5) else ""
    picture = Picture((), place=any_place(author, shapes=shapes), time=time)
    return earlier, dress(author, picture.words(), polite=author.chance(0.3), slips=False), picture


def drawn_in_words(scene: str) -> str:
    """What the demo model says where a picture was wished for and words are to be the answer."""
    return f'In words: {scene}. Say "draw that", and it is drawn.'


def draw_that(author: Author) -> tuple[Earlier, str, Picture]:
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
        (author.random.choice(("draw {}", "{}", "a picture of {} please")).format(scene), drawn_in_words(scene)),
    ))  # fmt: skip
    earlier += [("user", dress(author, said[0], polite=False, slips=False)), ("assistant", said[1])]
    words = author.frame("image", "drawthat")
    if author.chance(0.12) and words[-4:] in {"that", "this", " one"}:  # "draw that in red"
        colour = any_colour(author)
        words += author.random.choice((" in ", ", in ", ", but in ", " but in ")) + colour
        picture = replace(picture, things=(replace(picture.things[0], colour=colour),))
    return earlier, dress(author, words, polite=author.chance(0.3)), picture


def foreign_request(author: Author) -> tuple[str, Picture]:
    """A request for something simple in German, French or Spanish."""
    frame = author.random.choice(tuple(FOREIGN_REQUESTS))
    local, _, prompt = author.random.choice(FOREIGN_REQUESTS[frame]).partition("=")
    return dress(author, frame.format(local), polite=False, slips=False), Picture((), medium=prompt)


def image_message(author: Author) -> tuple[Earlier, str, str]:
    """Earlier turns, a message that needs an image, and its kind."""
    match author.random.choices(("request", "follow-up", "draw that", "foreign"), (21, 15, 6, 2))[0]:
        case "request":
            words = wide_message(author, "image") if author.chance(0.4) else request(author)[0]
            return small_history(author, author.random.choice((0, 0, 0, 1, 1, 2))), words, "request"
        case "follow-up":
            earlier, words, _ = changed_picture(author)
            if author.chance(0.2):
                words = dress(author, author.frame("image", "follow"), polite=author.chance(0.3))
            elif author.chance(0.3):
                words = wide_message(author, "edit")
            return earlier, words, "follow-up"
        case "draw that":
            earlier, words, _ = draw_that(author)
            return earlier, wide_message(author, "drawthat") if author.chance(0.3) else words, "draw that"
        case _:
            return [], foreign_request(author)[0], "foreign"


def text_message(author: Author) -> tuple[Earlier, str, str]:
    """Earlier turns, a message that needs a text, and its kind."""
    earlier: Earlier = []
    match author.random.choices(("question", "after a picture", "question after a picture"), (36, 13, 8))[0]:
        case "question":
            earlier = small_history(author, author.random.choice((0, 0, 0, 1, 1, 2)))
            if earlier and not earlier[-1][1].startswith("[image]") and author.chance(0.2):
                return earlier, wide_message(author, "textfollow"), "question"
            if author.chance(0.15):
                return earlier, author.random.choice((fact_exchange, sum_exchange))(author)[0], "question"
            words = wide_message(author, "text") if author.chance(0.25) else question(author)
            return earlier, words, "question"
        case "after a picture":
            after_picture(author, earlier)
            if author.chance(0.35):
                return earlier, wide_message(author, "ask"), "after a picture"
            return (
                earlier,
                dress(author, author.frame("text", "afterimage"), polite=author.chance(0.3)),
                "after a picture",
            )
        case _:
            after_picture(author, earlier)
            return earlier, question(author), "question after a picture"


def route_example(author: Author) -> Example:
    """One decision, nearly half of them for an image."""
    need = "image" if author.chance(0.46) else "text"
    earlier, words, kind = image_message(author) if need == "image" else text_message(author)
    reply = need if author.chance(0.94) else json.dumps({"need": need})
    return Example("route", (Turn(transcript(earlier, words, FOR_VERDICT, author.chance(0.5)), reply),), kind)


def draw_example(author: Author) -> Example:
    """One image prompt."""
    earlier: Earlier = []
    kind = author.random.choices(("request", "follow-up", "draw that", "foreign"), (46, 45, 7, 2))[0]
    match kind:
        case "request":
            earlier, words, picture = bare_place(author) if author.chance(0.04) else new_scene(author)
        case "follow-up":
            earlier, words, picture = changed_picture(author)
        case "draw that":
            earlier, words, picture = draw_that(author)
        case _:
            words, picture = foreign_request(author)
    reply = json.dumps({"prompt": picture.words()}, ensure_ascii=False)
    return Example(
        "draw", (Turn(transcript(earlier, words, FOR_IMAGE_PROMPT, author.chance(0.5)), reply),), kind, picture
    )
