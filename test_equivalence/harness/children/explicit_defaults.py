"""Runs where ONNX is: for every line of JSON, says how a model and the same with its defaults written out differ.

A line is {"opset": 13, "nodes": [[operator, inputs, outputs, attributes], ...], "constants": {name: [shape, dtype]},
"inputs": {name: [shape, dtype]}, "outputs": names, "inside": whether the nodes stand in a branch, "fault": one of
FAULTS that the pass shall have, or ""}. The answer is a list of what is wrong.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.loading import load_file

onnx: Any = importlib.import_module("onnx")
defs: Any = importlib.import_module("onnx.defs")
helper: Any = importlib.import_module("onnx.helper")
numpy_helper: Any = importlib.import_module("onnx.numpy_helper")
evaluator: Any = importlib.import_module("onnx.reference").ReferenceEvaluator

CONVERTERS = Path(__file__).parents[3] / "converters"
PASS = load_file(CONVERTERS / "conversions" / "onnx_explicit_from_onnx.py")
NAMES = load_file(CONVERTERS / "support" / "onnx_plain_names.py")
TYPES = {
    "float32": onnx.TensorProto.FLOAT,
    "int8": onnx.TensorProto.INT8,
    "int64": onnx.TensorProto.INT64,
    "bool": onnx.TensorProto.BOOL,
}


def another_value(node: Any) -> None:
    for attribute in node.attribute:
        attribute.f += 0.5


def left_out(node: Any) -> None:
    del node.attribute[:]


def odd_name(node: Any) -> None:
    node.name += ":0"


FAULTS = {"another value": another_value, "left out": left_out, "odd name": odd_name}


def model_of(said: dict[str, Any]) -> Any:
    nodes = [
        helper.make_node(operator, inputs, outputs, name=f"/{outputs[0]}:node", **attributes)
        for operator, inputs, outputs, attributes in said["nodes"]
    ]
    constants = [
        numpy_helper.from_array(array, name)
        for name, array in filled({key: tuple(one) for key, one in said["constants"].items()}, 1).items()
    ]
    inputs = [
        helper.make_tensor_value_info(name, TYPES[dtype], shape) for name, (shape, dtype) in said["inputs"].items()
    ]
    outputs = [onnx.ValueInfoProto(name=name) for name in said["outputs"]]
    if said["inside"]:
        branches = {
            f"{which}_branch": helper.make_graph(nodes, which, [], outputs, constants) for which in ("then", "else")
        }
        yes = numpy_helper.from_array(np.array(True), "which way?")
        nodes, constants = [helper.make_node("If", ["which way?"], said["outputs"], **branches)], [yes]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", said["opset"])])


def filled(specs: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Return an array for each name; no whole numbers among floats, so that nothing is hidden by being 0 or 1."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, (shape, dtype) in specs.items():
        values = rng.uniform(0.25, 2.75, shape) * rng.choice([-1.0, 1.0], shape)
        arrays[name] = np.asarray(np.abs(values) if name.startswith("+") else values).astype(dtype)
    return arrays


def wrong_with(said: dict[str, Any]) -> list[str]:
    before = model_of(said)
    kept = before.SerializeToString(deterministic=True)
    after = PASS.explicit(before)
    for node in NAMES.nodes_of(after.graph.node) if said["fault"] else ():
        FAULTS[said["fault"]](node)
    found = [] if before.SerializeToString(deterministic=True) == kept else ["the model that was given has changed"]
    again = PASS.explicit(after)
    if again.SerializeToString(deterministic=True) != after.SerializeToString(deterministic=True):
        found.append("what is explicit is not left alone")
    inputs = filled(said["inputs"], 2)
    with np.errstate(all="ignore"):
        expected, got = (evaluator(model).run(said["outputs"], inputs) for model in (before, after))
    for name, one, other in zip(said["outputs"], expected, got, strict=True):
        if one.dtype != other.dtype or one.shape != other.shape or one.tobytes() != other.tobytes():
            found.append(f"{name} differs")
    found += [f"{name!r} is no plain name" for name in names_in(after) if not PASS.PLAIN.fullmatch(name)]
    for node in NAMES.nodes_of(after.graph.node):
        declared = defs.get_schema(node.op_type, said["opset"], "").attributes
        given = {attribute.name for attribute in node.attribute}
        absent = {name for name, one in declared.items() if one.default_value.name} - given - {"auto_pad"}
        window = {"kernel_shape", "strides", "dilations", "pads"} & set(declared)
        padded = any(one.name == "auto_pad" for one in node.attribute) or "output_shape" in given
        absent |= window - given - ({"pads"} if padded else set())
        found += [f"{node.op_type} has no {name}" for name in sorted(absent)]
    return found


def names_in(model: Any) -> list[str]:
    nodes = list(NAMES.nodes_of(model.graph.node))
    graphs = [model.graph, *(graph for node in nodes for graph in NAMES.graphs_of(node))]
    values = [name for node in nodes for name in (*node.input, *node.output, node.name)]
    return [name for name in (*values, *(one.name for graph in graphs for one in graph.initializer)) if name]


def main() -> None:
    for line in sys.stdin:
        try:
            answer = wrong_with(json.loads(line))
        except Exception as problem:  # noqa: BLE001 what it raises is the answer
            answer = [f"{type(problem).__name__}: {problem}"]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
