"""TFLite graphs cut at tensors, and computed by LiteRT's reference kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, CutOperator, Session, TensorSpec, Unsupported
from nnparity.dtypes import is_float
from nnparity.loading import load_file

RUNTIME = Path(__file__).parents[1] / "runtimes" / "litert.py"
SIGNATURE = b"serving_default"
SCOPE = "/"


class TFLiteCut:
    representation = "tflite"
    environment = "litert"
    is_exact = False
    trusted_by = "LiteRT's reference kernels in float32"

    def operators(self, artifact: Artifact) -> Sequence[CutOperator]:
        """Return the operators of the first subgraph; those that WHILE, IF and composites call are within theirs."""
        model = _read(artifact.model)
        names, graph = _names(model, artifact), model.subgraphs[0]
        computed = {int(one) for operator in graph.operators for one in operator.outputs} | {
            int(one) for one in graph.inputs
        }
        found = []
        for operator in graph.operators:
            gives = [int(one) for one in operator.outputs]
            taken = [int(one) for one in (() if operator.inputs is None else operator.inputs)]
            # The converter names a tensor after the operation that it comes from: TensorFlow's scopes, PyTorch's line.
            name = graph.tensors[gives[0]].name.decode() if gives else ""
            found.append(
                CutOperator(
                    kind=_kind(model, operator),
                    name=name,
                    takes=tuple(dict.fromkeys(names[one] for one in taken if one in computed)),
                    gives=tuple(names[one] for one in gives),
                    source=name if SCOPE in name else "",
                )
            )
        return found

    def cut(self, artifact: Artifact, takes: Sequence[TensorSpec], gives: Sequence[str], example: Arrays) -> Artifact:
        model = _read(artifact.model)
        graph, places = model.subgraphs[0], {name: place for place, name in _names(model, artifact).items()}
        missing = [name for name in (*gives, *(spec.name for spec in takes)) if name not in places]
        if missing:
            raise Unsupported(f"the graph has no tensor {', '.join(missing)}")
        inputs, outputs = [places[spec.name] for spec in takes], [places[name] for name in gives]
        graph.operators = _needed(graph.operators, inputs, outputs)
        for spec, place in zip(takes, inputs, strict=True):
            if all(isinstance(size, int) for size in spec.shape):
                graph.tensors[place].shape = np.array(spec.shape, np.int32)
                graph.tensors[place].shapeSignature = None
        graph.inputs, graph.outputs = inputs, outputs
        _without_unused(graph)
        specs = tuple(
            spec if spec in artifact.inputs else TensorSpec(f"in{place}", spec.dtype, spec.shape)
            for place, spec in enumerate(takes)
        )
        results = tuple(name if name in artifact.outputs else f"out{place}" for place, name in enumerate(gives))
        model.signatureDefs = [_signature(graph, [spec.name for spec in specs], results)]
        model.metadata, model.metadataBuffer = None, None
        return Artifact(self.representation, _written(model), specs, results, artifact.sizes)

    def trusted(self, artifact: Artifact, *, exact: bool, moved: int = 0) -> Session:
        """Return the interpreter with the kernels that are written to be read; they have no float64."""
        if moved:
            artifact = replace(artifact, model=_moved(artifact.model, moved))
        runtime = load_file(RUNTIME).LiteRTRuntime("litert_reference", resolver="BUILTIN_REF")
        return _Narrowing(runtime.load(artifact), {spec.name: spec.dtype for spec in artifact.inputs})


@dataclass(frozen=True)
class _Narrowing:
    """A session that takes its inputs in wider dtypes than the model has."""

    session: Session
    dtypes: dict[str, str]

    def run(self, inputs: Arrays) -> Arrays:
        given = {
            name: np.asarray(array, self.dtypes[name]) if is_float(array.dtype) else array
            for name, array in inputs.items()
        }
        return self.session.run(given)


def _moved(data: bytes, seed: int) -> bytes:
    """Return the model with each float32 that an operator gives multiplied by the number next to one, above or below.

    By one number for all elements where the size is not fixed.
    """
    from ai_edge_litert import schema_py_generated as schema

    model, rng = _read(data), np.random.default_rng(seed)
    graph, operators = model.subgraphs[0], []
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.MUL
    code.version = 1
    model.operatorCodes.append(code)
    for operator in graph.operators:
        operators.append(operator)
        gives = [int(place) for place in operator.outputs]
        for index, place in enumerate(gives):
            tensor = graph.tensors[place]
            if tensor.type != schema.TensorType.FLOAT32 or tensor.isVariable:
                continue
            closed = tensor.shapeSignature is None and tensor.shape is not None and np.all(np.asarray(tensor.shape) > 0)
            ways = rng.choice(np.array([1 - 2.0**-24, 1 + 2.0**-23], np.float32), tensor.shape if closed else ())
            buffer, factor, right, moving = schema.BufferT(), schema.TensorT(), schema.TensorT(), schema.OperatorT()
            buffer.data = np.frombuffer(ways.tobytes(), np.uint8)
            factor.buffer, right.buffer = len(model.buffers), 0
            factor.shape, right.shape = np.array(ways.shape, np.int32), tensor.shape
            right.shapeSignature, factor.hasRank, right.hasRank = tensor.shapeSignature, True, tensor.hasRank
            factor.name, right.name = f"moves {place}", f"right {place}"
            model.buffers.append(buffer)
            graph.tensors += [factor, right]
            gives[index] = len(graph.tensors) - 1
            moving.inputs, moving.outputs = [gives[index], gives[index] - 1], [place]
            moving.opcodeIndex = len(model.operatorCodes) - 1
            moving.builtinOptionsType, moving.builtinOptions = schema.BuiltinOptions.MulOptions, schema.MulOptionsT()
            operators.append(moving)
        operator.outputs = gives
    graph.operators = operators
    return _written(model)


def _read(data: bytes) -> Any:
    from ai_edge_litert.schema_py_generated import ModelT

    return ModelT.InitFromPackedBuf(data, 0)


def _written(model: Any) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _names(model: Any, artifact: Artifact) -> dict[int, str]:
    """Return a name for every tensor of the first subgraph: its place, or what the signature calls it."""
    graph = model.subgraphs[0]
    names = {place: f"tensor {place}" for place in range(len(graph.tensors))}
    for signature in model.signatureDefs or ():
        if signature.subgraphIndex == 0:
            names |= {int(one.tensorIndex): one.name.decode() for one in (*signature.outputs, *signature.inputs)}
            return names
    names |= {int(place): name for place, name in zip(graph.outputs, artifact.outputs, strict=True)}
    return names | {int(place): spec.name for place, spec in zip(graph.inputs, artifact.inputs, strict=True)}


def _kind(model: Any, operator: Any) -> str:
    from ai_edge_litert import schema_py_generated as schema

    code = model.operatorCodes[operator.opcodeIndex]
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    if number == schema.BuiltinOperator.CUSTOM:
        return str(code.customCode.decode())
    known = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    return known.get(number, f"BUILTIN_{number}")


def _needed(operators: Sequence[Any], inputs: Sequence[int], outputs: Sequence[int]) -> list[Any]:
    """Return the operators, in order, that compute the outputs from the inputs."""
    wanted, kept = set(outputs) - set(inputs), []
    for operator in reversed(operators):
        if not wanted.isdisjoint(int(one) for one in operator.outputs):
            kept.append(operator)
            wanted |= {int(one) for one in operator.inputs} - set(inputs)
    return kept[::-1]


def _without_unused(graph: Any) -> None:
    """Drop the tensors that nothing uses, and count the others anew."""
    fields = ("inputs", "outputs", "intermediates")
    lists = [(one, field) for one in graph.operators for field in fields if getattr(one, field) is not None]
    lists += [(graph, "inputs"), (graph, "outputs")]
    used = sorted({int(place) for one, field in lists for place in getattr(one, field) if place >= 0})
    moved = {place: fresh for fresh, place in enumerate(used)}
    for one, field in lists:
        setattr(one, field, [moved.get(int(place), -1) for place in getattr(one, field)])
    graph.tensors = [graph.tensors[place] for place in used]


def _signature(graph: Any, inputs: Sequence[str], outputs: Sequence[str]) -> Any:
    from ai_edge_litert.schema_py_generated import SignatureDefT, TensorMapT

    def mapped(names: Sequence[str], places: Sequence[int]) -> list[Any]:
        entries = []
        for name, place in zip(names, places, strict=True):
            entry = TensorMapT()
            entry.name, entry.tensorIndex = name, place
            entries.append(entry)
        return entries

    signature = SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = SIGNATURE, 0
    signature.inputs, signature.outputs = mapped(inputs, graph.inputs), mapped(outputs, graph.outputs)
    return signature


CUT = TFLiteCut()
