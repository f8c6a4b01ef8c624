"""The LCM scheduler that remembers its prediction, because the preview needs it and the pipeline throws it away."""

import torch
from diffusers import LCMScheduler
from diffusers.schedulers.scheduling_lcm import LCMSchedulerOutput


class RememberingLCMScheduler(LCMScheduler):  # type: ignore[misc]  # diffusers is untyped
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
    ) -> LCMSchedulerOutput | tuple[torch.Tensor, torch.Tensor]:
        previous, self.denoised = super().step(model_output, timestep, sample, generator, return_dict=False)
        if return_dict:
            return LCMSchedulerOutput(prev_sample=previous, denoised=self.denoised)
        return previous, self.denoised
