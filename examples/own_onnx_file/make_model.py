"""Writes model.onnx beside it: two linear layers with a ReLU between, and an Identity that nobody needs.

Run it where the package onnx is installed; the file it writes is the one that lies here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 8


def model() -> onnx.ModelProto:
    """Return the model. Its batch is left open, under the name "batch"."""
    rng = np.random.default_rng(0)
    weights = {
        "first": rng.standard_normal((4, 8)).astype(np.float32),
        "first_bias": rng.standard_normal(8).astype(np.float32),
        "second": rng.standard_normal((8, 3)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Gemm", ["x", "first", "first_bias"], ["hidden"], name="first_layer"),
        helper.make_node("Relu", ["hidden"], ["active"], name="relu"),
        helper.make_node("Identity", ["active"], ["same"], name="nothing"),
        helper.make_node("MatMul", ["same", "second"], ["scores"], name="second_layer"),
    ]
    graph = helper.make_graph(
        nodes,
        "two_layers",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("model.onnx")
    onnx.save(model(), place)
