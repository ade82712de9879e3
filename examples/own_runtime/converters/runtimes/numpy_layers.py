"""A runtime of one's own: linear layers and ReLU from ONNX, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, Session, Unsupported


def gemm(node: Any, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    if node.attribute:
        raise Unsupported(f"numpy_layers: Gemm with {node.attribute[0].name}")
    product = x @ weight
    return product if bias is None else product + bias


OPERATORS = {
    "Gemm": gemm,
    "MatMul": lambda node, a, b: a @ b,
    "Relu": lambda node, x: np.maximum(x, 0),
    "Identity": lambda node, x: x,
}


class NumpySession:
    def __init__(self, nodes: Any, weights: Arrays, outputs: tuple[str, ...]) -> None:
        self._nodes = nodes
        self._weights = weights
        self._outputs = outputs

    def run(self, inputs: Arrays) -> Arrays:
        values = {**self._weights, **inputs}
        for node in self._nodes:
            values[node.output[0]] = OPERATORS[node.op_type](node, *(values[name] for name in node.input))
        return {name: values[name] for name in self._outputs}


class NumpyLayers:
    name = "numpy_layers"
    environment = "onnx"
    accepts = ("onnx",)

    def load(self, artifact: Artifact) -> Session:
        from onnx import numpy_helper

        graph = artifact.model.graph
        unknown = sorted({node.op_type for node in graph.node} - set(OPERATORS))
        if unknown:
            raise Unsupported(f"numpy_layers: no {', '.join(unknown)}")
        weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        return NumpySession(list(graph.node), weights, artifact.outputs)


COMPONENT = NumpyLayers()
