"""The safety checker that came with Stable Diffusion 1.x: looks at finished pictures, where it was switched on."""

from typing import Any

import numpy as np
from PIL import Image

from mom.errors import ModelFileError


class SafetyChecker:
    """Raises `ModelFileError` when the checkpoint brings none: one that was asked for must not be missing in silence."""

    def __init__(self, pipeline: Any) -> None:  # noqa: ANN401 -- diffusers is untyped
        self._checker: Any = getattr(pipeline, "safety_checker", None)
        self._extractor: Any = getattr(pipeline, "feature_extractor", None)
        if not (self._checker and self._extractor):
            raise ModelFileError(
                "safety=on, but this model brings no safety checker. Use a model with one, or take safety=on out of "
                "MOM_IMAGE_ENGINE."
            )

    def objects_to(self, picture: Image.Image) -> bool:
        """Does it find what it was made to find?"""
        pixels = self._extractor(picture, return_tensors="pt").pixel_values
        checked = pixels.to(self._checker.device, self._checker.dtype)
        _, found = self._checker(images=np.asarray(picture)[None].copy(), clip_input=checked)
        return bool(found[0])
