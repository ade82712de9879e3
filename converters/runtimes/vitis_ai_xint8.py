"""ONNX Runtime on models quantised for Vitis AI, optimised as by default, and operator by operator."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnparity.contracts import Arrays, Artifact, Session
from nnparity.loading import load_file

REPRESENTATION = Path(__file__).parents[1] / "representations" / "onnx_xint8.py"
ERRORS_ONLY = 3


class Xint8Session:
    def __init__(self, session: Any, outputs: tuple[str, ...]) -> None:
        self._session = session
        self._outputs = outputs

    def run(self, inputs: Arrays) -> Arrays:
        results = self._session.run(list(self._outputs), dict(inputs))
        return dict(zip(self._outputs, results, strict=True))


@dataclass(frozen=True)
class VitisAiXint8:
    name: str
    optimisation: str
    environment: str = "onnxruntime"
    accepts: tuple[str, ...] = ("onnx_xint8",)
    compiles_to: str = "onnx_xint8"
    operators_from: str = "nodes of the model that ONNX Runtime saves after its optimisation"
    on_demand: bool = True

    def compile(self, artifact: Artifact) -> Artifact:
        """Return the artifact as it is, with the operators of the graph that ONNX Runtime makes of it."""
        import onnx

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "optimised.onnx")
            _session(artifact, self.optimisation, optimised=str(file))
            optimised = onnx.load(file)
        count = load_file(REPRESENTATION).REPRESENTATION.count
        return artifact.with_operators(count(artifact.converted("onnx_xint8", optimised)))

    def load(self, artifact: Artifact) -> Session:
        return Xint8Session(_session(artifact, self.optimisation), artifact.outputs)


def _session(artifact: Artifact, optimisation: str, optimised: str = "") -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, optimisation)
    options.log_severity_level = ERRORS_ONLY
    if optimised:
        options.optimized_model_filepath = optimised
    return onnxruntime.InferenceSession(artifact.model.SerializeToString(), options, providers=["CPUExecutionProvider"])


COMPONENTS = (
    VitisAiXint8("vitis_ai_xint8", optimisation="ORT_ENABLE_ALL"),
    VitisAiXint8("vitis_ai_xint8_unoptimized", optimisation="ORT_DISABLE_ALL"),
)
