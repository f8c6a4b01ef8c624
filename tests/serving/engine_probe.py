"""A program that asks the engine itself, and prints what it found as JSON: `python engine_probe.py FOLDER`.

It is no test, because diffusers warns when it is imported, and here warnings are errors.
"""

import json
import sys
from types import SimpleNamespace
from typing import Any

import torch

from mom.serving.image_server.config import ServerConfig
from mom.serving.image_server.drawing import DrawingStoppedError, PictureSpec
from mom.serving.image_server.engine import DiffusersEngine, is_out_of_memory, load_engine
from mom.serving.image_server.preview import fit_matrix

SPEC = PictureSpec(prompt="a red circle", seed=1, steps=2, width=64, height=64)


def count_checks(engine: DiffusersEngine) -> dict[str, int]:
    """How often the engine asks whether to go on, within steps and after the last."""
    checks: list[int] = []
    steps: list[int] = [0]
    engine.draw(SPEC, check=lambda: checks.append(steps[-1]), on_step=lambda done: steps.append(done.step))
    return {"within_first_step": checks.count(0), "while_decoding": checks.count(SPEC.steps)}


def stop_at(engine: DiffusersEngine, number: int) -> list[int]:
    """The steps that were told of before the `number`th check stopped the drawing."""
    steps: list[int] = []
    checks = iter(range(1, 10_000))

    def check() -> None:
        if next(checks) == number:
            raise DrawingStoppedError

    try:
        engine.draw(SPEC, check=check, on_step=lambda done: steps.append(done.step))
    except DrawingStoppedError:
        return steps
    raise AssertionError("the drawing went on")


def fit_known_matrix() -> float:
    """The largest error of the fitted preview for a decoder that is linear."""
    truth = torch.tensor([[0.1, 0.0, 0.05], [0.0, 0.1, 0.0], [0.02, 0.0, -0.1], [0.0, -0.05, 0.03], [0.1, -0.1, 0.2]])

    def decode(latents: torch.Tensor, **_: Any) -> tuple[torch.Tensor]:
        colours = torch.einsum("bchw,cr->brhw", latents, truth[:4]) + truth[4][:, None, None]
        return (torch.nn.functional.interpolate(colours, scale_factor=4),)

    config = SimpleNamespace(latent_channels=4, scaling_factor=1.0, shift_factor=None)
    vae = SimpleNamespace(config=config, decode=decode, parameters=lambda: iter([torch.zeros(1)]))
    return float((fit_matrix(vae) - truth).abs().max())


def ask_for_too_much_memory() -> bool:
    try:
        torch.empty(2**50)
    except RuntimeError as error:
        return is_out_of_memory(error)
    return False


if __name__ == "__main__":
    engine = load_engine(ServerConfig(port=0, model=sys.argv[1], model_name="tiny", api_key=""))
    before = engine.draw(SPEC, check=lambda: None, on_step=lambda _: None).png
    findings = {
        "checks": count_checks(engine),
        "steps_before_stop": [stop_at(engine, number) for number in (1, 2, 4)],
        "same_after_stops": engine.draw(SPEC, check=lambda: None, on_step=lambda _: None).png == before,
        "remembers_the_prediction": engine._pipeline.scheduler.denoised is not None,
        "fit_error": fit_known_matrix(),
        "knows_out_of_memory": ask_for_too_much_memory(),
        "default_size": engine.default_size,
    }
    print(json.dumps(findings))
