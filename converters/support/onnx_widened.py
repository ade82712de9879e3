"""An ONNX model in float32, rewritten to compute in float64.

For the reference evaluator, which takes the dtypes as they come. Numbers in attributes stay what they are: a slope of
0.01 is the float32 nearest to it, and that is what the model says.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# Attributes that name an element type to give a result: everything that casts, and everything that makes numbers.
ELEMENT_TYPES = frozenset(("dtype", "to", "output_dtype"))


def widen(model: Any) -> None:
    """Change the model in place: weights, constants, inputs, outputs and casts to float32 become float64."""
    _widen_graph(model.graph)
    for function in model.functions:
        del function.value_info[:]
        _widen_nodes(function.node)


def _widen_graph(graph: Any) -> None:
    del graph.value_info[:]
    for value in (*graph.input, *graph.output):
        _widen_type(value.type)
    for tensor in graph.initializer:
        _widen_tensor(tensor)
    for sparse in graph.sparse_initializer:
        _widen_tensor(sparse.values)
    _widen_nodes(graph.node)


def _widen_nodes(nodes: Any) -> None:
    import onnx

    single, double = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE
    for node in nodes:
        for attribute in node.attribute:
            if attribute.name in ELEMENT_TYPES and attribute.i == single:
                attribute.i = double
            if attribute.HasField("t"):
                _widen_tensor(attribute.t)
            for tensor in attribute.tensors:
                _widen_tensor(tensor)
            if attribute.HasField("g"):
                _widen_graph(attribute.g)
            for graph in attribute.graphs:
                _widen_graph(graph)
            if attribute.HasField("tp"):
                _widen_type(attribute.tp)
        _widen_constant(node)


def _widen_constant(node: Any) -> None:
    """Turn a constant that is written as numbers, which are float32, into a tensor of float64."""
    import onnx

    if node.op_type == "Constant" and node.attribute[0].name in {"value_float", "value_floats"}:
        (attribute,) = node.attribute
        numbers = attribute.f if attribute.name == "value_float" else list(attribute.floats)
        tensor = onnx.numpy_helper.from_array(np.asarray(numbers, np.float64))
        attribute.CopyFrom(onnx.helper.make_attribute("value", tensor))
    elif node.op_type == "ConstantOfShape" and not node.attribute:
        zero = onnx.numpy_helper.from_array(np.zeros(1, np.float64))
        node.attribute.append(onnx.helper.make_attribute("value", zero))


def _widen_tensor(tensor: Any) -> None:
    import onnx

    if tensor.data_type == onnx.TensorProto.FLOAT:
        wide = onnx.numpy_helper.to_array(tensor).astype(np.float64)
        tensor.CopyFrom(onnx.numpy_helper.from_array(wide, tensor.name))


def _widen_type(kind: Any) -> None:
    import onnx

    which = kind.WhichOneof("value")
    if which == "tensor_type" and kind.tensor_type.elem_type == onnx.TensorProto.FLOAT:
        kind.tensor_type.elem_type = onnx.TensorProto.DOUBLE
    elif which in {"sequence_type", "optional_type"}:
        _widen_type(getattr(kind, which).elem_type)
