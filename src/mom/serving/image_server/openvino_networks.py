"""Networks that OpenVINO runs in the places where a pipeline has PyTorch's: called alike, and stopped in the middle of a run.

Their inputs and outputs are float32 whatever OpenVINO computes in.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
from diffusers.models.embeddings import Timesteps

from mom.serving.image_server.drawing import StopCheck
from mom.serving.image_server.openvino_quiet import openvino

POLL_MS = 20


class OpenVinoNetwork(torch.nn.Module):  # type: ignore[misc]  # torch is not followed
    """One input named `x`, one output: a VAE's encoder or decoder. Compiled when it is first needed, or by `compiled`."""

    dtype = torch.float32
    device = torch.device("cpu")

    def __init__(self, file: Path, properties: Mapping[str, Any], stop: StopCheck) -> None:
        super().__init__()
        self._file = file
        self._properties = dict(properties)
        self._stop = stop

    @cached_property
    def compiled(self) -> Any:  # noqa: ANN401 -- as untyped as the rest of what these engines are made of
        """Raises `RuntimeError` for a file that is damaged."""
        return openvino.Core().compile_model(self._file, "CPU", self._properties)

    @cached_property
    def _request(self) -> Any:  # noqa: ANN401
        return self.compiled.create_infer_request()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._run(x=x)[0]

    def _run(self, **inputs: torch.Tensor) -> list[torch.Tensor]:
        """Raises what the check raises, within a layer's time, and `RuntimeError`."""
        self._stop()
        request = self._request
        # Held until the end of the run, as OpenVINO does not hold them: it would read memory that is free.
        held = {name: tensor.contiguous() for name, tensor in inputs.items()}
        for name, tensor in held.items():
            request.set_tensor(name, openvino.Tensor(tensor.numpy(), shared_memory=True))
        request.start_async()
        try:
            while not request.wait_for(POLL_MS):
                self._stop()
        except BaseException:
            request.cancel()
            with suppress(RuntimeError):  # that it was cancelled, or once more what it failed with
                request.wait()
            self.compiled.release_memory()
            raise
        return [torch.from_numpy(tensor.data.copy()) for tensor in request.output_tensors]


class OpenVinoUNet(OpenVinoNetwork):
    """`config` is that of the UNet whose place it takes.

    The waves of its timestep are computed here, in float32: their argument goes up to 1000, of which bfloat16 loses the
    places that matter. With them inside, the UNet of Stable Diffusion was measured 5.3% off (L2), like this 1.1%, as PyTorch is.
    """

    def __init__(self, file: Path, properties: Mapping[str, Any], stop: StopCheck, config: Any) -> None:  # noqa: ANN401 -- diffusers is untyped
        super().__init__(file, properties, stop)
        self.config = config
        self._time_proj = time_projection(config, config["block_out_channels"][0])
        extra = config.get("addition_time_embed_dim")
        self._add_time_proj = time_projection(config, extra) if extra else None
        # Where XL's pipeline looks up how many numbers its extra conditions have.
        wanted = config.get("projection_class_embeddings_input_dim")
        self.add_embedding = SimpleNamespace(linear_1=SimpleNamespace(in_features=wanted))

    def forward(  # type: ignore[override]
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        timestep_cond: torch.Tensor | None = None,
        added_cond_kwargs: Mapping[str, torch.Tensor] | None = None,
        **_unused: object,
    ) -> tuple[torch.Tensor]:
        inputs = {
            "sample": sample,
            "timestep": self._time_proj(timestep.float().expand(len(sample))),
            "encoder_hidden_states": encoder_hidden_states,
            "timestep_cond": timestep_cond,
            **(added_cond_kwargs or {}),
        }
        if self._add_time_proj is not None and "time_ids" in inputs:
            times = inputs["time_ids"]
            inputs["time_ids"] = self._add_time_proj(times.float().flatten()).reshape(len(times), -1)
        return (self._run(**{name: tensor.float() for name, tensor in inputs.items() if tensor is not None})[0],)


def time_projection(config: Mapping[str, Any], channels: int) -> Timesteps:
    """As the UNet makes it. Raises `ValueError` for a UNet that tells time otherwise."""
    if config.get("time_embedding_type") != "positional":
        raise ValueError(f"its UNet has {config.get('time_embedding_type')} time embeddings")
    return Timesteps(channels, config["flip_sin_to_cos"], config["freq_shift"])


class TextOutput(NamedTuple):
    """What pipelines ask of a text encoder: the first output by its number, the last but one of the hidden states by theirs."""

    first: torch.Tensor
    hidden_states: tuple[torch.Tensor, None]


class OpenVinoTextEncoder(OpenVinoNetwork):
    """CLIP's text encoder, with or without projection. `config` holds what pipelines read of its configuration."""

    def __init__(self, file: Path, properties: Mapping[str, Any], stop: StopCheck, config: Mapping[str, Any]) -> None:
        super().__init__(file, properties, stop)
        self.config = SimpleNamespace(**config)

    def forward(self, input_ids: torch.Tensor, **_unused: object) -> TextOutput:  # type: ignore[override]
        first, last_but_one = self._run(input_ids=input_ids)
        return TextOutput(first, (last_but_one, None))
