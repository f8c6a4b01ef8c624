"""A program that compares quickened layers with plain ones, and prints what it found as JSON: `python quickening_probe.py`.

It is no test, because diffusers warns when it is imported, and here warnings are errors.
"""

import json

import torch
from diffusers.models.upsampling import Upsample2D
from torch import nn

from mom.serving.image_server.doubling import DoublingConvolution, fold_doubling
from mom.serving.image_server.hardware import has_bfloat16
from mom.serving.image_server.packing import PackedConvolution, PackedLinear, pack_weights


def compare_doubling() -> dict[str, object]:
    """The largest difference to the layer that doubles first, for several shapes, and for a size that is not the double."""
    plain = Upsample2D(6, use_conv=True, out_channels=10)
    network = nn.Sequential(plain)
    fold_doubling(network)
    shapes = ((1, 6, 8, 8), (3, 6, 5, 7), (2, 6, 1, 1))
    images = [torch.randn(shape).to(memory_format=torch.channels_last) for shape in shapes]
    return {
        "is_folded": isinstance(network[0], DoublingConvolution),
        "apart": [float((network(each) - plain(each)).abs().max()) for each in images],
        "same_at_another_size": torch.equal(network[0](images[0], (15, 16)), plain(images[0], (15, 16))),
        "leaves_others": isinstance(_fold(Upsample2D(6, use_conv_transpose=True)), Upsample2D),
    }


def _fold(module: nn.Module) -> nn.Module:
    network = nn.Sequential(module)
    fold_doubling(network)
    return network[0]


def compare_packing() -> dict[str, object]:
    """The largest difference between packed and plain layers, at the size they were packed for and at others, as a part of the largest value."""
    plain = nn.Sequential(
        nn.Conv2d(8, 32, 3, padding=1, stride=2), nn.Conv2d(32, 16, 1, bias=False), nn.Linear(4, 8)
    ).bfloat16()
    packed = nn.Sequential(*plain)
    pack_weights(packed)
    shapes = ((1, 8, 16, 8), (2, 8, 16, 8), (1, 8, 6, 8))
    images = [torch.randn(shape).bfloat16().to(memory_format=torch.channels_last) for shape in shapes]
    return {
        "kinds": [type(each) for each in packed] == [PackedConvolution, PackedConvolution, PackedLinear],
        "apart": [float((packed(each) - plain(each)).abs().max() / plain(each).abs().max()) for each in images],
    }


if __name__ == "__main__":
    torch.manual_seed(0)
    with torch.inference_mode():
        print(json.dumps({"doubling": compare_doubling(), "packing": compare_packing() if has_bfloat16() else None}))
