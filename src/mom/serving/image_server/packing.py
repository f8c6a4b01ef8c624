"""Weights laid out once as oneDNN multiplies them in bfloat16: PyTorch lays them out anew at each call.

The operators are those that torch.compile's weight freezing puts in the place of layers (torch/_inductor/fx_passes/mkldnn_fusion.py).
"""

import torch
from torch import nn

NOTHING_AFTER: tuple[str, list[float], str] = ("none", [], "")  # no activation is fused


class PackedConvolution(nn.Module):  # type: ignore[misc] # torch is untyped to the type checker
    """A convolution whose weights are laid out at its first call, the best way for images of that call's size; others are right as well."""

    def __init__(self, original: nn.Conv2d) -> None:
        super().__init__()
        self._weight, self.bias = original.weight.detach(), original.bias
        self._settings = (original.padding, original.stride, original.dilation, original.groups)
        self._is_packed = False

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if not self._is_packed:
            self._weight = torch._C._nn.mkldnn_reorder_conv2d_weight(  # noqa: SLF001 -- see the module's first lines
                self._weight.to_mkldnn(), *self._settings, images.shape
            )
            self._is_packed = True
        convolved: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(  # noqa: SLF001
            images, self._weight, self.bias, *self._settings, *NOTHING_AFTER
        )
        return convolved


class PackedLinear(nn.Module):  # type: ignore[misc] # torch is untyped to the type checker
    """A linear layer whose weights are laid out at its first call, the best way for as many rows."""

    def __init__(self, original: nn.Linear) -> None:
        super().__init__()
        self._weight, self.bias = original.weight.detach(), original.bias
        self._is_packed = False

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        if not self._is_packed:
            self._weight = torch.ops.mkldnn._reorder_linear_weight(self._weight, rows[..., 0].numel())  # noqa: SLF001
            self._is_packed = True
        mapped: torch.Tensor = torch.ops.mkldnn._linear_pointwise(rows, self._weight, self.bias, *NOTHING_AFTER)  # noqa: SLF001
        return mapped


PACKED = {nn.Conv2d: PackedConvolution, nn.Linear: PackedLinear}


def pack_weights(network: nn.Module) -> None:
    """Let the plain convolutions and linear layers of a network, in bfloat16 on a CPU, be packed ones."""
    for parent in list(network.modules()):
        for name, module in parent.named_children():
            if type(module) in PACKED and getattr(module, "padding_mode", "zeros") == "zeros":
                setattr(parent, name, PACKED[type(module)](module))
