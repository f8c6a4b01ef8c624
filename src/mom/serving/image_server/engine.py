"""The diffusers engine: one Stable Diffusion pipeline on the CPU, stoppable between any two of its blocks."""

import io
import logging
from collections.abc import Callable
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from diffusers.models.resnet import ResnetBlock2D

from mom.errors import PartBrokenError
from mom.serving.image_server.checkpoint import find_checkpoint
from mom.serving.image_server.config import ServerConfig
from mom.serving.image_server.drawing import Drawn, PictureSpec, StepDone
from mom.serving.image_server.hardware import choose_dtype, count_cores
from mom.serving.image_server.loading import load_pipeline
from mom.serving.image_server.preview import choose_preview, decode_latents, make_picture

log = logging.getLogger(__name__)

# An LCM-distilled UNet takes guidance as an input (8 is what its authors use); any other must not be guided at all,
# because guidance above 1 doubles the UNet's work and an LCM-LoRA was not trained for it. https://arxiv.org/abs/2310.04378
EMBEDDED_GUIDANCE = 8.0
NO_GUIDANCE = 1.0


def load_engine(config: ServerConfig) -> "DiffusersEngine":
    """Find, check and load the configured model. Raises `ModelFileError`."""
    checkpoint = find_checkpoint(config.model, has_lora=config.lora is not None)
    cores = count_cores()
    torch.set_num_threads(cores)
    dtype, reason = choose_dtype(checkpoint.unet_bytes)
    pipeline = load_pipeline(checkpoint, dtype, lora=config.lora)
    with torch.inference_mode():
        return DiffusersEngine(pipeline, f"{str(dtype).removeprefix('torch.')} ({reason}), {cores} threads")


class DiffusersEngine:
    """Implements `drawing.Engine`. The pipeline keeps the state of its one running picture, so there is one at a time."""

    def __init__(self, pipeline: StableDiffusionPipeline, description: str) -> None:
        self._pipeline = pipeline
        self._preview, kind = choose_preview(pipeline.vae)
        self._check: Callable[[], None] = lambda: None
        self.description = f"{description}, {kind}"
        self.max_steps: int = pipeline.scheduler.config.original_inference_steps  # LCM's schedule has no more
        side = pipeline.unet.config.sample_size
        height, width = (side, side) if isinstance(side, int) else side
        self.default_size = (width * pipeline.vae_scale_factor, height * pipeline.vae_scale_factor)
        self._check_before_each_block()

    def draw(self, spec: PictureSpec, *, check: Callable[[], None], on_step: Callable[[StepDone], None]) -> Drawn:
        def after_step(_pipeline: object, index: int, _timestep: int, tensors: dict[str, Any]) -> dict[str, Any]:
            # Raising is what stops the pipeline. Its own `_interrupt` skips the steps that are left and then decodes
            # the noise into an ordinary picture, and one that is set before the call is reset by it.
            check()
            denoised = self._pipeline.scheduler.denoised
            on_step(StepDone(index + 1, spec.steps, self._preview(denoised)))
            return tensors

        self._check = check
        try:
            with torch.inference_mode():
                check()
                on_step(StepDone(0, spec.steps))
                latents = self._denoise(spec, after_step)
                check()
                return Drawn(spec, self._decode(latents), self._find_dropped_tail(spec.prompt))
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raise PartBrokenError(
                f"There is not enough memory for a picture of {spec.width}x{spec.height} px. Ask for a smaller one.",
                part="image_model",
            ) from error
        finally:
            self._check = lambda: None

    def _denoise(self, spec: PictureSpec, after_step: Callable[..., dict[str, Any]]) -> torch.Tensor:
        distilled = self._pipeline.unet.config.time_cond_proj_dim is not None
        result = self._pipeline(
            prompt=spec.prompt,
            width=spec.width,
            height=spec.height,
            num_inference_steps=spec.steps,
            guidance_scale=EMBEDDED_GUIDANCE if distilled else NO_GUIDANCE,
            generator=torch.Generator("cpu").manual_seed(spec.seed),
            output_type="latent",
            callback_on_step_end=after_step,
        )
        latents: torch.Tensor = result.images
        return latents

    def _decode(self, latents: torch.Tensor) -> bytes:
        buffer = io.BytesIO()
        make_picture(decode_latents(self._pipeline.vae, latents)).save(buffer, "PNG")
        return buffer.getvalue()

    def _find_dropped_tail(self, prompt: str) -> str:
        tokenizer = self._pipeline.tokenizer
        spans = tokenizer(prompt, return_offsets_mapping=True, verbose=False).offset_mapping
        read = tokenizer.model_max_length - 1  # the last place is the end mark's
        return prompt[spans[read][0] :].strip() if len(spans) > read + 1 else ""

    def _check_before_each_block(self) -> None:
        # A step takes seconds with a big model, and the decoding three times as long: neither has a callback inside.
        for module in (*self._pipeline.unet.modules(), *self._pipeline.vae.decoder.modules()):
            if isinstance(module, ResnetBlock2D):
                module.register_forward_pre_hook(lambda _module, _inputs: self._check())


def is_out_of_memory(error: BaseException) -> bool:
    """PyTorch's CPU allocator has no exception of its own; this is its wording (c10/core/impl/alloc_cpu.cpp)."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)
