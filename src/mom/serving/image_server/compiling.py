"""torch.compile for the blocks that a denoiser is made of: chosen once, tried at the start, and given up in words where it fails."""

import functools
import logging
from collections.abc import Callable
from typing import Any

import torch
from torch._dynamo.exc import BackendCompilerFailed, TorchDynamoException

from mom.serving.image_server.drawing import PictureSpec
from mom.serving.image_server.engine import DiffusersEngine
from mom.serving.image_server.loading import denoiser_of, first_line
from mom.serving.image_server.options import AUTO, EngineOptions

log = logging.getLogger(__name__)

# Small, but with more than one pixel in the innermost block: one is a case of its own to the compiler, as is a batch of one.
TRIAL = PictureSpec(prompt="a red apple", seed=1, steps=1, width=128, height=128)


def compile_blocks(engine: DiffusersEngine, options: EngineOptions, device: torch.device) -> str:
    """Where that was chosen. In words, what came of it and why."""
    is_chosen, why = choose_compiling(options, device)
    if not is_chosen:
        return f"blocks not compiled ({why})"
    log.info("compiling the model's blocks: this may take minutes, and less at later starts")
    compiler = BlockCompiler(denoiser_of(engine.pipeline))
    try:  # now, as nothing can be stopped while it compiles
        for specs in ([TRIAL], [TRIAL, TRIAL]):
            engine.draw(specs, check=lambda: None, tell=lambda _index, _told: None)
    except Exception as error:  # noqa: BLE001 -- whatever it is, drawing goes on without
        compiler.give_up(error)
    return f"blocks not compiled ({compiler.failure})" if compiler.failure else f"compiled blocks ({why})"


def choose_compiling(options: EngineOptions, device: torch.device) -> tuple[bool, str]:
    """Shall the blocks be compiled, and why? Not by itself: it takes a minute at the start."""
    if options.compile != AUTO:
        return options.compile == "on", "as set"
    return False, "gains nothing on a CPU" if device.type == "cpu" else "compile=on does it"


class BlockCompiler:
    """Compiles the repeated blocks of a denoiser, each when it is first run, and runs them as they are after a failure.

    Blocks and not the whole, because a few kinds of them are most of it: seconds of compiling, not minutes. Their `forward` and
    not they themselves, so that what is hooked to them, the check whether to go on, is not compiled with them. Sizes are
    left open; a batch of one is a case of its own to the compiler.
    """

    def __init__(self, denoiser: Any) -> None:  # noqa: ANN401 -- diffusers is untyped
        self.failure = ""
        for block in denoiser.modules():
            if type(block).__name__ in denoiser._repeated_blocks:  # noqa: SLF001 -- as `compile_repeated_blocks` does
                block.forward = self._compile(block.forward)

    def _compile(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        compiled = torch.compile(plain, dynamic=True)

        @functools.wraps(plain)
        def forward(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            if not self.failure:
                try:
                    return compiled(*arguments, **named)
                except TorchDynamoException as error:
                    self.give_up(error)
            return plain(*arguments, **named)

        return forward

    def give_up(self, error: Exception) -> None:
        """From now on the blocks are run as they are."""
        from torch._inductor.exc import InvalidCxxCompiler  # noqa: PLC0415 -- a second, and only where it is compiled

        log.warning("the model's blocks cannot be compiled", exc_info=error)
        cause = error.inner_exception if isinstance(error, BackendCompilerFailed) else error
        has_no_compiler = isinstance(cause, InvalidCxxCompiler)
        self.failure = "there is no C++ compiler, such as g++" if has_no_compiler else first_line(cause)
