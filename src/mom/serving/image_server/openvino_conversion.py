"""Writes a pipeline's networks in OpenVINO's format, each with the configuration that its stand-in needs.

They are traced, so that what depends on a size would be frozen at the traced one: the example is odd-sized, which makes
the UNet compute the sizes of its layers instead of doubling them, and then every size runs.
"""

import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from mom.serving.image_server.doubling import TracedDoublingConvolution, fold_doubling
from mom.serving.image_server.openvino_networks import time_projection
from mom.serving.image_server.openvino_quiet import openvino

CONFIGS = "configs.json"
UNET, ENCODER, DECODER = "unet.xml", "vae_encoder.xml", "vae_decoder.xml"
VAE_REST = "vae_rest.safetensors"
TEXT_ENCODERS = ("text_encoder", "text_encoder_2")
HEIGHT, WIDTH, BATCH = 9, 11, 2
FORM = "form-2"  # changes with what is written here: what was kept in another form is converted anew


def convert_pipeline(pipeline: Any, folder: Path, *, half: bool) -> None:  # noqa: ANN401 -- diffusers is untyped
    """Write all networks of a Stable Diffusion pipeline in float32; each is taken out of the pipeline once it is written.

    `half` stores the weights as float16. Raises `RuntimeError`, `OSError`.
    """
    unet, vae = pipeline.unet, pipeline.vae
    configs: dict[str, Any] = {"unet": dict(unet.config), "vae": dict(vae.config)}
    _write(_UNet(unet), _unet_example(pipeline), folder / UNET, half=half)
    pipeline.unet = None
    del unet
    fold_doubling(vae.decoder, TracedDoublingConvolution)
    for file, network, channels in (
        (ENCODER, vae.encoder, vae.config.in_channels),
        (DECODER, vae.decoder, vae.config.latent_channels),
    ):
        side = (8 * HEIGHT, 8 * WIDTH) if file == ENCODER else (HEIGHT, WIDTH)
        _write(_Only(network), {"x": torch.randn(1, channels, *side)}, folder / file, half=half)
    rest = {name: tensor for name, tensor in vae.state_dict().items() if not name.startswith(("encoder.", "decoder."))}
    save_file({name: tensor.contiguous() for name, tensor in rest.items()}, folder / VAE_REST)
    pipeline.vae = None
    del vae
    for name in TEXT_ENCODERS:
        encoder = getattr(pipeline, name, None)
        if encoder is not None:
            ids = torch.ones(BATCH, pipeline.tokenizer.model_max_length, dtype=torch.long)
            _write(_Text(encoder), {"input_ids": ids}, folder / f"{name}.xml", half=half)
            configs[name] = {key: encoder.config.to_dict().get(key) for key in ("projection_dim", "hidden_size")}
            setattr(pipeline, name, None)
    (folder / CONFIGS).write_text(json.dumps(configs, default=list), encoding="utf-8")


def _unet_example(pipeline: Any) -> dict[str, torch.Tensor]:  # noqa: ANN401 -- diffusers is untyped
    config = pipeline.unet.config
    tokens, sizes_and_corner = pipeline.tokenizer.model_max_length, 6
    example = {
        "sample": torch.randn(BATCH, config.in_channels, HEIGHT, WIDTH),
        "timestep": time_projection(config, config.block_out_channels[0])(torch.full((BATCH,), 500.0)),
        "encoder_hidden_states": torch.randn(BATCH, tokens, config.cross_attention_dim),
    }
    if config.time_cond_proj_dim is not None:
        example["timestep_cond"] = torch.randn(BATCH, config.time_cond_proj_dim)
    if config.addition_embed_type == "text_time":
        example["text_embeds"] = torch.randn(BATCH, pipeline.text_encoder_2.config.projection_dim)
        example["time_ids"] = torch.randn(BATCH, sizes_and_corner * config.addition_time_embed_dim)
    return example


def _write(network: torch.nn.Module, example: Mapping[str, torch.Tensor], file: Path, *, half: bool) -> None:
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer's, of each size that the networks look at
        model = openvino.convert_model(network.eval(), example_input=dict(example))
    openvino.save_model(model, file, compress_to_fp16=half)


class _Only(torch.nn.Module):  # type: ignore[misc]  # torch is not followed
    def __init__(self, network: Callable[..., Any]) -> None:
        super().__init__()
        self._network = network

    def forward(self, x: torch.Tensor) -> Any:  # noqa: ANN401
        return self._network(x)


class _UNet(_Only):
    """Takes the waves of times in place of times; `openvino_networks.OpenVinoUNet` says why."""

    def __init__(self, network: Any) -> None:  # noqa: ANN401 -- diffusers is untyped
        super().__init__(network)
        network.get_time_embed = lambda sample, timestep: timestep  # noqa: ARG005 -- called by these names
        network.add_time_proj = torch.nn.Identity()

    def forward(  # type: ignore[override]
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        timestep_cond: torch.Tensor | None = None,
        text_embeds: torch.Tensor | None = None,
        time_ids: torch.Tensor | None = None,
    ) -> Any:  # noqa: ANN401
        added = None if text_embeds is None else {"text_embeds": text_embeds, "time_ids": time_ids}
        return self._network(
            sample, timestep, encoder_hidden_states, timestep_cond=timestep_cond, added_cond_kwargs=added, return_dict=False
        )[0]  # fmt: skip


class _Text(_Only):
    def forward(self, input_ids: torch.Tensor) -> Any:  # noqa: ANN401
        output = self._network(input_ids, output_hidden_states=True)
        return output[0], output.hidden_states[-2]
