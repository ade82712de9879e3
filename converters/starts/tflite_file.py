"""A TFLite file of the user's own, with a signature or without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Artifact, Reading, Refused, TensorSpec, Unsupported, Wanted
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
IDENTIFIER = b"TFL3"
SERVING = "serving_default"


class TFLiteFile:
    name = "tflite_file"
    title = "a TFLite file"
    representation = "tflite"
    environment = "litert"
    defined_by = ("litert_builtin",)

    def takes(self, path: Path, member: str) -> bool:
        return path.suffix in {".tflite", ".lite"} and path.is_file() and not member

    def read(self, wanted: Wanted, folder: Path) -> Reading:
        """Return the file's bytes; one without a signature gets one, by the names of its tensors."""
        if wanted.dtype:
            raise Unsupported("TFLite's kernels compute in float32")
        data = Path(wanted.path).read_bytes()
        if len(data) > wanted.megabytes * 2**20:
            size = -(-len(data) // 2**20)
            raise Refused(f"it has {size} MB, and at most {wanted.megabytes} are read; --max-megabytes {size} reads it")
        if data[4:8] != IDENTIFIER:
            raise Refused(f"it is no TFLite file: it has {data[4:8]!r} where {IDENTIFIER!r} should stand")
        data = with_one_signature(data)
        data = _with_weights_moved(data, wanted.moved) if wanted.moved else data
        _refuse_nodes(data, wanted.nodes)
        runner = _interpreter(data).get_signature_runner()
        details = runner.get_input_details()
        inputs = tuple(_spec(name, one) for name, one in details.items())
        sizes = {
            axis: int(details[spec.name]["shape"][place])
            for spec in inputs
            for place, axis in enumerate(spec.shape)
            if isinstance(axis, str)
        }
        outputs = runner.get_output_details()
        floats = [np.dtype(one["dtype"]).name for one in outputs.values() if np.dtype(one["dtype"]).kind == "f"]
        floats += [spec.dtype for spec in inputs if spec.dtype.startswith("float")]
        dtype = min(floats, key=lambda name: np.dtype(name).itemsize, default="float32")
        return Reading(Artifact(self.representation, data, inputs, tuple(outputs), sizes), dtype)


def _interpreter(data: bytes) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    return Interpreter(
        model_content=data,
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )


def with_one_signature(data: bytes) -> bytes:
    """Return the file with exactly one signature: its own, the serving one of several, or one made of tensor names."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(data)
    signatures = model.signatureDefs or []
    if len(signatures) == 1:
        return data
    if signatures:
        served = [one for one in signatures if (one.signatureKey or b"").decode() == SERVING]
        model.signatureDefs = [*served, *signatures][:1]
    else:
        graph = model.subgraphs[0]
        signature = schema.SignatureDefT()
        signature.signatureKey = SERVING
        signature.inputs = [_end(schema, graph, place) for place in graph.inputs]
        signature.outputs = [_end(schema, graph, place) for place in graph.outputs]
        signature.subgraphIndex = 0
        model.signatureDefs = [signature]
    return _packed(model)


def _with_weights_moved(data: bytes, seed: int) -> bytes:
    """Return the file with every float32 constant moved to a neighbouring number."""
    from ai_edge_litert import schema_py_generated as schema

    moved = load_file(SUPPORT / "moved_weights.py").moved
    model, rng = schema.ModelT.InitFromPackedBuf(data), np.random.default_rng(seed)
    constants = {
        tensor.buffer
        for graph in model.subgraphs
        for tensor in graph.tensors
        if tensor.type == schema.TensorType.FLOAT32
    }
    found = 0
    for place in sorted(constants):
        kept = model.buffers[place].data
        if kept is not None and len(kept):
            numbers = np.frombuffer(np.asarray(kept, np.uint8).tobytes(), np.float32)
            model.buffers[place].data = np.frombuffer(moved(numbers, rng).tobytes(), np.uint8)
            found += 1
    if not found:
        raise Unsupported("it has no weights in float32")
    return _packed(model)


def _packed(model: Any) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _end(schema: Any, graph: Any, place: int) -> Any:
    end = schema.TensorMapT()
    end.name = graph.tensors[place].name
    end.tensorIndex = int(place)
    return end


def _refuse_nodes(data: bytes, most: int) -> None:
    import tflite

    model = tflite.Model.GetRootAsModel(data, 0)
    count = sum(model.Subgraphs(i).OperatorsLength() for i in range(model.SubgraphsLength()))
    if count > most:
        raise Refused(f"it has {count} nodes, and at most {most} are read; --max-nodes {count} reads it")


def _spec(name: str, details: Any) -> TensorSpec:
    signature = details.get("shape_signature", details["shape"])
    sizes = [int(size) for size in (signature if len(signature) else details["shape"])]
    axes = tuple(_axis(name, place) if size < 0 else size for place, size in enumerate(sizes))
    return TensorSpec(name, np.dtype(details["dtype"]).name, axes)


def _axis(name: str, place: int) -> str:
    """Return a name for an open axis; the first is the batch of every input."""
    return "batch" if place == 0 else "".join(one if one.isalnum() else "_" for one in f"{name}_{place}")


START = TFLiteFile()
