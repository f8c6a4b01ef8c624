"""Writes the tuned encoder as the package ships it: `python -m training.routing.export_encoder [--from FOLDER…] [--output FOLDER]`.

Of several folders the mean of the weights is written: of runs that went on from one another it is often better than each
(Wortsman et al. 2022, arXiv:2203.05482).

The layers become an ONNX graph with 8-bit weights (a scale for each output, activations scaled as they come), without
torch's exporter: it takes one conversation, so that nothing is padded. The words' table stays in the 4-bit blocks it
came in, and is no part of the graph, so that only the rows that are met are ever decoded.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from mom.models.bert.encoder import LAYERS, SHIPPED_ENCODER, WIDTH, Floats
from training.routing.encoder_model import HEADS

EPSILON = 1e-12
OPSET = 20


def joint_scale() -> Floats:
    """Of the queries, keys and values as one: the scale of their products is the queries', one multiplication less."""
    scale = np.ones(3 * WIDTH, np.float32)
    scale[:WIDTH] = (WIDTH / HEADS) ** -0.5
    return scale


class Graph:
    """Builds the graph, one operation after the other."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[np.generic]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def apply(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:  # noqa: ANN401 - as onnx has it
        name = f"v{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(kind, list(inputs), [name], name=f"n{len(self.nodes)}", domain=domain, **attributes)
        )
        return name

    def linear(self, values: str, weight: Floats, bias: Floats) -> str:
        return self.apply("Add", self.apply("MatMul", values, self.constant(weight.T)), self.constant(bias))

    def normal(self, values: str, name: str) -> str:
        return self.apply(
            "LayerNormalization",
            values,
            self.constant(self.weights[f"{name}.weight"]),
            self.constant(self.weights[f"{name}.bias"]),
            axis=-1,
            epsilon=EPSILON,
        )

    def layer(self, values: str, name: str) -> str:
        attention = f"{name}.attention"
        parts = [f"{attention}.self.{part}" for part in ("query", "key", "value")]
        joint = [np.concatenate([self.weights[f"{part}.{end}"] for part in parts]) for end in ("weight", "bias")]
        scale = joint_scale()
        mixed = self.linear(values, joint[0] * scale[:, None], joint[1] * scale)
        split = self.apply("Reshape", mixed, self.constant(np.array([-1, 3 * HEADS, WIDTH // HEADS])))
        turned = self.apply("Transpose", split, perm=[1, 0, 2])  # (3 x heads, pieces, width of a head)
        query, key, value = (
            self.apply(
                "Slice", turned, *(self.constant(np.array([at])) for at in (part * HEADS, (part + 1) * HEADS, 0))
            )
            for part in range(3)
        )
        weights = self.apply(
            "Softmax", self.apply("MatMul", query, self.apply("Transpose", key, perm=[0, 2, 1])), axis=-1
        )
        seen = self.apply("Transpose", self.apply("MatMul", weights, value), perm=[1, 0, 2])
        flat = self.apply("Reshape", seen, self.constant(np.array([-1, WIDTH])))
        out = self.linear(
            flat, self.weights[f"{attention}.output.dense.weight"], self.weights[f"{attention}.output.dense.bias"]
        )
        values = self.normal(self.apply("Add", out, values), f"{attention}.output.LayerNorm")
        inner = self.linear(
            values, self.weights[f"{name}.intermediate.dense.weight"], self.weights[f"{name}.intermediate.dense.bias"]
        )
        inner = self.apply("Gelu", inner, domain="com.microsoft")
        out = self.linear(inner, self.weights[f"{name}.output.dense.weight"], self.weights[f"{name}.output.dense.bias"])
        return self.normal(self.apply("Add", out, values), f"{name}.output.LayerNorm")


def build(weights: dict[str, Floats], layers: int) -> onnx.ModelProto:
    """`words` (pieces, WIDTH), `kinds` (pieces) and `share` (1, pieces: of the mean) to the mean's `vector` and the `logit`."""
    graph = Graph(weights)
    table = graph.constant(weights["bert.embeddings.position_embeddings.weight"])
    zero = graph.constant(np.array([0]))
    places = graph.apply("Slice", table, zero, graph.apply("Shape", "kinds"), zero)
    values = graph.apply("Add", "words", places)
    values = graph.apply(
        "Add",
        values,
        graph.apply("Gather", graph.constant(weights["bert.embeddings.token_type_embeddings.weight"]), "kinds"),
    )
    values = graph.normal(values, "bert.embeddings.LayerNorm")
    for layer in range(layers):
        values = graph.layer(values, f"bert.encoder.layer.{layer}")
    mean = graph.apply("MatMul", "share", values)
    logit = graph.apply(
        "Add", graph.apply("MatMul", mean, graph.constant(weights["out.weight"].T)), graph.constant(weights["out.bias"])
    )
    graph.nodes += [helper.make_node("Identity", [mean], ["vector"]), helper.make_node("Identity", [logit], ["logit"])]
    inputs = [
        helper.make_tensor_value_info("words", TensorProto.FLOAT, ["pieces", WIDTH]),
        helper.make_tensor_value_info("kinds", TensorProto.INT64, ["pieces"]),
        helper.make_tensor_value_info("share", TensorProto.FLOAT, [1, "pieces"]),
    ]
    outputs = [
        helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, WIDTH]),
        helper.make_tensor_value_info("logit", TensorProto.FLOAT, [1, 1]),
    ]
    made = helper.make_graph(graph.nodes, "encoder", inputs, outputs, graph.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=10)


def quantized(model: onnx.ModelProto) -> bytes:
    """With 8-bit weights where they meet the layers' values; the two products of attention stay in floats."""
    with tempfile.TemporaryDirectory() as folder:
        whole, small = Path(folder, "whole.onnx"), Path(folder, "small.onnx")
        onnx.save(model, str(whole))
        quantize_dynamic(
            whole, small, op_types_to_quantize=["MatMul"], per_channel=True, reduce_range=True,
            weight_type=QuantType.QInt8, extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
            nodes_to_exclude=[node.name for node in model.graph.node if node.op_type == "MatMul" and "share" in node.input],
        )  # fmt: skip
        return small.read_bytes()


def mean_weights(folders: Sequence[Path]) -> dict[str, Floats]:
    """The mean of the weights in the checkpoints of these folders."""
    saved = [torch.load(folder / "checkpoint.pt")["model"] for folder in folders]
    return {name: torch.stack([weights[name].float() for weights in saved]).mean(0).numpy() for name in saved[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", type=Path, nargs="+", default=[Path("training/out/encoder")], dest="folders")
    parser.add_argument("--output", type=Path, default=SHIPPED_ENCODER)
    arguments = parser.parse_args()
    weights = mean_weights(arguments.folders)
    layers = len({name.split(".")[3] for name in weights if name.startswith("bert.encoder.layer.")})
    path = arguments.output / LAYERS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(quantized(build(weights, layers)))
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
