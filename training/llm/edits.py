"""Follow-ups: how a change to the picture made before is chosen and worded (what it does: `changes.py`)."""

import re

from training.llm.allowed import COUNTED, OF_A_THING, TOLD, allows, indices, removable
from training.llm.changes import CHANGES, noun_of_doing, noun_of_place
from training.llm.frames import Author, Bindings, sections
from training.llm.pictures import Picture
from training.llm.thing_changes import DRAWN, index_of, put

# Kinds of change that several wishes in one message are made of, and a wording of each that another may follow.
SHORT = {
    "recolour": ("make {it} {colour}", "{colour}", "in {colour}"),
    "count": ("{number} of them", "make it {number}", "{number}"),
    "larger": ("bigger", "make {it} bigger"),
    "smaller": ("smaller", "make {it} smaller"),
    "background": ("on a {colour} background", "make the background {colour}"),
    "time": ("{time}", "{time}", "make it {time}", "make it night => at night", "make it day => by day"),
    "place": ("{place}", "put {it} {place}"),
    "corner": ("in the {corner} corner",),
    "style": ("as a {style}",),
    "give": ("give {it} {other} => with {other}", "let {it} wear {other} => wearing {other}"),
    "add": ("add {other}", "add {other}", "put {other} next to {it}", "add {other} too"),
}
# The same for one of several things, which is named.
SHORT_NAMED = {
    "recolour": ("make the {noun} {colour}", "the {noun} {colour}", "the {noun} in {colour}", "paint the {noun} {colour}"),
    "larger": ("make the {noun} bigger", "the {noun} bigger", "a bigger {noun}", "the {noun} larger"),
    "smaller": ("make the {noun} smaller", "the {noun} smaller", "a smaller {noun}"),
    "look": ("make the {noun} {look}", "the {noun} {look}"),
}  # fmt: skip
# These come last: after them a mere "bigger" would be said of the background, of what was given, of what was added.
LATE = ("background", "give", "add")
LIVING = frozenset((*sections("words")["animal"], *sections("words")["person"]))
ORDINALS = ("first one", "second one", "third one")
# Changes to where all things are: no message speaks of one alone.
OF_ALL = ("side", "edge", "middle", "corner", "place", "background", "add")
ONE_MORE = re.compile(r"\b(one more|more of|another|another one|more)\b(?! (time|try|go|round|version|take|attempt))")


def edit(author: Author, old: Picture, before: Picture | None = None) -> tuple[str, Picture]:
    """A follow-up that changes the picture, and the picture it asks for: one change, now and then more.

    `before` is the picture before the last change: that says which of several things "it" is.
    """
    at = _last_changed(before, old) if before and len(old.things) > 1 else None
    if at is not None and author.chance(0.25):
        return _edit_of_it(author, old, at)
    if author.chance(0.18) and len({thing.noun for thing in old.things}) == len(old.things):
        return _several_changes(author, old)
    kind, bound, frame = _any_frame(author, old)
    bound["frame"] = _with_name(frame, bound)
    new = CHANGES[kind][1](author, old, bound)
    return correct_articles(author.fill(author.slip(bound["frame"]), bound)), new


def _last_changed(before: Picture, now: Picture) -> int | None:
    """Which one of the things was added or changed, if nothing else was."""
    changed = [at for at, thing in enumerate(now.things) if thing not in before.things]
    return changed[0] if len(changed) == 1 and len(now.things) >= len(before.things) else None


def _edit_of_it(author: Author, old: Picture, at: int) -> tuple[str, Picture]:
    """A change to the thing that was just spoken of, without its noun: "add a sun", "make it bigger"."""
    alone = Picture((old.things[at],))
    kind = author.random.choices(("recolour", "larger", "smaller", "look"), (5, 3, 2, 2))[0]
    bound = _bindings(author, alone, kind)
    while "{noun}" in (frame := author.frame("edits", kind)):
        pass
    bound["frame"] = frame
    new = put(old, at, CHANGES[kind][1](author, alone, bound).things[0])
    return correct_articles(author.fill(author.slip(bound["frame"]), bound)), new


def _any_frame(author: Author, old: Picture) -> tuple[str, Bindings, str]:
    """A kind of change, what it is to change, and a frame that says so."""
    while True:
        kind = _any_kind(author, old)
        bound = _bindings(author, old, kind)
        for _ in range(200):  # now and then no frame of the kind suits
            section = "recolour" if kind == "recolour_part" else kind
            if _suits(frame := author.frame("edits", section), old, bound, kind):
                return kind, bound, frame


def _suits(frame: str, old: Picture, bound: Bindings, kind: str) -> bool:
    """Whether the frame tells which of the things is meant, and puts no `a` before several."""
    several, thing = len(old.things) > 1, old.things[index_of(bound)]
    qualified = bound["noun"] != thing.called() and kind in OF_A_THING and (several or "{noun}" in frame)
    spoils = (
        several and kind in OF_A_THING and not re.search(r"\{(noun|nouns|one)\}", frame),
        several and kind in OF_ALL and "{noun}" in frame,
        several and "{kept}" in frame and bound["gone"] and (len(old.things) > 2 or bound["gone"] != "thing"),
        kind == "remove"
        and "{noun}" not in frame
        and bound["gone"] != "thing"
        and len(removable(old)) > 1,  # "only the cat"
        kind == "everything" and "both" in frame and len(old.things) != 2,
        kind == "more" and thing.count == 1 and "{one}" not in frame,  # "add one more": of what there is one of?
        kind == "again" and not several and thing.count > 1 and ONE_MORE.search(frame),  # that would be `more`
        qualified
        and kind not in COUNTED
        and ("the {noun}" not in frame or frame.count("{noun}") > 1),  # "a red blue circle"
        kind == "recolour_part" and ("the {noun}" not in frame or re.search(r"\{(it|they|colourer)\}", frame)),
        bound["many"] and re.search(r"\ba\b[^,]*\{noun\}", frame),
    )
    return not any(spoils)


def _with_name(frame: str, bound: Bindings) -> str:
    """The frame for a proper name, which has no article."""
    for slot in ("noun", "kept"):
        if bound[slot][:1].isupper() or bound.get(f"{slot}name"):
            frame = re.sub(rf"\b(?:the|an?) (?=\{{{slot}\}})", "", frame)
    return frame


def _any_kind(author: Author, old: Picture) -> str:
    """A kind of change that this picture allows."""
    while True:
        kind = author.random.choices(tuple(CHANGES), [weight for weight, _ in CHANGES.values()])[0]
        shapes = old.things[0].noun in DRAWN
        if not allows(old, kind):
            continue
        if kind in {"give", "act"} and shapes and not author.chance(0.5):
            continue
        if (kind, shapes) not in {("place", True), ("side", False), ("corner", False)} or author.chance(0.3):
            return kind


def _bindings(author: Author, old: Picture, kind: str) -> Bindings:
    """The words that a frame may use for what is in the picture."""
    gone, at = author.random.choice(removable(old)) if kind == "remove" else ("", 0)
    if kind in (*OF_A_THING, *TOLD):
        at = author.random.choice(indices(old, kind))
    elif kind == "relate":
        at = author.random.randrange(len(old.things))
    thing = old.things[at]
    many = thing.count > 1 or (len(old.things) > 1 and kind not in OF_A_THING)
    them = author.chance(0.75) if many else author.chance(0.03)
    two_things = kind == "relate" or (gone == "thing" and len(old.things) == 2)
    noun = _spoken(author, old, at, short=(kind in OF_A_THING and kind not in COUNTED) or bool(gone))
    kept = _spoken(author, old, 1 - at, short=True) if two_things else noun
    part = gone in {"place", "doing"} or kind == "recolour_part"
    if gone in {"place", "doing"}:
        noun = noun_of_place(old) if gone == "place" else noun_of_doing(thing)
    if kind == "recolour_part":
        noun = noun_of_doing(thing)
    living = thing.noun in LIVING or thing.name or thing.proper
    it, they = ("it", "it")
    if them:
        it, they = ("them", "they")
    elif thing.count == 1 and len(old.things) == 1 and living and author.chance(0.3):
        it, they = author.random.choice((("him", "he"), ("her", "she")))
    bound = {
        "it": it,
        "they": they,
        "noun": noun,
        "index": str(at),
        "kept": kept,
        "gone": gone,
        "many": "many" if (noun.endswith("s") if part else thing.count > 1) else "",
    }
    names = {
        called.lower() for other in old.things for called in (other.name, other.noun if other.proper else "") if called
    }
    return bound | {f"{slot}name": "name" for slot in ("noun", "kept") if bound[slot].lower() in names}


def _spoken(author: Author, old: Picture, at: int, *, short: bool) -> str:
    """How the thing is spoken of: by its noun, its name, or, where that is not enough, by its colour too."""
    thing = old.things[at]
    alike = [other for other in old.things if other is not thing and other.noun == thing.noun]
    if thing.name or thing.proper:
        name = thing.name or thing.noun
        said = name.lower() if author.chance(0.2) else name
        return said if thing.proper or alike or author.chance(0.5) else thing.noun
    if short and len(old.things) > 1 and all(other.count == 1 for other in old.things) and author.chance(0.04):
        return ORDINALS[at]
    if alike or (short and len(old.things) > 1 and thing.colour and author.chance(0.1)):
        return f"{thing.colour} {thing.called()}"
    return thing.called()


def _several_changes(author: Author, old: Picture) -> tuple[str, Picture]:
    """Two or three wishes in one message: "make it blue and bigger", "make the sun red and the house blue"."""
    kinds = _kinds_of_several(author, old)
    wishes, new, changed = [], old, -1
    for kind in kinds:
        said, new, changed = _short_change(author, new, kind, but=changed)
        wishes.append(said)
    joint = author.random.choice((" and ", " and ", ", ", ", and ", " but ", " and also "))
    return correct_articles(", ".join(wishes[:-1]) + joint + wishes[-1]), new


def _kinds_of_several(author: Author, old: Picture) -> list[str]:
    """Kinds that do not speak of the same attribute."""
    if len(old.things) > 1:
        return author.random.choices(tuple(SHORT_NAMED), (6, 2, 2, 2), k=2)
    allowed = [kind for kind in SHORT if allows(old, kind)]
    while True:
        kinds = author.random.sample(allowed, 3 if author.chance(0.15) else 2)
        if not any(
            clash <= set(kinds) for clash in ({"larger", "smaller"}, {"background", "place"}, {"count", "give"})
        ):
            return sorted(kinds, key=lambda kind: LATE.index(kind) if kind in LATE else -1)


def request_with_change(author: Author, scene: Picture) -> tuple[str, Picture]:
    """A request for a scene that changes it in the same breath: "draw a smiling face, then make it night"."""
    kinds = [kind for kind in (SHORT if len(scene.things) == 1 else SHORT_NAMED) if allows(scene, kind)]
    kinds += ["add"] * 4 if "add" in kinds else []
    said, new, _ = _short_change(author, scene, author.random.choice(kinds))
    verb = author.random.choice(
        ("draw", "paint", "draw me", "show me", "make", "create", "i want", "i'd like", "please draw")
    )
    joint = author.random.choice(
        (", then ", " and then ", ", but ", " but ", ", and ", " and ", ", now ", ". then ", ", only ")
    )
    return correct_articles(f"{verb} {scene.words()}{joint}{said}"), new


def _short_change(author: Author, old: Picture, kind: str, but: int = -1) -> tuple[str, Picture, int]:
    """A change in few words, to another thing than `but`; with the index of the thing it changes."""
    named = len(old.things) > 1
    while True:
        bound = _bindings(author, old, kind)
        frame = author.random.choice((SHORT_NAMED if named else SHORT)[kind])
        if not named or (index_of(bound) != but and _suits(frame, old, bound, kind)):
            break
    bound["frame"] = _with_name(frame, bound)
    new = CHANGES[kind][1](author, old, bound)
    return author.fill(bound["frame"], bound), new, index_of(bound)


def correct_articles(words: str) -> str:
    """`an` where a frame's `a` came to stand before a vowel."""
    return re.sub(r"\ba (?=[aeio])", "an ", words)
