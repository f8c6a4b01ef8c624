"""What each kind of change does to the picture made before; its wordings are the section of that name in `frames/edits.txt`.

What changes one thing alone stands in `thing_changes.py`.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from training.llm.any_picture import any_colour, any_medium, any_place, any_style, any_thing, any_time
from training.llm.frames import SLOT, Author, Bindings, sections, with_article
from training.llm.pictures import SIMPLE_PLACES, Picture, Thing
from training.llm.thing_changes import (
    DRAWN,
    add_one,
    add_some,
    change_look,
    count,
    enlarge,
    give,
    index_of,
    let_act,
    name,
    put,
    recolour,
    recolour_of,
    recolour_part,
    reset_size,
    shrink,
    swap,
    tails,
    take_one,
    write_on,
)

Change = Callable[[Author, Picture, Bindings], Picture]

# Media that say nothing of the style, so that a picture of any style can become one.
MEDIA = (
    *("poster", "logo", "icon", "sticker", "banner", "mural", "book cover", "album cover", "tattoo design", "avatar"),
    *("wallpaper", "postcard", "stamp", "birthday card", "t-shirt print", "colouring page", "greeting card", "flyer"),
    *("bookmark", "fridge magnet", "badge", "emblem", "movie poster", "record sleeve", "jigsaw puzzle", "game card"),
    *("playing card", "shop sign", "mug print", "tote bag print", "phone case", "gift tag", "calendar page"),
)
BACKGROUNDS = ("plain", "transparent", "plain white", "dark", "light", "starry", "bright", "striped", "blurry", "empty")
RELATIONS = (
    *("above", "below", "under", "over", "behind", "in front of", "left of", "right of"),
    *("to the left of", "to the right of", "next to", "on top of"),
)
# Tails of a prompt of which one takes the place of the other.
OPPOSITES = (
    {"dark", "bright"},
    {"highly detailed", "very detailed", "simple"},
    {"close-up", "wide view"},
    {"seen from above", "seen from below", "seen from the side", "seen from behind"},
    {"scary", "cheerful", "cute", "funny"},
    {"high contrast", "low contrast", "soft colours"},
)
# Media that a style takes the place of: no photograph is a watercolour.
STYLED_MEDIA = re.compile(
    r"an? (painting|photo|photograph|sketch|drawing|cartoon|watercolour|rendering|comic|oil painting|pencil sketch|"
    r"concept art|3d model|pixel art|doodle|silhouette|line drawing|ink sketch|charcoal sketch|chalk drawing|woodcut|mosaic|"
    r"collage|fresco|stencil|papercut|technical drawing|blueprint|2d drawing|3d rendering|low poly model|voxel model|"
    r"clay model|wireframe|snapshot)\b"
)
BESIDE = re.compile(r"next to|beside")
PLACED = re.compile(r"(?:on|at|near|under|by|behind|next to|in front of) (?:an? old|an?|the) (\w+)")
HELD = re.compile(r"(?:with|wearing|holding|carrying) (?!the word)(?:[a-z]+ ){0,3}([a-z]+)")


def _background(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["colour"] = any_colour(author) if author.chance(0.9) else author.random.choice(BACKGROUNDS)
    return replace(old, place=f"on {with_article(bound['colour'])} background")


def _backdrop(author: Author, old: Picture, bound: Bindings) -> Picture:
    other = any_thing(author, shapes=author.chance(0.4))
    bound["other"] = replace(other, doing="").words()
    return replace(old, place=f"with {bound['other']} in the background")


def _side(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["side"] = author.random.choice(("left", "right"))
    return replace(old, side=f"on the {bound['side']}")


def _edge(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["edge"] = author.random.choice(("top", "bottom"))
    return replace(old, side=f"at the {bound['edge']}")


def _middle(_: Author, old: Picture, __: Bindings) -> Picture:
    return replace(old, side="in the middle")


def _corner(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["corner"] = f"{author.random.choice(('top', 'bottom'))} {author.random.choice(('left', 'right'))}"
    return replace(old, side=f"in the {bound['corner']} corner")


def _place(author: Author, old: Picture, bound: Bindings) -> Picture:
    simple = old.things[0].noun in DRAWN and author.chance(0.5)
    bound["place"] = author.random.choice(SIMPLE_PLACES) if simple else any_place(author, shapes=False)
    return replace(old, place=bound["place"])


def _time(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["frame"], _arrow, said = bound["frame"].partition(" => ")
    bound["time"] = said or any_time(author, shapes=author.chance(0.3))
    return replace(old, time=bound["time"])


def _style(author: Author, old: Picture, bound: Bindings) -> Picture:
    # A word that nobody knows could be a look or a thing as well, where the message does not call it a style.
    told = "style" not in SLOT.sub("", bound["frame"])
    while (style := any_style(author, told=told)) in tails():
        pass
    bound["style"] = style
    return _restyled(old, bound["style"])


def _restyled(old: Picture, style: str) -> Picture:
    """The picture in another style; what else was said of how it looks is kept."""
    kept_always = tails() | set(sections("words")["look"])
    kept = [said for said in old.style if said in kept_always and said not in sections("words")["style"]]
    medium = "" if STYLED_MEDIA.match(old.medium) else old.medium
    return replace(old, style=tuple(dict.fromkeys((style, *kept))), medium=medium)


def _add(author: Author, old: Picture, bound: Bindings) -> Picture:
    other = _other(author, old)
    bound["other"] = other.words()
    beside = BESIDE.search(bound["frame"])
    if len(old.things) == 1 and beside:  # as `_addat`, which the same message may be
        return replace(old, things=(other, *old.things), joint=beside[0], later="and")
    if len(old.things) == 1:
        return replace(old, things=(*old.things, other), joint="and", later="and")
    return replace(old, things=(*old.things, other), later="and")


def _other(author: Author, old: Picture) -> Thing:
    """A thing that is not yet in the picture."""
    nouns = {thing.noun for thing in old.things}
    while (other := any_thing(author, shapes=old.things[0].noun in DRAWN)).noun in nouns:
        pass
    return other


def _another(author: Author, old: Picture, bound: Bindings) -> Picture:
    """One more of what there is, in another colour: "and a red one"."""
    thing = old.things[0]
    bound["colour"] = thing.colour
    while bound["colour"] == thing.colour:
        bound["colour"] = any_colour(author)
    other = Thing(thing.noun, bound["colour"], thing.size, thing.look)
    beside = BESIDE.search(bound["frame"])
    return replace(old, things=(thing, other), joint=beside[0] if beside else "and", later="and")


def _addat(author: Author, old: Picture, bound: Bindings) -> Picture:
    other, bound["relation"] = _other(author, old), author.random.choice(RELATIONS)
    bound["other"] = other.words()
    return replace(old, things=(other, *old.things), joint=bound["relation"], later="and")


def _relate(author: Author, old: Picture, bound: Bindings) -> Picture:
    at, bound["relation"] = index_of(bound), author.random.choice(RELATIONS)
    return replace(old, things=(old.things[at], old.things[1 - at]), joint=bound["relation"])


def _remove(_: Author, old: Picture, bound: Bindings) -> Picture:
    at = index_of(bound)
    match bound["gone"]:
        case "place":
            return replace(old, place="")
        case "doing":
            return put(old, at, replace(old.things[at], doing=""))
        case _:
            left = old.things[:at] + old.things[at + 1 :]
            joint = "and" if len(left) == 1 else old.later if at < 2 else old.joint
            return replace(old, things=left, joint=joint, later="and")


def _exchange(_: Author, old: Picture, __: Bindings) -> Picture:
    one, two = old.things
    return replace(old, things=(replace(one, colour=two.colour), replace(two, colour=one.colour)))


def _everything(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["frame"], _arrow, size = bound["frame"].partition(" => ")
    if size:
        return replace(old, things=tuple(replace(thing, size=size) for thing in old.things))
    bound["colour"] = any_colour(author)
    return replace(old, things=tuple(replace(thing, colour=bound["colour"]) for thing in old.things))


def _artist(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["artist"] = author.word("artist") if author.chance(0.6) else author.invented().capitalize()
    return _restyled(old, f"in the style of {bound['artist']}")


def _medium(author: Author, old: Picture, bound: Bindings) -> Picture:
    kind = bound["kind"] = any_medium(author) if author.chance(0.3) else author.random.choice(MEDIA)
    bound["akind"] = with_article(kind)
    return replace(old, medium=f"{bound['akind']} of")


def _again(_: Author, old: Picture, __: Bindings) -> Picture:
    return old


def _tail(_: Author, old: Picture, bound: Bindings) -> Picture:
    bound["frame"], _arrow, tail = bound["frame"].partition(" => ")
    against = next((words for words in OPPOSITES if tail in words), set())
    kept = [said for said in old.style if said not in against or said == tail]
    return replace(old, style=tuple(dict.fromkeys((*kept, tail))))


# Each kind of change: how often, and what it does.
CHANGES: dict[str, tuple[int, Change]] = {
    "recolour": (10, recolour),
    "recolour_of": (3, recolour_of),
    "recolour_part": (5, recolour_part),
    "count": (6, count),
    "larger": (4, enlarge),
    "smaller": (3, shrink),
    "normal": (2, reset_size),
    "look": (3, change_look),
    "background": (4, _background),
    "backdrop": (2, _backdrop),
    "side": (2, _side),
    "edge": (1, _edge),
    "middle": (1, _middle),
    "corner": (1, _corner),
    "place": (4, _place),
    "time": (5, _time),
    "style": (3, _style),
    "artist": (2, _artist),
    "medium": (2, _medium),
    "swap": (4, swap),
    "add": (6, _add),
    "addat": (3, _addat),
    "relate": (4, _relate),
    "remove": (9, _remove),
    "more": (2, add_one),
    "add_some": (2, add_some),
    "another": (3, _another),
    "fewer": (3, take_one),
    "exchange": (4, _exchange),
    "everything": (4, _everything),
    "give": (4, give),
    "act": (3, let_act),
    "name": (2, name),
    "write": (2, write_on),
    "again": (3, _again),
    "tail": (3, _tail),
}


def noun_of_place(picture: Picture) -> str:
    """What the place names, if that can be taken out: the hill of "on a hill"."""
    if picture.place.endswith(" background") and picture.place.startswith("on "):
        return "background"
    found = PLACED.fullmatch(picture.place)
    return found[1] if found and all(thing.noun != found[1] for thing in picture.things) else ""


def noun_of_doing(thing: Thing) -> str:
    """What a thing has on or holds, if that can be taken off: the hat of "wearing a red hat"."""
    if thing.doing.startswith("with the word "):
        return "text"
    found = HELD.fullmatch(thing.doing)
    if found is None or " of " in thing.doing or " and " in thing.doing or found[1] == thing.noun:
        return ""
    return found[1]
