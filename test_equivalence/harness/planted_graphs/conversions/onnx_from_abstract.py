"""A planted graph in ONNX, one node for an operator; and the same with one node that computes something else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact
from nnparity.loading import load_file

PLANTING = Path(__file__).parents[1] / "support" / "planting.py"
POOL = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
PLAIN = {
    "relu": ("Relu", {}),
    "tanh": ("Tanh", {}),
    "sigmoid": ("Sigmoid", {}),
    "abs": ("Abs", {}),
    "neg": ("Neg", {}),
    "same": ("Identity", {}),
    "softmax_rows": ("Softmax", {"axis": 3}),
    "softmax_channels": ("Softmax", {"axis": 1}),
    "transpose": ("Transpose", {"perm": [0, 1, 3, 2]}),
    "max_pool": ("MaxPool", POOL),
    "average_pool": ("AveragePool", POOL),
    "add": ("Add", {}),
    "sub": ("Sub", {}),
    "mul": ("Mul", {}),
    "maximum": ("Max", {}),
    "minimum": ("Min", {}),
    "conv": ("Conv", {"pads": [1, 1, 1, 1]}),
    "conv_dilated": ("Conv", {"pads": [2, 2, 2, 2], "dilations": [2, 2]}),
    "matmul": ("MatMul", {}),
}


class OnnxFromAbstract:
    name = "onnx_from_abstract"
    environment = "onnx"
    source = "abstract"
    target = "onnx"

    def convert(self, artifact: Artifact) -> Artifact:
        import onnx

        spec, planting = artifact.model, load_file(PLANTING)
        last = len(spec["operators"]) - 1
        nodes, constants = [], []
        for place, (kind, takes) in enumerate(spec["operators"]):
            inputs = ["x" if one < 0 else f"t{one}" for one in takes]
            if kind in ("conv", "matmul"):
                array = getattr(planting, kind)(spec["seed"], place)
                constants.append(onnx.numpy_helper.from_array(array, f"w{place}"))
                inputs.append(f"w{place}")
            operator, attributes = PLAIN[kind]
            output = "y" if place == last else f"t{place}"
            nodes.append(onnx.helper.make_node(operator, inputs, [output], name=f"t{place}", **attributes))
        values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, spec["shape"]) for name in "xy"]
        graph = onnx.helper.make_graph(nodes, "planted", values[:1], values[1:], constants)
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
        return artifact.converted(self.target, model)


@dataclass(frozen=True)
class Planting:
    name: str
    fault: str
    place: int
    environment: str = "onnx"
    source: str = "onnx"
    target: str = "onnx"
    on_demand: bool = True

    def convert(self, artifact: Artifact) -> Artifact:
        graph = artifact.model.graph
        for index, node in enumerate(graph.node):
            if node.name == f"t{self.place}":
                _plant(graph, index, self.fault, self.place)
                break
        return artifact.converted(self.target, artifact.model)


def _plant(graph: Any, index: int, fault: str, place: int) -> None:
    import numpy as np
    import onnx

    node, planting = graph.node[index], load_file(PLANTING)
    if fault == "swapped":
        _swap(graph, node, place)
        return
    if fault == planting.FUSED and not any(node.input[0] in one.output for one in graph.node):
        return
    output = node.output[0]
    node.output[0] = f"{output}_right"
    wrong = np.float32(planting.SCALE) if fault != "element" else planting.one_element(planting.SHAPE, place)
    graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(wrong), f"wrong{place}"))
    operator = "Mul" if fault != "element" else "Add"
    graph.node.insert(
        index + 1, onnx.helper.make_node(operator, [f"{output}_right", f"wrong{place}"], [output], name="wrong")
    )


def _swap(graph: Any, node: Any, place: int) -> None:
    import onnx

    if node.op_type == "MatMul":
        weight = next(one for one in graph.initializer if one.name == f"w{place}")
        weight.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight).T.copy(), weight.name))
        return
    found = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    kinds = {kind for kind, (operator, attributes) in PLAIN.items() if operator == node.op_type and attributes == found}
    swapped = load_file(PLANTING).SWAPPED[kinds.pop()]
    operator, attributes = PLAIN[swapped]
    node.op_type = operator
    del node.attribute[:]
    node.attribute.extend(onnx.helper.make_attribute(name, value) for name, value in attributes.items())


ALL = load_file(PLANTING)
COMPONENTS = (OnnxFromAbstract(), *ALL.each("onnx", Planting, faults=(*ALL.FAULTS, ALL.FUSED)))
