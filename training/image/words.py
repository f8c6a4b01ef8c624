"""Words that change nothing in a picture, and things this model cannot draw."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FILLERS = _words("""
    beautiful nice pretty shiny bright vivid simple plain clean crisp flat detailed smooth lovely perfect modern cute colourful
    colorful bold glossy sharp elegant minimal minimalist abstract geometric single solid bluer redder darker brighter bigger
    smaller sharper 4k hd digital realistic cartoon funny magical glowing soft fresh fine great good awesome new old
    """)

OTHER_WORDS = _words("""
    the a an and of in it is this that please now again really very just more less much quite with for to my your our some any here
    there then style art picture image drawing illustration photo painting design quality lines light lighting colours colors
    canvas paper view scene composition centred centered artwork render vector poster sticker icon symbol sign logo detailed thanks
    thank you hi hello hey ok yes no so but only still like want need would could can will let us me i we make made show draw paint
    create generate give see look same one but other last next time today masterpiece trending award winning professional
    """)

OTHER_NOUNS = _words("""
    cat dog horse bird fish fox lion tiger bear mouse cow sheep rabbit elephant house castle tower bridge city street village car
    bus train boat ship plane bicycle rocket robot dragon unicorn wizard princess knight astronaut man woman child girl boy friend
    tree forest flower rose garden mountain river lake sea beach island desert cloud rain storm snow sunset sunrise moon planet
    galaxy apple banana cake pizza bread coffee tea cup bottle table chair lamp book phone computer guitar piano violin violinist
    hat shoe dress face eye hand portrait landscape skyline map flag clock key door window kitchen room school market
    """)
