"""Previews for programs: so many as were asked for, evenly spread over the steps."""

from dataclasses import dataclass

from mom.mixture.events import ImageProgress


@dataclass
class PartialImages:
    wanted: int
    shown: int = 0

    def take(self, progress: ImageProgress) -> str | None:
        """The preview as a JPEG in base64, where it is time for the next."""
        is_time = progress.step * (self.wanted + 1) >= progress.steps * (self.shown + 1)
        if progress.preview is None or not is_time or self.shown >= self.wanted:
            return None
        self.shown += 1
        return progress.preview.partition(",")[2]
