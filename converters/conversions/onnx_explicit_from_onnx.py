"""ONNX with every default written out, for converters that read attributes and know no defaults.

Tengine's and TNN's do: without pads they convolve without them, without an epsilon they end. Nothing else changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
DEFAULT_DOMAINS = frozenset(("", "ai.onnx"))
# Which input of an operator holds the kernel; its first two axes are channels.
KERNEL = {"Conv": 1, "ConvInteger": 1, "ConvTranspose": 1, "DeformConv": 1, "QLinearConv": 3}
POOLS = frozenset(("AveragePool", "LpPool", "MaxPool", "MaxUnpool"))
NOT_SET = b"NOTSET"
PLAIN = re.compile(r"[0-9A-Za-z_]+")
Shapes = Mapping[str, Sequence[int]]


class OnnxExplicitFrom:
    environment = "native_tools"
    target = "onnx_explicit"
    on_demand = True
    operators_from = "nodes of the model"

    def __init__(self, source: str) -> None:
        self.name = f"onnx_explicit_from_{source}"
        self.source = source

    def convert(self, artifact: Artifact) -> Artifact:
        for name in (*(spec.name for spec in artifact.inputs), *artifact.outputs):
            if not PLAIN.fullmatch(name):
                raise Unsupported(f"{self.name}: {name!r} is no plain name, and inputs and outputs keep theirs")
        return artifact.converted(self.target, explicit(artifact.model))


def explicit(model: Any) -> Any:
    """Return the same function with nothing left to a default.

    Every attribute has its value, also what a convolution or pooling takes from its kernel's rank; auto_pad goes
    where it is not set, since it excludes pads. Operators of other domains, whose schemas are not known, stay.
    """
    import onnx

    written = onnx.ModelProto()
    written.CopyFrom(model)
    names = load_file(SUPPORT / "onnx_plain_names.py")
    names.rename(written)
    for scope, imports in (
        (written.graph, written.opset_import),
        *((function, function.opset_import) for function in written.functions),
    ):
        versions = {entry.domain: entry.version for entry in imports}
        version = versions.get("", versions.get("ai.onnx"))
        if version is not None:
            _write_out_scope(scope, version, {}, graphs_of=names.graphs_of)
    return written


def _write_out_scope(scope: Any, version: int, outer: Shapes, *, graphs_of: Callable[[Any], Iterable[Any]]) -> None:
    """Write out the nodes of a graph or function and of its subgraphs, which see what is around them."""
    shapes = {**outer, **_shapes(scope)}
    for node in scope.node:
        if node.domain in DEFAULT_DOMAINS:
            _write_out(node, version, shapes)
        for graph in graphs_of(node):
            _write_out_scope(graph, version, shapes, graphs_of=graphs_of)


def _write_out(node: Any, version: int, shapes: Shapes) -> None:
    from onnx import defs, helper

    schema = defs.get_schema(node.op_type, version, "")
    for name, value in _window(node, schema.attributes, shapes):
        if name in schema.attributes and not _has(node, name):
            node.attribute.append(helper.make_attribute(name, value))
    for name, declared in sorted(schema.attributes.items()):
        if declared.default_value.name and name != "auto_pad" and not _has(node, name):
            node.attribute.append(declared.default_value)
    for attribute in [one for one in node.attribute if one.name == "auto_pad" and one.s == NOT_SET]:
        node.attribute.remove(attribute)


def _window(node: Any, known: Mapping[str, Any], shapes: Shapes) -> Iterator[tuple[str, list[int]]]:
    """Yield what a window's attributes are where they are left out."""
    if node.op_type in KERNEL:
        shape = shapes.get(node.input[KERNEL[node.op_type]])
        sizes = list(shape[2:]) if shape else []
    elif node.op_type in POOLS:
        sizes = next((list(one.ints) for one in node.attribute if one.name == "kernel_shape"), [])
    else:
        return
    if not sizes:
        return
    yield "kernel_shape", sizes
    yield "strides", [1] * len(sizes)
    yield "dilations", [1] * len(sizes)
    if "output_padding" in known:
        yield "output_padding", [0] * len(sizes)
    # A shape that is asked for, and padding that is computed, exclude pads.
    computed = any(one.name == "auto_pad" and one.s != NOT_SET for one in node.attribute)
    if not computed and not _has(node, "output_shape"):
        yield "pads", [0] * (2 * len(sizes))


def _has(node: Any, name: str) -> bool:
    return any(one.name == name for one in node.attribute)


def _shapes(scope: Any) -> dict[str, Sequence[int]]:
    """Return the shapes of constants, and of what else the graph or function itself says the whole shape of."""
    found: dict[str, Sequence[int]] = {}
    for value in (*getattr(scope, "value_info", ()), *scope.input):
        shape = value.type.tensor_type.shape.dim if hasattr(value, "type") else ()
        if len(shape) and all(size.HasField("dim_value") for size in shape):
            found[value.name] = [size.dim_value for size in shape]
    found.update({tensor.name: tensor.dims for tensor in getattr(scope, "initializer", ())})
    for node in scope.node:
        if node.op_type == "Constant":
            found.update((node.output[0], one.t.dims) for one in node.attribute if one.name == "value")
    return found


COMPONENTS = (OnnxExplicitFrom("onnx"), OnnxExplicitFrom("onnx13"))
