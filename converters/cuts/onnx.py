"""ONNX graphs cut at tensors, and computed by ONNX's own reference evaluator."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, CutOperator, Session, TensorSpec, Unsupported
from nnparity.dtypes import named
from nnparity.loading import load_file

CONVERTERS = Path(__file__).parents[1]
REPRESENTATION = CONVERTERS / "representations" / "onnx.py"
EVALUATOR = CONVERTERS / "runtimes" / "onnx_reference.py"
WIDENED = CONVERTERS / "support" / "onnx_widened.py"
# Where exporters keep what a node was made from, the first that is there is taken: PyTorch's current exporter writes
# metadata, its old one a docstring, and tf2onnx names nodes by TensorFlow's scopes.
TRACE, SCOPES, CLASSES = "pkg.torch.onnx.stack_trace", "pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"
FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>\S+)(?:\n\s+(?P<code>[^\n]+))?')
OLD_FRAME = re.compile(r"^(?P<file>/?[^\n:]+\.py)\((?P<line>\d+)\): (?P<function>\S+)", re.MULTILINE)


class OnnxCut:
    representation = "onnx"
    environment = "onnx"
    is_exact = True
    trusted_by = "ONNX's reference evaluator in float64"

    def operators(self, artifact: Artifact) -> Sequence[CutOperator]:
        """Return the nodes in order, functions that the model defines put in place. Constants are no operators."""
        known = load_file(REPRESENTATION)
        found = []
        for node in _plain(artifact.model).graph.node:
            plain = node.domain in known.DEFAULT_DOMAINS
            if plain and node.op_type == known.VALUE:
                continue
            found.append(
                CutOperator(
                    kind=node.op_type if plain else f"{node.domain}::{node.op_type}",
                    name=node.name,
                    takes=tuple(dict.fromkeys(_taken(node))),
                    gives=tuple(name for name in node.output if name),
                    source=_source(node),
                )
            )
        return _without_constants(found, artifact)

    def cut(self, artifact: Artifact, takes: Sequence[TensorSpec], gives: Sequence[str], example: Arrays) -> Artifact:
        import onnx

        model = onnx.ModelProto()
        model.CopyFrom(_plain(artifact.model))
        typed = {value.name: value for value in (*_inferred(model), *model.graph.input, *model.graph.output)}
        missing = [name for name in gives if name not in typed]
        if missing:
            raise Unsupported(f"ONNX's inference of shapes does not say the dtype of {', '.join(missing)}")
        graph = model.graph
        nodes = _needed(graph.node, {spec.name for spec in takes}, gives)
        named = {name for node in nodes for name in _taken(node)} | set(gives)
        weights = [tensor for tensor in graph.initializer if tensor.name in named]
        sparse = [tensor for tensor in graph.sparse_initializer if tensor.values.name in named]
        outputs = [_output(typed[name]) for name in gives]
        inputs = [_input(spec) for spec in takes]
        inner = [value for name, value in typed.items() if name in named and not {*gives, *_names(takes)} & {name}]
        for field, values in (
            ("node", nodes),
            ("initializer", weights),
            ("sparse_initializer", sparse),
            ("input", inputs),
            ("output", outputs),
            ("value_info", [value for value in inner if value.name not in _names(weights)]),
        ):
            copies = [type(value).FromString(value.SerializeToString()) for value in values]
            graph.ClearField(field)
            getattr(graph, field).extend(copies)
        return Artifact(self.representation, model, tuple(takes), tuple(gives), artifact.sizes)

    def trusted(self, artifact: Artifact, *, exact: bool, moved: int = 0) -> Session:
        if exact:
            _to_single(artifact.model)
            load_file(WIDENED).widen(artifact.model)
        session: Session = load_file(EVALUATOR).COMPONENT.load(artifact)
        return session


def _to_single(message: Any) -> None:
    """Let a model in float16 or bfloat16 be one in float32, which is what is widened: tensors, types and casts."""
    import onnx

    narrow = {onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16}
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for one in (value,) if hasattr(value, "ListFields") else value:
            if isinstance(one, onnx.TensorProto) and one.data_type in narrow:
                array = onnx.numpy_helper.to_array(one).astype(np.float32)
                one.CopyFrom(onnx.numpy_helper.from_array(array, one.name))
            elif isinstance(one, onnx.TypeProto.Tensor) and one.elem_type in narrow:
                one.elem_type = onnx.TensorProto.FLOAT
            elif isinstance(one, onnx.AttributeProto) and one.name in load_file(WIDENED).ELEMENT_TYPES:
                one.i = onnx.TensorProto.FLOAT if one.i in narrow else one.i
            _to_single(one)


def _plain(model: Any) -> Any:
    """Return the model without functions of its own."""
    from onnx import inliner

    return inliner.inline_local_functions(model) if model.functions else model


def _taken(node: Any) -> Iterator[str]:
    """Yield what the node takes, and what its branches and bodies take from around it."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for graph in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
            own = {value.name for value in (*graph.input, *graph.initializer)}
            own |= {name for inner in graph.node for name in inner.output}
            outer = [name for inner in graph.node for name in _taken(inner)]
            yield from (name for name in (*outer, *_names(graph.output)) if name not in own)


def _without_constants(operators: Iterable[CutOperator], artifact: Artifact) -> list[CutOperator]:
    """Return the operators without weights and constants among what they take."""
    operators = list(operators)
    computed = {spec.name for spec in artifact.inputs} | {name for one in operators for name in one.gives}
    return [replace(one, takes=tuple(name for name in one.takes if name in computed)) for one in operators]


def _needed(nodes: Sequence[Any], given: set[str], gives: Sequence[str]) -> list[Any]:
    """Return the nodes, in order, that compute `gives` from what is given."""
    wanted, kept = set(gives) - given, []
    for node in reversed(nodes):
        if not wanted.isdisjoint(node.output):
            kept.append(node)
            wanted |= set(_taken(node)) - given
    return kept[::-1]


def _inferred(model: Any) -> list[Any]:
    """Return what is known of the tensors inside; an operator that ONNX does not know has no shape."""
    from onnx import shape_inference

    with contextlib.suppress(shape_inference.InferenceError):
        return list(shape_inference.infer_shapes(model, data_prop=True).graph.value_info)
    return list(model.graph.value_info)


def _input(spec: TensorSpec) -> Any:
    import onnx

    kind = onnx.helper.np_dtype_to_tensor_dtype(named(spec.dtype))
    return onnx.helper.make_tensor_value_info(spec.name, kind, list(spec.shape))


def _output(value: Any) -> Any:
    import onnx

    kept = onnx.ValueInfoProto()
    kept.CopyFrom(value)
    return kept


def _names(values: Iterable[Any]) -> set[str]:
    return {value.name for value in values}


def _source(node: Any) -> str:
    """Return the line that the node was exported from, with the module that it is in; "" if that is not kept."""
    kept = {entry.key: entry.value for entry in node.metadata_props}
    frames = list(FRAME.finditer(kept.get(TRACE, ""))) or list(OLD_FRAME.finditer(node.doc_string))
    own = [frame for frame in frames if "site-packages" not in frame["file"]] or frames
    # The new exporter writes the innermost call last, the old one first.
    frame = (own[-1] if kept.get(TRACE) else own[0]) if own else None
    said = []
    if frame is not None:
        code = frame.groupdict().get("code")
        place = "/".join(Path(frame["file"]).parts[-2:])
        said.append(f"{place}:{frame['line']} in {frame['function']}" + (f": {code.strip()}" if code else ""))
    with contextlib.suppress(ValueError, SyntaxError, IndexError):
        scopes, classes = (ast.literal_eval(kept[name]) for name in (SCOPES, CLASSES) if name in kept)
        module = next(
            (
                f"{scope} ({kind.rpartition('.')[2]})"
                for scope, kind in zip(scopes[-2::-1], classes[-2::-1], strict=True)
                if scope
            ),
            "",
        )
        said += [f"module {module}"] if module else []
    return ", ".join(said)


CUT = OnnxCut()
