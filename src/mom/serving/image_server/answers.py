"""Pictures and progress in OpenAI's words: the JSON answer, and the stream of server-sent events.

`image_generation.partial_image` and `image_generation.completed` are OpenAI's; `queued` and `progress` are ours, and
OpenAI's own client passes them on untouched.
"""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from mom.errors import MomError
from mom.serving.image_server.drawing import Drawn, StepDone
from mom.serving.image_server.jobs import Finished, Job, JobEvent
from mom.serving.image_server.mailbox import Queued
from mom.serving.image_server.vocabulary import Vocabulary

HEARTBEAT_S = 10.0
HEARTBEAT = b": heartbeat\n\n"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a request wants its answer: `kind` is the first half of its events' names; a picture's `as_url` is a `data:` URL,
    as nothing is kept here. `vocabulary`: the words that the model knows, where that is written down.
    """

    model: str
    kind: str = "image_generation"
    partial_images: int = 0
    as_url: bool = False
    vocabulary: Vocabulary | None = None


async def collect_answer(job: Job, wanted: Wanted) -> dict[str, object]:
    """Wait for all pictures of a job: `{"created", "data": [...]}`. Raises the job's `MomError`."""
    pictures: list[dict[str, object]] = []
    while not isinstance(event := await job.next_event(), Finished):
        if isinstance(event, Drawn):
            pictures.append(_describe(event, wanted))
    return {"created": int(time.time()), "model": wanted.model, "output_format": "png", "data": pictures}


async def stream_answer(job: Job, wanted: Wanted) -> AsyncIterator[bytes]:
    """The job's events as server-sent events, with a heartbeat while nothing happens; an error ends the stream."""
    shown_at = _choose_steps(job.steps, wanted.partial_images)
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                event = await job.next_event()
        except TimeoutError:
            yield HEARTBEAT
            continue
        except MomError as error:
            yield _write_event("error", {"error": error.as_json()})
            return
        if isinstance(event, Finished):
            return
        name, fields = _name_event(event, wanted)
        yield _write_event(f"{wanted.kind}.{name}", fields)
        if isinstance(event, StepDone) and event.step in shown_at and event.preview is not None:
            index = shown_at.index(event.step)
            yield _write_event(f"{wanted.kind}.partial_image", _describe_partial(event.preview, index))


def _choose_steps(steps: int, partial_images: int) -> list[int]:
    """At most `partial_images` steps, evenly spread, without the last: after that one comes the picture itself."""
    return sorted({round(steps * (i + 1) / (partial_images + 1)) for i in range(partial_images)} & set(range(1, steps)))


def _name_event(event: JobEvent, wanted: Wanted) -> tuple[str, dict[str, object]]:
    match event:
        case Queued(position, estimate_s):
            return "queued", {"position": position, "estimate_s": estimate_s}
        case StepDone(step, steps, preview):
            return "progress", {"step": step, "steps": steps, "b64_json": _encode(preview)}
        case Drawn():
            common = {"created_at": int(time.time()), "output_format": "png", "background": "opaque", "quality": "auto"}
            return "completed", {**_describe(event, wanted), **common, "model": wanted.model}
        case Finished():
            raise AssertionError("the end of a job is the end of its stream, not an event in it")


def _describe(drawn: Drawn, wanted: Wanted) -> dict[str, object]:
    spec, data = drawn.spec, _encode(drawn.png)
    return {
        **({"url": f"data:image/png;base64,{data}"} if wanted.as_url else {"b64_json": data}),
        "seed": spec.seed,
        "steps": spec.steps,
        "scheduler": drawn.scheduler,
        "cfg_scale": drawn.cfg_scale,
        "negative_prompt": spec.negative_prompt,
        "strength": None if spec.source is None else spec.strength,
        "hidden": drawn.hidden,
        "width": spec.width,
        "height": spec.height,
        "size": f"{spec.width}x{spec.height}",
        "prompt": spec.prompt,
        "dropped_tail": drawn.dropped_tail,
        "unknown_words": wanted.vocabulary.unknown_in(spec.prompt) if wanted.vocabulary else [],
    }


def _describe_partial(preview: bytes, index: int) -> dict[str, object]:
    common = {"created_at": int(time.time()), "output_format": "jpeg", "background": "opaque", "quality": "low"}
    return {"b64_json": _encode(preview), "partial_image_index": index, **common}


def _encode(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _write_event(name: str, data: Mapping[str, object]) -> bytes:
    fields = data if name == "error" else {"type": name, **data}
    return f"event: {name}\ndata: {json.dumps(fields)}\n\n".encode()
