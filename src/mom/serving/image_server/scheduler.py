"""Schedulers that remember their prediction, because the preview needs it and the pipelines throw it away."""

from typing import Any

import torch
from diffusers import (
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    LCMScheduler,
)
from diffusers.schedulers.scheduling_lcm import LCMSchedulerOutput


class Remembering:
    """`denoised` is the last step's prediction of the finished latents.

    The latents that a pipeline's callback sees are that prediction with new noise on it: at the first of four LCM steps
    (timestep 999) the picture has 7% of the amplitude there, so a preview of them would show noise.
    """

    denoised: torch.Tensor | None = None

    def step(
        self,
        model_output: torch.Tensor,
        timestep: int,
        sample: torch.Tensor,
        generator: torch.Generator | None = None,
        return_dict: bool = True,
    ) -> LCMSchedulerOutput | tuple[torch.Tensor, ...]:
        known: Any = super()
        found = known.step(model_output, timestep, sample, generator=generator, return_dict=False)
        self.denoised = found[1] if len(found) > 1 else self._predict(model_output, sample)
        return LCMSchedulerOutput(prev_sample=found[0], denoised=self.denoised) if return_dict else found

    def _predict(self, model_output: torch.Tensor, sample: torch.Tensor) -> torch.Tensor:
        """What flow matching predicts: the sample without the noise along its velocity (x = (1 - s) x0 + s noise)."""
        this: Any = self
        return sample - this.sigmas[this.step_index - 1].to(sample.device) * model_output


class RememberingLCMScheduler(Remembering, LCMScheduler):  # type: ignore[misc]  # diffusers is untyped
    pass


class RememberingEulerScheduler(Remembering, EulerDiscreteScheduler):  # type: ignore[misc]  # diffusers is untyped
    pass


class RememberingEulerAncestralScheduler(Remembering, EulerAncestralDiscreteScheduler):  # type: ignore[misc]  # diffusers is untyped
    pass


class RememberingFlowScheduler(Remembering, FlowMatchEulerDiscreteScheduler):  # type: ignore[misc]  # diffusers is untyped
    pass


BY_NAME: dict[str, Any] = {
    "LCMScheduler": RememberingLCMScheduler,
    "EulerDiscreteScheduler": RememberingEulerScheduler,
    "EulerAncestralDiscreteScheduler": RememberingEulerAncestralScheduler,
    "FlowMatchEulerDiscreteScheduler": RememberingFlowScheduler,
}
