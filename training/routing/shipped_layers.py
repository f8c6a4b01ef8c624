"""Reads the shipped layers back as weights to train on: the way back of `export_encoder`, but for the rounding to 8 bits."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from mom.models.bert.encoder import Floats
from training.routing.export_encoder import joint_scale

NAME = re.compile(r"c(\d+)(_quantized|_scale|_zero_point)?")


def read_layers(path: Path) -> dict[str, Floats]:
    """The weights by their names in `RoutingEncoder`. Raises `ValueError` where the file is no graph of `export_encoder`."""
    constants = _constants(path)
    weights = {
        "bert.embeddings.position_embeddings.weight": next(constants),
        "bert.embeddings.token_type_embeddings.weight": next(constants),
    }
    weights |= _pair("bert.embeddings.LayerNorm", constants)
    rest = list(constants)
    *layers, out_weight, out_bias = rest
    of_each = 12
    if len(layers) % of_each:
        raise ValueError(f"{path.name} has another number of weights than whole layers have")
    for layer in range(len(layers) // of_each):
        weights |= _layer(f"bert.encoder.layer.{layer}", iter(layers[layer * of_each : (layer + 1) * of_each]))
    return {**weights, "out.weight": out_weight.T, "out.bias": out_bias}


def _layer(name: str, constants: Iterator[Floats]) -> Mapping[str, Floats]:
    joint, bias = next(constants).T / joint_scale()[:, None], next(constants) / joint_scale()
    weights = {}
    for part, rows, ends in zip(("query", "key", "value"), np.split(joint, 3), np.split(bias, 3), strict=True):
        weights[f"{name}.attention.self.{part}.weight"] = rows
        weights[f"{name}.attention.self.{part}.bias"] = ends
    weights |= _pair(f"{name}.attention.output.dense", constants, turned=True)
    weights |= _pair(f"{name}.attention.output.LayerNorm", constants)
    weights |= _pair(f"{name}.intermediate.dense", constants, turned=True)
    weights |= _pair(f"{name}.output.dense", constants, turned=True)
    return {**weights, **_pair(f"{name}.output.LayerNorm", constants)}


def _pair(name: str, constants: Iterator[Floats], *, turned: bool = False) -> dict[str, Floats]:
    weight = next(constants)
    return {f"{name}.weight": weight.T if turned else weight, f"{name}.bias": next(constants)}


def _constants(path: Path) -> Iterator[Floats]:
    """The graph's weights in the order in which they were put there, those of 8 bits as the numbers that they stand for."""
    parts: dict[int, dict[str, NDArray[np.generic]]] = {}
    for stored in onnx.load(str(path)).graph.initializer:
        found = NAME.fullmatch(stored.name)
        if found is None:
            raise ValueError(f"{path.name} holds {stored.name!r}, which `export_encoder` does not write")
        parts.setdefault(int(found[1]), {})[found[2] or ""] = numpy_helper.to_array(stored)
    for _, part in sorted(parts.items()):
        if "_quantized" in part:
            whole = part["_quantized"].astype(np.float32) - part["_zero_point"].astype(np.float32)
            yield whole * part["_scale"].astype(np.float32)
        elif part[""].dtype == np.float32:
            yield part[""].astype(np.float32)
