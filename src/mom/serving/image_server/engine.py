"""The diffusers engine: a pipeline of the Stable Diffusion kin or FLUX, stoppable between any two of its blocks."""

import gc
import io
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from PIL import Image

from mom.errors import PartBrokenError
from mom.serving.image_server.abilities import find_abilities
from mom.serving.image_server.attention import AttentionByRows
from mom.serving.image_server.beside import BesideDrawing
from mom.serving.image_server.checkpoint import Family
from mom.serving.image_server.denoising import FLUX_TOKENS, Denoising
from mom.serving.image_server.drawing import (
    Drawn,
    NotEnoughMemoryError,
    PictureSpec,
    StepDone,
    StopCheck,
    Tell,
)
from mom.serving.image_server.hardware import Hardware
from mom.serving.image_server.loading import denoiser_of
from mom.serving.image_server.memory import decode_in_tiles, is_out_of_memory
from mom.serving.image_server.options import AUTO, EngineOptions
from mom.serving.image_server.preview import (
    Preview,
    choose_preview,
    decode_latents,
    make_jpeg,
    make_picture,
)
from mom.serving.image_server.recording import Recordings
from mom.serving.image_server.safety import SafetyChecker

log = logging.getLogger(__name__)

# zlib's levels. On a CPU the smaller file; a GPU draws in a tenth of a second, of which level 6 would take a third.
CPU_PNG_LEVEL, GPU_PNG_LEVEL = 6, 2
STOPPABLE_BLOCKS = {"ResnetBlock2D", "FluxTransformerBlock", "FluxSingleTransformerBlock"}  # by name: no import


class DiffusersEngine:
    """Implements `drawing.Engine`. The pipeline keeps the state of its one running batch, so there is one at a time.

    `runs_on` says in words what computes its networks, and why; `stop` is asked by those networks that are no PyTorch
    modules, in which there is nothing to hook. `attention` is entered while they run.
    """

    def __init__(
        self,
        pipeline: Any,  # noqa: ANN401 -- diffusers is untyped
        family: Family,
        hardware: Hardware,
        options: EngineOptions,
        tiny: Any = None,  # noqa: ANN401 -- diffusers is untyped
        *,
        edits: bool = True,
        attention: AttentionByRows | None = None,
        recordings: Recordings | None = None,
        runs_on: str = "PyTorch",
        stop: StopCheck | None = None,
    ) -> None:
        self.pipeline = pipeline
        self._family = family
        self._device = hardware.device
        self._decoder = tiny if options.decoder == "taesd" else pipeline.vae
        self._denoising = Denoising(pipeline, family, edits=edits)
        self._safety = SafetyChecker(pipeline) if options.safety == "on" else None
        self._preview = _choose_preview(pipeline, options, tiny, hardware)
        self._stop = stop or StopCheck()
        self._may_tile = options.tiling != "off"
        tiles = options.tiling == "on"
        if tiles:
            pipeline.vae.enable_tiling()
        if options.attention == "sliced":
            pipeline.enable_attention_slicing()
        self._attention = attention or nullcontext()
        self._recordings = recordings
        self._check_before_each_block()
        self.abilities = find_abilities(pipeline, family, hardware, edits=edits)
        extras = [
            self._preview.kind if self._preview else "no previews",
            "sliced attention" if options.attention == "sliced" else "attention by rows" if attention else "",
            "tiled decoding" if tiles else "",
            "tiny decoder" if options.decoder == "taesd" else "",
            "safety checker" if self._safety else "no safety checker",
            type(pipeline.scheduler).__name__.removeprefix("Remembering"),
        ]
        self.runs_on = runs_on
        self._kinds = (hardware.reasons, ", ".join(filter(None, extras)))

    @property
    def shares_processor(self) -> bool:
        return bool(self._device.type == "cpu")

    @property
    def description(self) -> str:
        hardware, extras = self._kinds
        return f"{hardware}, {self.runs_on}{self._recorded}, {extras}"

    @property
    def _recorded(self) -> str:
        if self._recordings is None:
            return ""
        failure = self._recordings.failure
        return f", not recorded ({failure})" if failure else ", recorded as CUDA graphs"

    def draw(self, specs: Sequence[PictureSpec], *, check: Callable[[], None], tell: Tell) -> None:
        for recording in (nullcontext(), self._without_recordings()):
            try:
                with recording:
                    self._draw(specs, check, tell)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                error.__traceback__ = None  # it holds what does not fit
                if not self._free_memory():
                    raise NotEnoughMemoryError from None
                log.warning("not enough memory beside what is recorded: drawn again without that")
            else:
                return

    def _draw(self, specs: Sequence[PictureSpec], check: Callable[[], None], tell: Tell) -> None:
        first, beside = specs[0], BesideDrawing(len(specs), at_once=self._device.type == "cpu")

        def after_step(_pipeline: object, index: int, _timestep: int, tensors: dict[str, Any]) -> dict[str, Any]:
            # Raising is what stops the pipeline. Its own `_interrupt` skips the steps that are left and then decodes
            # the noise into an ordinary picture, and one that is set before the call is reset by it.
            check()
            denoised, step = self._denoising.predicted(first), index + 1
            for number in range(len(specs)):
                colours = self._show(denoised[number : number + 1], is_last=step == first.steps)
                beside.put_off(number, partial(_tell_step, tell, number, StepDone(step, first.steps), colours))
            return tensors

        launched = denoiser_of(self.pipeline).register_forward_hook(lambda *_: beside.go_on())
        with torch.inference_mode(), self._attention, self._stop.asking(check), launched, beside:
            check()
            for number in range(len(specs)):
                tell(number, StepDone(0, first.steps))
            latents = self._denoising.run(specs, after_step)
            beside.go_on()
            for number, spec in enumerate(specs):
                check()
                rgb = self._decode(latents[number : number + 1])
                beside.do(number, self._finish(spec, rgb, partial(tell, number)))

    def warm_up(self) -> None:
        """Draws twice for nobody on a GPU: the first picture chooses kernels for seconds, the second one is recorded."""
        if self._device.type != "cuda":
            return
        width, height = self.abilities.default_size
        spec = PictureSpec(prompt="a red apple", seed=1, steps=2, width=width, height=height)
        try:
            for _ in range(2):
                self.draw([spec], check=lambda: None, tell=lambda _index, _told: None)
        except NotEnoughMemoryError:
            log.warning("not enough memory to draw %sx%s px", width, height)
        except Exception:  # nobody asks for the outcome; what is asked for next is told its own
            log.exception("drawing for nobody failed")

    def _decode(self, latents: torch.Tensor) -> torch.Tensor:
        """RGB (3, H, W). Where it does not fit into memory, in tiles."""
        try:
            return decode_latents(self._decoder, latents)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error) or not self._may_tile or self._decoder is not self.pipeline.vae:
                raise
        if self._free_memory():
            return self._decode(latents)
        log.warning("not enough memory to decode %s at once: in tiles", "x".join(map(str, latents.shape[:1:-1])))
        with self._without_recordings():
            return decode_in_tiles(self._decoder, latents)

    def _show(self, denoised: torch.Tensor, *, is_last: bool) -> Callable[[], torch.Tensor] | None:
        """The preview's colours; a picture is not given up for the want of one. None where it would be the picture itself."""
        if self._preview is None or (is_last and self._preview.decoder is self._decoder):
            return None
        try:
            return self._preview.colours(denoised)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            return None

    def _finish(self, spec: PictureSpec, rgb: torch.Tensor, tell: Callable[[Drawn], None]) -> Callable[[], None]:
        """What is left to be done beside: to encode it and to tell. Not more, as a tokenizer cannot be asked by two threads."""
        if not rgb.isfinite().all():  # it would be one flat colour
            raise PartBrokenError(
                "The image model computed no picture: its weights are damaged, or their number format is too narrow. Download the "
                "model again, or write dtype=float32 in MOM_IMAGE_ENGINE.",
                part="image_model",
            )
        picture = make_picture(rgb)
        hidden = self._safety is not None and self._safety.objects_to(picture)
        if hidden:
            picture = Image.new("RGB", picture.size, "grey")
        scheduler = type(self.pipeline.scheduler).__name__.removeprefix("Remembering")
        cfg_scale, dropped_tail = self._denoising.guidance(spec), self._find_dropped_tail(spec.prompt)
        level = CPU_PNG_LEVEL if self._device.type == "cpu" else GPU_PNG_LEVEL

        def encode() -> None:
            buffer = io.BytesIO()
            picture.save(buffer, "PNG", compress_level=level)
            tell(Drawn(spec, buffer.getvalue(), scheduler, cfg_scale, dropped_tail, hidden))

        return encode

    def _find_dropped_tail(self, prompt: str) -> str:
        tokenizer, limit = self.pipeline.tokenizer, self.pipeline.tokenizer.model_max_length
        if self._family is Family.FLUX:
            tokenizer, limit = self.pipeline.tokenizer_2, FLUX_TOKENS
        spans = tokenizer(prompt, return_offsets_mapping=True, verbose=False).offset_mapping
        read = limit - 1  # the last place is the end mark's
        return prompt[spans[read][0] :].strip() if len(spans) > read + 1 else ""

    def _check_before_each_block(self) -> None:
        # A step takes seconds with a big model, and the decoding three times as long: neither has a callback inside.
        for module in (*denoiser_of(self.pipeline).modules(), *self.pipeline.vae.modules()):
            if type(module).__name__ in STOPPABLE_BLOCKS:
                module.register_forward_pre_hook(lambda _module, _inputs: self._stop())

    def _without_recordings(self) -> AbstractContextManager[None]:
        return self._recordings.paused() if self._recordings else nullcontext()

    def _free_memory(self) -> bool:
        """Were there recordings, which are given up, so that what did not fit may fit now?"""
        gave_up = self._recordings is not None and self._recordings.forget()
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        elif self._device.type == "mps":
            torch.mps.empty_cache()
        return gave_up


def _tell_step(tell: Tell, number: int, done: StepDone, colours: Callable[[], torch.Tensor] | None) -> None:
    tell(number, done if colours is None else replace(done, preview=make_jpeg(colours())))


def _choose_preview(
    pipeline: Any,  # noqa: ANN401 -- diffusers is untyped
    options: EngineOptions,
    tiny: Any,  # noqa: ANN401 -- diffusers is untyped
    hardware: Hardware,
) -> Preview | None:
    """A tiny autoencoder costs 13% of a step on a CPU, measured at its best, and next to nothing on a GPU."""
    if options.preview == "none":
        return None
    by_itself = options.preview == AUTO and tiny is not None and hardware.device.type != "cpu"
    return choose_preview(pipeline.vae, tiny if options.preview == "taesd" or by_itself else None)
