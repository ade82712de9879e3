"""ONNX to what IREE compiles, by its importer."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact

# IREE's documentation says to raise older models to this version, from which on its operators are implemented.
OPSET = "17"


class IreeFromOnnx:
    name = "iree_from_onnx"
    environment = "iree"
    source = "onnx"
    target = "iree_mlir"
    on_demand = True
    operators_from = "ONNX operators in the imported MLIR"

    def convert(self, artifact: Artifact) -> Artifact:
        """Return MLIR whose function takes and gives what the artifact does, in its order."""
        import onnx
        from iree.compiler.tools.import_onnx.__main__ import main, parse_arguments

        graph = artifact.model.graph
        _put_in_order(graph.input, [spec.name for spec in artifact.inputs])
        _put_in_order(graph.output, list(artifact.outputs))
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "model.onnx"), Path(folder, "model.mlir")
            onnx.save(artifact.model, source)
            main(parse_arguments([str(source), "-o", str(target), "--opset-version", OPSET]))
            return artifact.converted(self.target, target.read_text(encoding="utf-8"))


def _put_in_order(values: Any, names: list[str]) -> None:
    by_name = {value.name: value for value in values}
    ordered = [by_name[name] for name in names]
    del values[:]
    values.extend(ordered)


COMPONENT = IreeFromOnnx()
