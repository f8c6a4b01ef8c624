"""What a run is asked to measure, as the command line says it and as a measuring process is told."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from benchmarks.image.models import CLONE
from mom.serving.image_server.__main__ import LIBRARY_SETTINGS


class NotMeasuredError(Exception):
    """A part failed; what it wrote says why. The others are measured all the same."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """`size` is the picture's side in px; `rounds` how often each thing is timed; `options` what `MOM_IMAGE_ENGINE` says."""

    parts: tuple[str, ...]
    model: str
    taesd: str
    size: int = 512
    steps: int = 4
    rounds: int = 3
    options: dict[str, str]

    @classmethod
    def from_command_line(cls) -> Self:
        value = json.loads(sys.argv[1])
        return cls(**value | {"parts": tuple(value["parts"])})

    def of(self, parts: tuple[str, ...]) -> Self:
        return replace(self, parts=parts)

    def measure_in(self, program: str, *, as_the_server: bool) -> dict[str, Any]:
        """Run `program` in a process of its own, with the server's library settings or none; the JSON that it prints last."""
        environment = {**LIBRARY_SETTINGS, **os.environ} if as_the_server else dict(os.environ)
        command = [sys.executable, "-m", program, json.dumps(asdict(self))]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, cwd=CLONE, env=environment)
        if done.returncode:
            raise NotMeasuredError(f"{program} ended with {done.returncode}")
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result
