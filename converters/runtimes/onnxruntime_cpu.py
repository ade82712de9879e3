"""ONNX Runtime on the CPU at each of its levels of graph optimisation: all, extended, basic, none."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nnparity.contracts import Arrays, Artifact, Session, Unsupported
from nnparity.loading import load_file

REPRESENTATION = Path(__file__).parents[1] / "representations" / "onnx.py"
ERRORS_ONLY = 3
NO_DTYPE = "data type is not supported"


class OnnxRuntimeSession:
    def __init__(self, session: Any, outputs: tuple[str, ...]) -> None:
        self._session = session
        self._outputs = outputs

    def run(self, inputs: Arrays) -> Arrays:
        with _refusals():
            results = self._session.run(list(self._outputs), dict(inputs))
        return dict(zip(self._outputs, results, strict=True))


class OnnxRuntimeCpu:
    environment = "onnxruntime"
    accepts = ("onnx",)
    compiles_to = "onnx"

    def __init__(self, name: str, *, optimisation: str) -> None:
        self.name = name
        self._optimisation = optimisation

    def compile(self, artifact: Artifact) -> Artifact:
        """Return the artifact as it is, with the operators of the graph that ONNX Runtime makes of it on this machine.

        Even where it optimises nothing it inlines functions and turns Constant nodes into initialisers.
        """
        import onnx

        options = self._options()
        # It warns that the optimised model is for this machine's kind of processor only; it is counted and dropped.
        options.log_severity_level = ERRORS_ONLY
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "optimised.onnx")
            options.optimized_model_filepath = str(file)
            _session(artifact, options)
            optimised = onnx.load(file)
        count = load_file(REPRESENTATION).REPRESENTATION.count
        return artifact.with_operators(count(artifact.converted("onnx", optimised)))

    def load(self, artifact: Artifact) -> Session:
        return OnnxRuntimeSession(_session(artifact, self._options()), artifact.outputs)

    def _options(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, self._optimisation)
        return options


def _session(artifact: Artifact, options: Any) -> Any:
    import onnxruntime

    with _refusals():
        return onnxruntime.InferenceSession(
            artifact.model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )


@contextmanager
def _refusals() -> Iterator[None]:
    """Re-raise as Unsupported ONNX Runtime's status NOT_IMPLEMENTED, and a kernel's words about a dtype.

    It has no public names for the classes.
    """
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail
    from onnxruntime.capi.onnxruntime_pybind11_state import NotImplemented as NotImplementedStatus

    try:
        yield
    except NotImplementedStatus as refusal:
        raise Unsupported(f"ONNX Runtime: {refusal}") from refusal
    except Fail as refusal:
        if NO_DTYPE not in str(refusal):
            raise
        raise Unsupported(f"ONNX Runtime: {refusal}") from refusal


COMPONENTS = (
    OnnxRuntimeCpu("onnxruntime_cpu", optimisation="ORT_ENABLE_ALL"),
    OnnxRuntimeCpu("onnxruntime_cpu_extended", optimisation="ORT_ENABLE_EXTENDED"),
    OnnxRuntimeCpu("onnxruntime_cpu_basic", optimisation="ORT_ENABLE_BASIC"),
    OnnxRuntimeCpu("onnxruntime_cpu_unoptimized", optimisation="ORT_DISABLE_ALL"),
)
