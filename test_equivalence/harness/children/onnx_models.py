"""Small ONNX models behind whose operators TVM's importer computes shapes, weights or bounds."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

helper: Any = importlib.import_module("onnx.helper")
numpy_helper: Any = importlib.import_module("onnx.numpy_helper")

FLOAT = importlib.import_module("onnx").TensorProto.FLOAT
Shapes = dict[str, tuple[int, ...]]


def model(
    nodes: list[Any], shapes: Shapes, result: tuple[int, ...], *, opset: int, **weights: Any
) -> tuple[Any, Shapes]:
    """Return a model with the output "y", and the shapes of its inputs."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in shapes.items()],
        [helper.make_tensor_value_info("y", FLOAT, result)],
        [numpy_helper.from_array(np.asarray(weight), name) for name, weight in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), shapes


def floats(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def models() -> Mapping[str, tuple[Any, Shapes]]:
    """Return each model by what it is there for."""
    node = helper.make_node
    flattened = [
        node("Shape", ["x"], ["size"]),
        node("Gather", ["size", "zero"], ["batch"], axis=0),
        node("Mul", ["batch", "two"], ["rows"]),
        node("Unsqueeze", ["rows", "axes"], ["first"]),
        node("Concat", ["first", "rest"], ["shape"], axis=0),
        node("Reshape", ["x", "shape"], ["y"]),
    ]
    sliced = [
        node("Slice", ["x", "starts", "ends", "axes", "steps"], ["part"]),
        node("Shape", ["part"], ["size"]),
        node("ConstantOfShape", ["size"], ["zeros"]),
        node("Where", ["mask", "part", "zeros"], ["y"]),
    ]
    scaled = [
        node("Cast", ["depth"], ["as_float"], to=FLOAT),
        node("Sqrt", ["as_float"], ["root"]),
        node("Div", ["one", "root"], ["scale"]),
        node("Mul", ["x", "scale"], ["y"]),
    ]
    product = node("MatMul", ["x", "w"], ["y"])
    padded = node("Pad", ["x", "pads"], ["y"])
    resized = node("Resize", ["x", "", "scales"], ["y"], mode="nearest")
    chosen = [node("Neg", ["x"], ["negative"]), node("If", ["always"], ["y"], **branches())]
    normalised = node("LayerNormalization", ["x", "w"], ["y"])
    lstm = node("LSTM", ["x", "w", "r", "b"], ["y"], hidden_size=3)
    return {
        "matrix product with one matrix": model([product], {"x": (2, 3, 4)}, (2, 3, 5), opset=17, w=floats(4, 5)),
        "matrix product that broadcasts": model([product], {"x": (2, 1, 3, 4), "w": (5, 4, 3)}, (2, 5, 3, 3), opset=17),
        "shape computed from the input": model(
            flattened, {"x": (2, 3, 4)}, (4, 6), opset=18, zero=0, two=2, axes=[0], rest=np.array([-1])
        ),
        "slice from the end": model(
            sliced,
            {"x": (4, 5)},
            (3, 3),
            opset=18,
            starts=np.array([-3, 1]),
            ends=np.array([2**63 - 1, -1]),
            axes=np.array([0, 1]),
            steps=np.array([1, 1]),
            mask=np.array([True, False, True]),
        ),
        "scale from a depth": model(scaled, {"x": (2, 3)}, (2, 3), opset=17, depth=np.int64(8), one=np.float32(1)),
        "LSTM": model(
            [lstm],
            {"x": (2, 1, 4)},
            (2, 1, 1, 3),
            opset=14,
            w=floats(1, 12, 4),
            r=floats(1, 12, 3),
            b=floats(1, 24),
        ),
        "padding": model([padded], {"x": (2, 3)}, (2, 6), opset=18, pads=np.array([0, 1, 0, 2])),
        "resize": model(
            [resized], {"x": (1, 2, 3, 3)}, (1, 2, 6, 6), opset=18, scales=np.array([1, 1, 2, 2], np.float32)
        ),
        "branch": model(chosen, {"x": (2, 3)}, (2, 3), opset=18, always=np.array([True])),
        "layer normalisation": model([normalised], {"x": (2, 3, 4)}, (2, 3, 4), opset=17, w=floats(4)),
    }


def branches() -> dict[str, Any]:
    """Return the two graphs of an If, with constants to fold in each."""
    node = helper.make_node
    graphs = {}
    for name, factor in (("then_branch", 2.0), ("else_branch", 3.0)):
        nodes = [
            node("Constant", [], [f"{name}_factor"], value=numpy_helper.from_array(np.float32(factor))),
            node("Add", [f"{name}_factor", f"{name}_factor"], [f"{name}_sum"]),
            node("Mul", ["negative", f"{name}_sum"], [f"{name}_y"]),
        ]
        graphs[name] = helper.make_graph(nodes, name, [], [helper.make_tensor_value_info(f"{name}_y", FLOAT, (2, 3))])
    return graphs
