"""The decoder: an AutoencoderKL whose middle taps are the network that was taught on points (`points.py`).

Its group normalisation would make every pixel depend on the whole picture. Three channels of each layer prevent that: a large constant
and its negative, beside which the others hardly change the deviation, and the others' negative sum, which keeps the mean at zero. The
normalisation is then a fixed scale.
"""

from __future__ import annotations

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn

from training.image.latents import BORDERS, CHANNELS, INSIDE
from training.image.pictures import SIZE
from training.image.points import ROOMS, PointBlock, PointDecoder

CONSTANT = 200.0
FIXED = 3
PASSING = 32


def build_vae() -> AutoencoderKL:
    """Five levels, so 16 times smaller latents. The lowest only scales up, the next learns to mend what that blurs, and drawing
    begins at 64 px.

    The encoder is not used: its weights are zero.
    """
    vae = AutoencoderKL(
        block_out_channels=(*(room + FIXED for room in reversed(ROOMS)), PASSING, PASSING),
        down_block_types=("DownEncoderBlock2D",) * 5,
        up_block_types=("UpDecoderBlock2D",) * 5,
        latent_channels=CHANNELS,
        layers_per_block=1,
        norm_num_groups=1,
        sample_size=SIZE,
        scaling_factor=1.0,
        mid_block_add_attention=False,
    )
    for weight in [*vae.encoder.parameters(), *vae.quant_conv.parameters()]:
        nn.init.zeros_(weight)
    return vae


def fill_decoder(vae: AutoencoderKL, points: PointDecoder) -> None:
    """Make the decoder compute, at every pixel, what the point network does from the latents scaled up to that pixel."""
    decoder = vae.decoder
    with torch.no_grad():
        _tap(vae.post_quant_conv, torch.eye(CHANNELS))
        _tap(decoder.conv_in, torch.eye(CHANNELS), fixed=True)
        for resnet in decoder.mid_block.resnets:
            _pass(resnet)
        for level, block in enumerate(decoder.up_blocks):
            for i, resnet in enumerate(block.resnets):
                if level == 0:
                    _pass(resnet)
                elif level == 1:
                    _open(resnet)
                else:
                    _fill(resnet, points.blocks[2 * (level - 2) + i])
            for upsampler in block.upsamplers or []:
                if level < 2:
                    _tap(upsampler.conv, torch.eye(CHANNELS), kernel=_rising(), fixed=True)
                else:
                    layer = points.ups[level - 2]
                    _tap(upsampler.conv, layer.weight, layer.bias, kernel=_even(), fixed=True)
        _scale(decoder.conv_norm_out, points.scale, points.shift)
        _tap(decoder.conv_out, points.out.weight, points.out.bias)


def _even() -> Tensor:
    """The kernel that, after each value has been doubled, makes values rise evenly from one to the next."""
    line = torch.tensor([0.25, 0.5, 0.25])
    return torch.outer(line, line)


def _middle(side: int) -> Tensor:
    kernel = torch.zeros(side, side)
    kernel[side // 2, side // 2] = 1.0
    return kernel


def _rising() -> Tensor:
    """A kernel for each channel of the latents: even where they rise, the middle tap where they are flat.

    Flat ones need no more, and an even kernel would mix zeros into them at the picture's border.
    """
    kernels = _middle(3).expand(CHANNELS, 1, 3, 3).clone()
    kernels[INSIDE] = kernels[BORDERS] = _even()
    return kernels


def _tap(
    conv: nn.Conv2d,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    kernel: Tensor | None = None,
    fixed: bool = False,
    constant: float = CONSTANT,
) -> None:
    """Make the convolution multiply by the matrix, at its middle tap or with a kernel over its taps.

    With `fixed`, its last three channels become the negative sum of the others, the constant and the constant's negative.
    """
    rows, columns = weight.shape
    nn.init.zeros_(conv.weight)
    nn.init.zeros_(conv.bias)
    if kernel is None:
        kernel = _middle(conv.weight.shape[-1])
    conv.weight[:rows, :columns] = weight[:, :, None, None] * kernel
    if bias is not None:
        conv.bias[:rows] = bias
    if fixed:
        conv.weight[-3] = -conv.weight[:rows].sum(0)
        conv.bias[-3], conv.bias[-2], conv.bias[-1] = -conv.bias[:rows].sum(), constant, -constant


def _scale(norm: nn.GroupNorm, scale: Tensor, shift: Tensor) -> None:
    deviation = CONSTANT * (2 / norm.num_channels) ** 0.5
    nn.init.zeros_(norm.weight)
    nn.init.zeros_(norm.bias)
    norm.weight[: len(scale)] = deviation * scale
    norm.bias[: len(shift)] = shift


def _pass(resnet: nn.Module) -> None:
    """Let a block answer what it gets."""
    nn.init.zeros_(resnet.conv2.weight)
    nn.init.zeros_(resnet.conv2.bias)


def _open(resnet: nn.Module) -> None:
    """Let a block answer what it gets, and learn to add to it: its first convolution is random, its second zero."""
    learning = resnet.conv1.in_channels - FIXED
    for norm in (resnet.norm1, resnet.norm2):
        _scale(norm, torch.ones(learning), torch.zeros(learning))
    mixing = torch.randn(learning, learning, 3, 3, generator=torch.Generator().manual_seed(1)) / (9 * learning) ** 0.5
    _tap(resnet.conv1, torch.ones(learning, learning), kernel=mixing, fixed=True)
    _pass(resnet)


def _fill(resnet: nn.Module, block: PointBlock) -> None:
    _scale(resnet.norm1, block.scale1, block.shift1)
    _tap(resnet.conv1, block.mix1.weight, block.mix1.bias, fixed=True)
    _scale(resnet.norm2, block.scale2, block.shift2)
    _tap(resnet.conv2, block.mix2.weight, block.mix2.bias, fixed=True, constant=0.0)
    if block.shortcut:
        _tap(resnet.conv_shortcut, block.shortcut.weight, block.shortcut.bias, fixed=True)


def keep_fixed(vae: AutoencoderKL) -> None:
    """Let training change nothing about the decoder's last three channels: a small step there would be a large one elsewhere."""
    for name, layer in vae.decoder.named_modules():
        if isinstance(layer, nn.Conv2d):
            mask = torch.ones_like(layer.weight)
            if name != "conv_in":
                mask[:, -FIXED:] = 0
            if name != "conv_out":
                mask[-FIXED:] = 0
                kept = torch.ones_like(layer.bias)
                kept[-FIXED:] = 0
                layer.bias.register_hook(kept.mul)
            layer.weight.register_hook(mask.mul)
        elif isinstance(layer, nn.GroupNorm):
            mask = torch.ones_like(layer.weight)
            mask[-FIXED:] = 0
            layer.weight.register_hook(mask.mul)
            layer.bias.register_hook(mask.mul)
