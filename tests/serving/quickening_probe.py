"""A program that compares quickened layers with plain ones, and prints what it found as JSON: `python quickening_probe.py`.

It is no test, because diffusers warns when it is imported, and here warnings are errors.
"""

import json
from types import SimpleNamespace

import torch
from diffusers.models.upsampling import Upsample2D
from torch import nn

from mom.serving.image_server.checkpoint import Family
from mom.serving.image_server.doubling import DoublingConvolution, TracedDoublingConvolution, fold_doubling
from mom.serving.image_server.hardware import Hardware, has_bfloat16
from mom.serving.image_server.options import EngineOptions
from mom.serving.image_server.quickening import quicken


def compare_doubling() -> dict[str, object]:
    """The largest difference to the layer that doubles first, for several shapes, and for a size that is not the double."""
    plain = Upsample2D(6, use_conv=True, out_channels=10)
    network = nn.Sequential(plain)
    fold_doubling(network)
    traced = nn.Sequential(plain)
    fold_doubling(traced, TracedDoublingConvolution)
    shapes = ((1, 6, 8, 8), (3, 6, 5, 7), (2, 6, 1, 1))
    images = [torch.randn(shape).to(memory_format=torch.channels_last) for shape in shapes]
    return {
        "is_folded": isinstance(network[0], DoublingConvolution),
        "apart": [float((folded(each) - plain(each)).abs().max()) for each in images for folded in (network, traced)],
        "same_at_another_size": torch.equal(network[0](images[0], (15, 16)), plain(images[0], (15, 16))),
        "leaves_others": isinstance(_fold(Upsample2D(6, use_conv_transpose=True)), Upsample2D),
    }


def _fold(module: nn.Module) -> nn.Module:
    network = nn.Sequential(module)
    fold_doubling(network)
    return network[0]


def compare_packing() -> dict[str, object]:
    """What becomes of a network's layers in bfloat16, and the largest difference to plain ones, at the size of the first call and at
    others, as a part of the largest value. Where the chip does not multiply bfloat16, the layers are to stay plain.
    """
    plain = nn.Sequential(
        nn.Conv2d(8, 32, 3, padding=1, stride=2), nn.Conv2d(32, 16, 1, bias=False), nn.Linear(4, 8)
    ).bfloat16()
    network = nn.Sequential(*plain)
    hardware = Hardware(torch.device("cpu"), torch.bfloat16, channels_last=True, batch=1, reasons="")
    quicken(SimpleNamespace(unet=network, vae=nn.Sequential()), Family.SD, hardware, EngineOptions())
    shapes = ((1, 8, 16, 8), (2, 8, 16, 8), (1, 8, 6, 8))
    images = [torch.randn(shape).bfloat16().to(memory_format=torch.channels_last) for shape in shapes]
    return {
        "multiplies_bfloat16": has_bfloat16(),
        "kinds": [type(each).__name__ for each in network],
        "apart": [float((network(each) - plain(each)).abs().max() / plain(each).abs().max()) for each in images],
    }


if __name__ == "__main__":
    torch.manual_seed(0)
    with torch.inference_mode():
        print(json.dumps({"doubling": compare_doubling(), "packing": compare_packing()}))
