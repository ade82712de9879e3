"""The graph of an ONNX model: branches and bodies stand within their operator, functions are put in place."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Operator
from nnparity.loading import load_file

REPRESENTATION = Path(__file__).parents[1] / "representations" / "onnx.py"


class OnnxDrawing:
    representation = "onnx"

    def operators(self, artifact: Artifact) -> Sequence[Operator]:
        from onnx import inliner, shape_inference

        model = inliner.inline_local_functions(artifact.model) if artifact.model.functions else artifact.model
        with contextlib.suppress(shape_inference.InferenceError):  # an operator that ONNX does not know has no shape
            model = shape_inference.infer_shapes(model)
        drawn: list[Operator] = []
        _draw(model.graph, drawn, within=-1, shapes={})
        return drawn


def _draw(graph: Any, drawn: list[Operator], *, within: int, shapes: Mapping[str, str]) -> None:
    known = load_file(REPRESENTATION)
    shapes = {**shapes, **{value.name: _shape(value) for value in _values(graph)}}
    for node in graph.node:
        plain = node.domain in known.DEFAULT_DOMAINS
        if plain and node.op_type == known.VALUE:
            continue
        place = len(drawn)
        drawn.append(
            Operator(
                name=node.op_type if plain else f"{node.domain}::{node.op_type}",
                takes=tuple(name for name in node.input if name),
                gives=tuple(name for name in node.output if name),
                shapes=tuple(shapes.get(name, "") for name in node.output if name),
                within=within,
            )
        )
        for attribute in node.attribute:
            for body in (*([attribute.g] if attribute.g.node else []), *attribute.graphs):
                _draw(body, drawn, within=place, shapes=shapes)


def _values(graph: Any) -> Iterable[Any]:
    return (*graph.value_info, *graph.output)


def _shape(value: Any) -> str:
    import onnx

    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return ""
    sizes = "x".join(str(size.dim_param or size.dim_value) for size in tensor.shape.dim)
    dtype = onnx.TensorProto.DataType.Name(tensor.elem_type).lower()
    return f"{sizes} {dtype}".strip()


DRAWING = OnnxDrawing()
