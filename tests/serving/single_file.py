"""Writes a tiny Stable Diffusion as one `.safetensors` file, under the names of the original code, and the hub's cache that such a file needs."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file

CONFIGURATION = "stable-diffusion-v1-5/stable-diffusion-v1-5"  # where diffusers looks for it
RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0", "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}  # fmt: skip
OUTER = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
}  # fmt: skip
VAE = {
    "conv_norm_out": "norm_out", "conv_shortcut": "nin_shortcut", "group_norm": "norm", "to_out.0": "proj_out",
    "to_q": "q", "to_k": "k", "to_v": "v", "mid_block.attentions.0": "mid.attn_1",
    "mid_block.resnets.0": "mid.block_1", "mid_block.resnets.1": "mid.block_2",
}  # fmt: skip
State = Mapping[str, torch.Tensor]


def write_single_file(pipeline: StableDiffusionPipeline, file: Path) -> Path:
    weights = {
        **{f"model.diffusion_model.{name}": tensor for name, tensor in _name_unet(pipeline.unet)},
        **{f"first_stage_model.{name}": tensor for name, tensor in _name_vae(pipeline.vae.state_dict())},
        **{
            f"cond_stage_model.transformer.text_model.{name.removeprefix('text_model.')}": tensor
            for name, tensor in pipeline.text_encoder.state_dict().items()
        },
    }
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, file)
    return file


def write_hub_cache(pipeline: StableDiffusionPipeline, hf_home: Path) -> None:
    """The configuration and vocabulary, as the hub's client keeps them."""
    repository = hf_home / "hub" / f"models--{CONFIGURATION.replace('/', '--')}"
    snapshot = repository / "snapshots" / ("0" * 40)
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(snapshot.name)
    pipeline.save_pretrained(snapshot)
    for weights in snapshot.rglob("*.safetensors"):
        weights.unlink()


def _name_unet(unet: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    each = unet.config.layers_per_block + 1
    attentive = {name.split(".")[1] for name in unet.state_dict() if re.match(r"up_blocks\.\d+\.attentions", name)}
    for name, tensor in unet.state_dict().items():
        match name.split("."):
            case ["down_blocks", block, ("resnets" | "attentions") as kind, layer, *rest]:
                at, place = 1 + int(block) * each + int(layer), kind == "attentions"
                yield f"input_blocks.{at}.{place:d}.{_name_layer(kind, rest)}", tensor
            case ["down_blocks", block, "downsamplers", "0", "conv", last]:
                yield f"input_blocks.{(int(block) + 1) * each}.0.op.{last}", tensor
            case ["mid_block", ("resnets" | "attentions") as kind, layer, *rest]:
                at = 1 if kind == "attentions" else 2 * int(layer)
                yield f"middle_block.{at}.{_name_layer(kind, rest)}", tensor
            case ["up_blocks", block, ("resnets" | "attentions") as kind, layer, *rest]:
                at, place = int(block) * each + int(layer), kind == "attentions"
                yield f"output_blocks.{at}.{place:d}.{_name_layer(kind, rest)}", tensor
            case ["up_blocks", block, "upsamplers", "0", "conv", last]:
                place = 2 if block in attentive else 1
                yield f"output_blocks.{(int(block) + 1) * each - 1}.{place}.conv.{last}", tensor
            case [*outer, last]:
                yield f"{OUTER['.'.join(outer)]}.{last}", tensor


def _name_layer(kind: str, rest: list[str]) -> str:
    name = ".".join(rest)
    if kind == "resnets":
        first, _, last = name.partition(".")
        return f"{RESNET[first]}.{last}"
    return name


def _name_vae(state: State) -> Iterator[tuple[str, torch.Tensor]]:
    blocks = 1 + max(int(found[1]) for name in state if (found := re.match(r"decoder\.up_blocks\.(\d+)", name)))
    for name, tensor in state.items():
        for ours, theirs in VAE.items():
            name = name.replace(f"{ours}.", f"{theirs}.")  # noqa: PLW2901 -- one after the other
        name = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", name)  # noqa: PLW2901
        name = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", name)  # noqa: PLW2901
        name = re.sub(r"up_blocks\.(\d+)\.resnets", lambda at: f"up.{blocks - 1 - int(at[1])}.block", name)  # noqa: PLW2901
        name = re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda at: f"up.{blocks - 1 - int(at[1])}.upsample", name)  # noqa: PLW2901
        yield name, tensor
