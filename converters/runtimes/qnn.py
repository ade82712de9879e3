"""Qualcomm's QNN through ONNX Runtime's plugin: its CPU backend, and the emulator of its tensor processor.

The plugin's documentation on the latter (https://github.com/onnxruntime/onnxruntime-qnn/pull/782): "On SoCs with
floating-point model support, HTP floating-point operations use FP16 math regardless of this setting."
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnparity.contracts import Arrays, Artifact, Session
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class QnnSession:
    def __init__(self, session: Any, outputs: tuple[str, ...]) -> None:
        self._session = session
        self._outputs = outputs

    def run(self, inputs: Arrays) -> Arrays:
        results = self._session.run(list(self._outputs), dict(inputs))
        return dict(zip(self._outputs, results, strict=True))


@dataclass(frozen=True)
class QnnRuntime:
    """backend: the library in the plugin's package. settings: the plugin's options for it, one set in a process."""

    name: str
    environment: str
    backend: str
    settings: Mapping[str, str] = field(default_factory=dict)
    accepts: tuple[str, ...] = ("onnx",)
    compiles_to: str = "qnn"
    computes_in: str = "float32"
    operators_from: str = "nodes of the QNN graphs that the plugin dumps"
    on_demand: bool = True

    def compile(self, artifact: Artifact) -> Artifact:
        """Return the model with the QNN graphs that the plugin makes of it, and their operators."""
        support = load_file(SUPPORT / "qnn_session.py")
        with tempfile.TemporaryDirectory() as folder:
            support.session(artifact.model, {**self._options(), **support.dumped_into(folder)})
            nodes = support.nodes(Path(folder))
        return artifact.converted(self.compiles_to, support.QnnModel(artifact.model, nodes))

    def load(self, artifact: Artifact) -> Session:
        session = load_file(SUPPORT / "qnn_session.py").session(artifact.model.onnx, self._options())
        return QnnSession(session, artifact.outputs)

    def _options(self) -> dict[str, str]:
        import onnxruntime_qnn

        folder = Path(onnxruntime_qnn.get_library_path()).parent
        return {"backend_path": str(folder / self.backend), **self.settings}


COMPONENTS = (
    QnnRuntime("qnn_cpu", environment="qnn_cpu", backend="libQnnCpu.so"),
    # Without an architecture and a processor, matrix products do not finalize.
    QnnRuntime(
        "qnn_htp_emulator",
        environment="qnn_htp",
        backend="libQnnHtp.so",
        settings={"htp_arch": "75", "soc_model": "60"},
        computes_in="float16",
    ),
)
