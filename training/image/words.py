"""The words of prompts: what each thing, colour, number and place is called, words that change nothing, and things nobody here can draw."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in text.split(","))


GLYPH_WORDS: dict[str, tuple[str, ...]] = {
    "circle": ("circle", "circle", "circle", "disc", "ball", "dot"),
    "square": ("square", "square", "square", "box", "cube"),
    "triangle": ("triangle", "triangle", "pyramid"),
    "star": ("star",),
    "heart": ("heart",),
    "diamond": ("diamond", "diamond", "rhombus"),
    "ring": ("ring", "ring", "hoop", "donut"),
    "cross": ("cross", "cross", "plus sign"),
    "sun": ("sun",),
    "moon": ("moon", "moon", "crescent"),
    "cloud": ("cloud",),
    "tree": ("tree", "tree", "oak"),
    "house": ("house", "house", "cottage", "cabin", "hut", "home"),
    "boat": ("boat", "boat", "ship", "sailboat", "sailing boat"),
    "face": ("face", "smiley", "smiley face", "smiling face", "emoji"),
    "flower": ("flower", "flower", "blossom", "daisy"),
    "fish": ("fish", "fish", "goldfish"),
    "cat": ("cat", "cat", "kitten"),
    "fox": ("fox",),
    "car": ("car", "car", "taxi"),
    "apple": ("apple",),
    "balloon": ("balloon",),
    "mushroom": ("mushroom", "mushroom", "toadstool"),
    "rocket": ("rocket", "rocket", "spaceship"),
}
PLURALS = {
    "box": "boxes", "cross": "crosses", "rhombus": "rhombuses", "fish": "fish", "goldfish": "goldfish", "fox": "foxes",
    "daisy": "daisies",
}  # fmt: skip
COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("red", "red", "red", "crimson"),
    "yellow": ("yellow", "yellow", "yellow", "golden", "gold"),
    "purple": ("purple", "violet"),
    "turquoise": ("turquoise", "cyan", "teal"),
    "grey": ("grey", "gray", "silver"),
    "beige": ("beige", "cream"),
    "light blue": ("light blue", "light blue", "pale blue", "sky blue"),
    "dark blue": ("dark blue", "dark blue", "navy", "deep blue"),
    "light green": ("light green", "light green", "lime", "pale green"),
    "dark green": ("dark green", "dark green", "deep green"),
}
SIZE_WORDS = {"small": ("small", "little", "tiny"), "large": ("large", "big", "huge", "giant")}
COUNT_WORDS = {
    2: ("two", "two", "2", "a pair of", "a couple of"),
    3: ("three", "three", "3"),
    4: ("four", "four", "4", "several"),
    5: ("five", "five", "5"),
    6: ("six", "six", "6", "many", "seven"),
}
TIME_PHRASES: dict[str, tuple[str, ...]] = {
    "day": _phrases("by day, on a sunny day, in the daytime, at noon, in the morning"),
    "night": _phrases(
        "at night, at night, at night, by night, in the moonlight, in the dark, under the stars, at midnight"
    ),
    "sunset": _phrases("at sunset, at sunset, at dusk, at sunrise, at dawn, in the evening, at golden hour"),
}
SKY_PHRASES: dict[str, tuple[str, ...]] = {
    "day": _phrases("in the sky, in the blue sky, in the air, by day, on a sunny day"),
    "night": _phrases("in the night sky, in space, at night, at night, in the dark, under the stars"),
    "sunset": _phrases("in the sunset, at sunset, at dusk, at sunrise, in the evening sky"),
}
PLACE_PHRASES: dict[str, tuple[str, ...]] = {
    "meadow": _phrases(
        "in a meadow, on the grass, in the grass, in a garden, in the garden, in a field, in a park, on a hill, outside"
    ),
    "sea": _phrases(
        "on the sea, at sea, on a lake, on the lake, on the water, on the ocean, in the water, by the sea, on a river"
    ),
    "snow": _phrases("in the snow, in the snow, on the snow, in winter, in a snowy landscape, on the ice"),
    "city": _phrases("in the city, in a city, in town, in the street, in front of a skyline"),
    "forest": _phrases("in a forest, in the forest, in the woods, in the wood, in the jungle"),
    "desert": _phrases("in the desert, in a desert, on the beach, on a beach, on the sand"),
}
ONE_SIDE = ("on the {}", "on the {}", "on the {} side", "at the {}", "to the {}", "on the {} of the picture")
ABOVE_OR_BELOW = ("at the {}", "at the {}", "in the {} half", "near the {}")
CORNERS = ("in the {1} {0} corner", "in the {1} {0}", "at the {1} {0}", "on the {0} at the {1}")
BESIDE = (
    "{0} and {1}", "{0} and {1}", "{0} and {1}", "{0} next to {1}", "{0} beside {1}", "{0} with {1}", "{0}, {1}",
    "{0} left of {1}", "{0} to the left of {1}", "{1} to the right of {0}", "{1} right of {0}",
)  # fmt: skip
STACKED = (
    "{0} above {1}", "{0} above {1}", "{0} over {1}", "{0} on top of {1}", "{1} below {0}", "{1} under {0}", "{1} beneath {0}",
)  # fmt: skip

FILLERS = _words("""
    beautiful nice pretty shiny bright vivid simple plain clean crisp flat detailed smooth lovely perfect modern cute colourful
    colorful bold glossy sharp elegant minimal minimalist abstract geometric single solid 4k 8k hd digital realistic cartoon funny
    magical glowing soft fresh fine great good awesome new old happy sad sleepy fluffy wooden ancient futuristic fast quiet
    """)
OTHER_WORDS = _words("""
    the a an and of in it is this that please now again really very just more less much quite with for to my your our some any here
    there then style art picture image drawing illustration photo painting design quality lines light lighting colours colors
    canvas paper view scene composition centred centered artwork render vector poster sticker icon symbol sign logo detailed thanks
    thank you hi hello hey ok yes no so but only still like want need would could can will let us me i we make made show draw paint
    create generate give see look same other last next time today masterpiece trending award winning professional highly focus
    """)
OTHER_NOUNS = _words("""
    dog horse bird lion tiger bear mouse cow sheep rabbit elephant castle tower bridge village bus train plane bicycle robot dragon
    unicorn wizard princess knight astronaut man woman child girl boy friend mountain island planet galaxy banana cake pizza bread
    coffee tea cup bottle table chair lamp book phone computer guitar piano violin violinist hat shoe dress eye hand portrait map
    flag clock key door window kitchen room school market owl penguin whale frog snake turtle pirate queen king chef ghost robot
    """)
DOINGS = _phrases("""
    reading a book, playing chess, playing the guitar, wearing a hat, wearing sunglasses, drinking tea, dancing, sleeping, jumping,
    running, smiling, with a hat, with a moustache, holding a sword, in the style of van gogh, by picasso
    """)
