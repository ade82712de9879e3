"""An ONNX file of the user's own, weights inside or beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Artifact, Reading, Refused, TensorSpec, Unsupported, Wanted
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
LOCATION = "location"
# What hands indices on to a table as they are: the bound of the table is then the input's.
PASSES_INDICES = frozenset(("Cast", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"))


class OnnxFile:
    name = "onnx_file"
    title = "an ONNX file"
    representation = "onnx"
    environment = "onnx"
    # The reference evaluator knows every standard operator and is the one to believe, but it is slow, and knows no
    # others: then ONNX Runtime is asked, told to optimise nothing.
    defined_by = ("onnx_reference", "onnxruntime_cpu_unoptimized")

    def takes(self, path: Path, member: str) -> bool:
        return path.suffix == ".onnx" and not member

    def read(self, wanted: Wanted, folder: Path) -> Reading:
        """Return the model with all its weights inside. Nothing outside the file's folder is opened."""
        model = opened(Path(wanted.path), wanted)
        graph = model.graph
        weights = {tensor.name for tensor in graph.initializer} | {
            tensor.values.name for tensor in graph.sparse_initializer
        }
        if wanted.closed:
            _close(graph, wanted)
        inputs = tuple(_spec(value) for value in graph.input if value.name not in weights)
        outputs = tuple(value.name for value in graph.output)
        dtype = _dtype_of(model)
        if wanted.dtype and wanted.dtype != dtype:
            if dtype != "float32":
                raise Unsupported(f"it computes in {dtype}; only a model in float32 is computed in {wanted.dtype}")
            load_file(SUPPORT / "onnx_widened.py").widen(model)
            inputs = tuple(_spec(value) for value in graph.input if value.name not in weights)
        if wanted.moved:
            _move_weights(model, wanted.moved)
        artifact = Artifact(self.representation, model, inputs, outputs, {})
        return Reading(artifact, wanted.dtype or dtype, _bounds(graph, inputs))


def _close(graph: Any, wanted: Wanted) -> None:
    """Give every axis of the inputs its size; what is said of the shapes inside followed from the open ones."""
    del graph.value_info[:]
    for value in graph.input:
        for axis, size in zip(value.type.tensor_type.shape.dim, wanted.shapes.get(value.name, ()), strict=False):
            axis.Clear()
            axis.dim_value = int(size)


def _move_weights(model: Any, seed: int) -> None:
    import onnx

    moved, rng = load_file(SUPPORT / "moved_weights.py").moved, np.random.default_rng(seed)
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            array = moved(onnx.numpy_helper.to_array(tensor), rng)
            tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))


def opened(file: Path, wanted: Wanted) -> Any:
    """Return the model with its external data loaded, after what it names has been looked at. Raises Refused."""
    import onnx
    from google.protobuf.message import DecodeError
    from onnx.external_data_helper import load_external_data_for_model

    _refuse_large(file.stat().st_size, wanted, "the file")
    try:
        model = onnx.load(file, load_external_data=False)
    except DecodeError as problem:
        raise Refused(f"it is no ONNX file: {problem}") from problem
    if not model.HasField("graph") or not model.graph.output:
        raise Refused("it holds no graph with outputs; it may be cut off, or no ONNX file")
    count = sum(1 for _ in _nodes(model))
    if count > wanted.nodes:
        raise Refused(f"it has {count} nodes, and at most {wanted.nodes} are read; --max-nodes {count} reads it")
    places = {_place(tensor, file.parent) for tensor in _tensors(model) if tensor.external_data}
    _refuse_large(file.stat().st_size + sum(place.stat().st_size for place in places), wanted, "with its data it")
    load_external_data_for_model(model, str(file.parent))
    return model


def _place(tensor: Any, folder: Path) -> Path:
    """Return where a tensor's data lies. Raises Refused for whatever is not a plain file in the model's folder."""
    said = {entry.key: entry.value for entry in tensor.external_data}.get(LOCATION, "")
    named = f"the data of {tensor.name!r} is said to be in {said!r}"
    place = folder / said
    if not said or os.path.isabs(said) or ".." in Path(said.replace("\\", "/")).parts:
        raise Refused(f"{named}, which is not a place in the model's own folder; it is not read")
    # A link within the folder may still lead out of it.
    if os.path.realpath(place) != os.path.join(os.path.realpath(folder), os.path.normpath(said)):
        raise Refused(f"{named}, which is a link to elsewhere; put the file itself there")
    if not place.is_file():
        raise Refused(f"{named}, and no such file is in {folder}; copy it there")
    return place


def _refuse_large(size: int, wanted: Wanted, what: str) -> None:
    megabytes = -(-size // 2**20)
    if megabytes > wanted.megabytes:
        raise Refused(
            f"{what} has {megabytes} MB, and at most {wanted.megabytes} are read; --max-megabytes {megabytes} reads it"
        )


def _nodes(model: Any) -> Iterator[Any]:
    yield from _nodes_in(model.graph.node)
    for function in model.functions:
        yield from _nodes_in(function.node)


def _nodes_in(nodes: Any) -> Iterator[Any]:
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _nodes_in(graph.node)


def _graphs(graph: Any) -> Iterator[Any]:
    yield graph
    for node in _nodes_in(graph.node):
        for attribute in node.attribute:
            yield from (attribute.g, *attribute.graphs)


def _tensors(model: Any) -> Iterator[Any]:
    for graph in _graphs(model.graph):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in _nodes(model):
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)


def _spec(value: Any) -> TensorSpec:
    import onnx

    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        raise Refused(f"its input {value.name!r} is a {kind.partition('_')[0]}; only tensors are drawn")
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        raise Refused(f"its input {value.name!r} says no shape; write one into the file")
    if tensor.elem_type == onnx.TensorProto.STRING:
        raise Refused(f"its input {value.name!r} is of strings; only numbers are drawn")
    axes = []
    for place, size in enumerate(tensor.shape.dim):
        name = size.dim_param or f"{value.name}_{place}"
        axes.append(size.dim_value if size.HasField("dim_value") else _fit(name))
    return TensorSpec(value.name, onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name, tuple(axes))


def _fit(name: str) -> str:
    """Return the name of an axis as an identifier; exporters write expressions too."""
    return "".join(letter if letter.isalnum() else "_" for letter in name) or "axis"


def _dtype_of(model: Any) -> str:
    """Return the coarsest float dtype of inputs, outputs and weights, float32 where there is none."""
    import onnx

    coarsest = ("BFLOAT16", "FLOAT16", "FLOAT", "DOUBLE")
    found = {value.type.tensor_type.elem_type for value in (*model.graph.input, *model.graph.output)}
    found |= {tensor.data_type for tensor in _tensors(model)}
    for name in coarsest:
        if onnx.TensorProto.DataType.Value(name) in found:
            return str(onnx.helper.tensor_dtype_to_np_dtype(onnx.TensorProto.DataType.Value(name)).name)
    return "float32"


def _bounds(graph: Any, inputs: tuple[TensorSpec, ...]) -> dict[str, int]:
    """Return, for integer inputs that index tables of the model, the rows of the smallest."""
    rows = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    integers = {spec.name for spec in inputs if spec.dtype.startswith(("int", "uint"))}
    comes_from = {name: name for name in integers}
    bounds: dict[str, int] = {}
    for node in graph.node:
        if node.op_type in PASSES_INDICES and node.input[0] in comes_from:
            comes_from[node.output[0]] = comes_from[node.input[0]]
        if node.op_type in {"Gather", "GatherElements"} and node.input[0] in rows and node.input[1] in comes_from:
            axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
            name, size = comes_from[node.input[1]], rows[node.input[0]][axis]
            bounds[name] = min(size, bounds.get(name, size))
    return bounds


START = OnnxFile()
