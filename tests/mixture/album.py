"""A picture keeper that keeps nothing but what it was told, and has the files that a test puts in."""

from dataclasses import dataclass, field

from mom.mixture.conversation import Drawing
from mom.mixture.events import Image
from mom.mixture.ports import Picture


@dataclass
class Album:
    words: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    async def keep(self, picture: Picture, *, words: str) -> Image:
        self.words.append(words)
        return Image("1", "/images/1.png", 8, 8, picture.seed, picture.steps, picture.prompt, picture.prompt)

    async def read(self, image_id: str) -> Drawing | None:
        png = self.files.get(image_id)
        return Drawing("", 7, image_id, png) if png else None
