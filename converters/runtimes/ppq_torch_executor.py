"""PPQ's executor, which computes the graph that PPQ quantises later in PyTorch; here it stays in floating point."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, Session, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
# With what a TypeError begins by which PPQ refuses an operator of a newer opset than it has sorted.
OPSET_REFUSED = "opset version is not supported"
# With what its operators' own refusals begin: an axis of a layer normalisation, a mode of padding.
NOT_THERE = "Unsupported "


class ExecutorSession:
    def __init__(self, executor: Any, artifact: Artifact) -> None:
        self._executor = executor
        self._inputs = tuple(spec.name for spec in artifact.inputs)
        self._outputs = artifact.outputs

    def run(self, inputs: Arrays) -> Arrays:
        calls = load_file(SUPPORT / "torch_calls.py")
        tensors = dict(zip(self._inputs, calls.tensors(self._inputs, inputs), strict=True))
        try:
            results = self._executor.forward(inputs=tensors, output_names=list(self._outputs))
        except RuntimeError as problem:
            # PPQ names the node and keeps what went wrong in the cause.
            cause = problem.__cause__
            if isinstance(cause, NotImplementedError) or str(cause).startswith(NOT_THERE):
                raise Unsupported(f"PPQ: {cause}") from problem
            raise RuntimeError(f"{problem}: {cause}") from problem
        return {name: _array(result) for name, result in zip(self._outputs, results, strict=True)}


def _array(result: Any) -> np.ndarray:
    array: np.ndarray = result.numpy()
    return array


class PpqTorchExecutor:
    name = "ppq_torch_executor"
    environment = "ppq"
    # PPQ warns of other opsets than 11 and 13 where it exports a model itself; newer ones are what it is given today.
    accepts = ("onnx13", "onnx")
    compiles_to = "ppq_graph"
    on_demand = True
    operators_from = "operations of the graph that PPQ's formatting leaves"

    def compile(self, artifact: Artifact) -> Artifact:
        """Return the model as it is, with the operators that are left when PPQ has formatted its graph."""
        graph = _graph(artifact)
        counts = Counter(operation.type for operation in graph.operations.values())
        return artifact.converted("ppq_graph", artifact.model).with_operators(counts)

    def load(self, artifact: Artifact) -> Session:
        import torch
        from ppq.executor import TorchExecutor

        torch.set_num_threads(1)
        graph = _graph(artifact)
        try:
            executor = TorchExecutor(graph=graph, device="cpu")
        except TypeError as refusal:
            if not str(refusal).startswith(OPSET_REFUSED):
                raise
            raise Unsupported(f"PPQ: {refusal}") from refusal
        return ExecutorSession(executor, artifact)


def _graph(artifact: Artifact) -> Any:
    from ppq.api import load_onnx_graph
    from ppq.core import DataType

    graph = artifact.model.graph
    try:
        for value in (*graph.input, *graph.output):
            DataType(value.type.tensor_type.elem_type)  # its numbers are ONNX's
        for spec in artifact.inputs:  # tf2onnx writes float16 for bfloat16
            DataType.convert_from_numpy(np.dtype(spec.dtype))
    except (ValueError, TypeError) as refusal:
        raise Unsupported(f"PPQ: {refusal}") from refusal
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.onnx")
        file.write_bytes(artifact.model.SerializeToString())
        return load_onnx_graph(str(file))


COMPONENT = PpqTorchExecutor()
