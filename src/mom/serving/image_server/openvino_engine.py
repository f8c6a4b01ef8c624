"""Loads a model to be drawn with by OpenVINO: converted and compared with PyTorch once, by a child process, and opened from the disk ever after."""

import json
import logging
import subprocess
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import torch
from diffusers import AutoencoderKL
from diffusers.configuration_utils import FrozenDict
from safetensors.torch import load_file

from mom.serving.image_server.checkpoint import Checkpoint
from mom.serving.image_server.config import ServerConfig
from mom.serving.image_server.conversions import Conversions, Verdict
from mom.serving.image_server.drawing import StopCheck, UnfitError
from mom.serving.image_server.engine import DiffusersEngine
from mom.serving.image_server.hardware import Hardware
from mom.serving.image_server.loading import load_pipeline, load_tiny_autoencoder
from mom.serving.image_server.openvino_conversion import CONFIGS, DECODER, ENCODER, FORM, TEXT_ENCODERS, UNET, VAE_REST
from mom.serving.image_server.openvino_networks import OpenVinoNetwork, OpenVinoTextEncoder, OpenVinoUNet
from mom.serving.image_server.openvino_quiet import openvino
from mom.serving.image_server.options import EngineOptions
from mom.serving.program import PYTHON
from mom.serving.programs import usable_cores

log = logging.getLogger(__name__)

NAME_AND_VERSION = f"OpenVINO {openvino.__version__.split('-')[0]}"
PACKAGES = ("openvino", "torch", "diffusers", "transformers")
PRECISIONS = {torch.float32: "f32", torch.bfloat16: "bf16"}
TOLERANCE = 8.0  # levels of 255, root mean square over a picture: 30 dB
# Measured: 6 GB for the 0.86 billion of Stable Diffusion's UNet.
CONVERSION_BYTES_PER_PARAMETER = 8
CONVERT = (*PYTHON, "mom.serving.image_server.openvino_child")


def load_with_openvino(
    config: ServerConfig, checkpoint: Checkpoint, options: EngineOptions, hardware: Hardware
) -> DiffusersEngine:
    """Raises `UnfitError` where it does not draw as PyTorch does, `ModelFileError`."""
    model = OpenVinoModel(config, checkpoint, options, hardware)
    engine = _open_kept(model)
    if engine is not None:
        return engine
    _convert(model)
    engine = _open_kept(model)
    if engine is None:
        raise UnfitError("what OpenVINO has converted cannot be opened")
    return engine


def _open_kept(model: "OpenVinoModel") -> DiffusersEngine | None:
    """None where it has to be converted."""
    verdict = model.conversions.read()
    if verdict is None:
        return None
    told = _tell(verdict)
    if not verdict.agrees:
        raise UnfitError(told)
    try:
        return model.open(f"{NAME_AND_VERSION}: {told}")
    except (RuntimeError, OSError, ValueError, KeyError):
        log.exception("the converted model cannot be opened")
        return None


def _convert(model: "OpenVinoModel") -> None:
    needed = CONVERSION_BYTES_PER_PARAMETER * model.checkpoint.unet_parameters
    if psutil.virtual_memory().available < needed:  # else the system may end processes, again at each start
        raise UnfitError(f"converting this model for OpenVINO needs {needed / 1e9:.0f} GB of free memory")
    log.info("converting %s for OpenVINO: this takes minutes, once", model.config.model_name)
    line = json.dumps(asdict(model.config)).encode() + b"\n"
    try:
        with subprocess.Popen(CONVERT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as child:  # noqa: S603 -- our own program
            assert child.stdin is not None
            assert child.stdout is not None
            with suppress(BrokenPipeError):  # its end is told below
                child.stdin.write(line)
            said = child.stdout.read().decode(errors="replace").splitlines()
            code = child.wait()
    except OSError as error:
        raise UnfitError(f"converting it for OpenVINO cannot be begun: {error}") from error
    if code != 0:
        why = (
            "the system ended its process, perhaps for want of memory" if code < 0 else f"its process ended with {code}"
        )
        raise UnfitError(f"OpenVINO cannot convert this model ({said[-1] if said else why})")


class OpenVinoModel:
    """A model and its converted networks. What is left to PyTorch is small, and exact in float32, which also is what the
    networks take and give.
    """

    def __init__(
        self, config: ServerConfig, checkpoint: Checkpoint, options: EngineOptions, hardware: Hardware
    ) -> None:
        self.config, self.checkpoint = config, checkpoint
        self._options, self._chosen = options, hardware
        self.hardware = replace(hardware, dtype=torch.float32, channels_last=False)
        self.precision = PRECISIONS[hardware.dtype]
        lora = [Path(config.lora).expanduser()] if config.lora else []
        root = Path(config.conversions_folder or ".")
        how = " ".join([self.precision, FORM, *(f"{package}-{version(package)}" for package in PACKAGES)])
        self.conversions = Conversions(root, config.model_name, [checkpoint.path, *lora], how)

    def open(self, runs_on: str = NAME_AND_VERSION) -> DiffusersEngine:
        """Raises `RuntimeError`, `OSError`, `ValueError` or `KeyError` for what is damaged, `ModelFileError`."""
        folder = self.conversions.folder
        configs = json.loads((folder / CONFIGS).read_text(encoding="utf-8"))
        stop = StopCheck()
        properties = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": usable_cores(),
            "INFERENCE_PRECISION_HINT": self.precision,
            "ENABLE_CPU_PINNING": False,  # the language models' threads want the same cores
        }
        unet = OpenVinoUNet(folder / UNET, properties, stop, FrozenDict(configs["unet"]))
        encoder, decoder = (OpenVinoNetwork(folder / file, properties, stop) for file in (ENCODER, DECODER))
        texts = {
            name: OpenVinoTextEncoder(folder / f"{name}.xml", properties, stop, configs[name])
            for name in TEXT_ENCODERS
            if name in configs
        }
        for network in (unet, *texts.values(), *([] if self._options.decoder == "taesd" else [decoder])):
            _ = network.compiled  # the encoder is, when a first picture is begun from
        parts = {"unet": unet, "vae": _make_vae(configs["vae"], folder, encoder, decoder), **texts}
        pipeline = load_pipeline(
            self.checkpoint,
            self.hardware,
            lora=self.config.lora,
            safety=self._options.safety == "on",
            parts=parts,
        )
        return self.engine_of(pipeline, runs_on, stop)

    def engine_of(self, pipeline: Any, runs_on: str = "", stop: StopCheck | None = None) -> DiffusersEngine:  # noqa: ANN401 -- diffusers is untyped
        tiny = load_tiny_autoencoder(self._options.taesd, self._chosen) if self._options.taesd else None
        with torch.inference_mode():
            return DiffusersEngine(
                pipeline, self.checkpoint.family, self.hardware, self._options, tiny,
                edits=self.config.edits, runs_on=runs_on, stop=stop,
            )  # fmt: skip


def _make_vae(config: dict[str, Any], folder: Path, encoder: torch.nn.Module, decoder: torch.nn.Module) -> Any:  # noqa: ANN401 -- diffusers is untyped
    """The class of diffusers, which knows scaling and tiles, around OpenVINO's networks."""
    with torch.device("meta"):
        vae = AutoencoderKL.from_config(config)
    vae.encoder, vae.decoder = encoder, decoder
    vae.load_state_dict(load_file(folder / VAE_REST), assign=True)
    return vae


def _tell(verdict: Verdict) -> str:
    return (
        f"its pictures are {verdict.difference:.1f} of 255 levels from PyTorch's in float32, "
        f"{'within' if verdict.agrees else 'beyond'} {TOLERANCE:g}"
    )
