"""A picture keeper that keeps nothing but what it was told."""

from dataclasses import dataclass, field

from mom.mixture.events import Image
from mom.mixture.ports import Picture


@dataclass
class Album:
    words: list[str] = field(default_factory=list)

    async def keep(self, picture: Picture, *, words: str) -> Image:
        self.words.append(words)
        return Image("1", "/images/1.png", 8, 8, picture.seed, picture.steps, picture.prompt, picture.prompt)
