"""Doubling an image before a convolution, in less than half of the work."""

from typing import Any

import torch
from diffusers.models.upsampling import Upsample2D
from torch import nn
from torch.nn import functional


class DoublingConvolution(nn.Module):  # type: ignore[misc] # torch is untyped to the type checker
    """Nearest-neighbour doubling and a 3x3 convolution in one: four 2x2 convolutions of the small image.

    A row of the doubled image is there twice, so that the three rows under the kernel are two different ones, and two of
    the kernel's rows can be added up before; columns likewise. A pixel then takes 4 products in place of 9.
    """

    def __init__(self, original: Upsample2D) -> None:
        super().__init__()
        self._original = original
        weight = original.conv.weight.detach().float()
        kernels = [kernel for rows in _add_up(weight, dim=2) for kernel in _add_up(rows, dim=3)]
        self._quarters = nn.ModuleList(_convolution(kernel, original.conv) for kernel in kernels)

    def forward(
        self,
        hidden_states: torch.Tensor,
        output_size: tuple[int, int] | None = None,
        *more: Any,  # noqa: ANN401 -- diffusers is untyped
    ) -> torch.Tensor:
        """(batch, channels, height, width), twice as high and wide, or of the size that is asked for where it is another one."""
        height, width = hidden_states.shape[2:]
        doubled: torch.Tensor
        if output_size is not None and tuple(output_size) != (2 * height, 2 * width):
            doubled = self._original(hidden_states, output_size, *more)
            return doubled
        shape = (len(hidden_states), self._original.out_channels, 2 * height, 2 * width)
        doubled = hidden_states.new_empty(shape).to(memory_format=torch.channels_last)
        for place, convolve in enumerate(self._quarters):
            down, right = divmod(place, 2)
            # Padded on all sides, as it cannot be on one alone: there is a row and a column too many.
            quarter = convolve(hidden_states)[:, :, down : down + height, right : right + width]
            doubled[:, :, down::2, right::2] = quarter
        return doubled


class TracedDoublingConvolution(DoublingConvolution):
    """The same in operations that OpenVINO has kernels for. It doubles whatever size is asked for, as a decoder's do."""

    def forward(self, hidden_states: torch.Tensor, *_more: Any) -> torch.Tensor:  # noqa: ANN401 -- diffusers is untyped
        quarters = []
        for place, convolve in enumerate(self._quarters):
            down, right = divmod(place, 2)
            padded = functional.pad(hidden_states, (1 - right, right, 1 - down, down))
            quarters.append(functional.conv2d(padded, convolve.weight, convolve.bias))
        batch, channels, height, width = quarters[0].shape
        by_place = torch.cat(quarters, dim=1).reshape(batch, 2, 2, channels, height, width)
        return by_place.permute(0, 3, 4, 1, 5, 2).reshape(batch, channels, 2 * height, 2 * width)


def fold_doubling(network: nn.Module, kind: type[DoublingConvolution] = DoublingConvolution) -> None:
    """Let all doubling convolutions of one of diffusers' networks be of that kind."""
    for parent in list(network.modules()):
        for name, module in parent.named_children():
            if isinstance(module, Upsample2D) and _suits(module):
                setattr(parent, name, kind(module))


def _suits(module: Upsample2D) -> bool:
    plain = module.interpolate and module.use_conv and not module.use_conv_transpose and module.norm is None
    return plain and (module.conv.kernel_size, module.conv.padding, module.conv.groups) == ((3, 3), (1, 1), 1)


def _add_up(weight: torch.Tensor, dim: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The kernel of three along `dim` as those of two that the even and the odd pixels need."""
    first, middle, last = weight.unbind(dim)
    return torch.stack((first, middle + last), dim), torch.stack((first + middle, last), dim)


def _convolution(kernel: torch.Tensor, like: nn.Conv2d) -> nn.Conv2d:
    into, out = kernel.shape[1], kernel.shape[0]
    made = nn.utils.skip_init(nn.Conv2d, into, out, kernel_size=2, padding=1, bias=like.bias is not None)
    made.weight = nn.Parameter(kernel.to(like.weight.dtype, memory_format=torch.channels_last), requires_grad=False)
    made.bias = like.bias
    return made
