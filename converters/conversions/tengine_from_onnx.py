"""ONNX to Tengine, by its convert_tool, which the user supplies."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
TENGINE = load_file(SUPPORT / "tengine_library.py")
REFUSED = r"op are not supported"  # the next line names them


class TengineFromOnnx:
    name = "tengine_from_onnx"
    environment = "native_tools"
    source = "onnx_explicit"
    target = "tengine"
    on_demand = True
    operators_from = "nodes of the graph that Tengine's library makes of the file, without Const and InputOp"

    def missing(self) -> str:
        return str(TENGINE.SUPPLIED.missing(TENGINE.WANTED))

    def supplied(self) -> str:
        return str(TENGINE.SUPPLIED.identity(TENGINE.WANTED))

    def convert(self, artifact: Artifact) -> Artifact:
        """Return the file that convert_tool writes, which has the artifact's sizes in it."""
        if artifact.open_axes:
            raise Unsupported(f"Tengine's files have fixed shapes; left open: {', '.join(artifact.open_axes)}")
        for spec in artifact.inputs:
            if spec.dtype not in TENGINE.DTYPES.values():
                raise Unsupported(f"Tengine has no tensors of {spec.dtype}, as {spec.name} is")
        for name, dtype in output_dtypes(artifact.model).items():
            if dtype not in TENGINE.DTYPES.values():
                raise Unsupported(f"Tengine has no tensors of {dtype}, as {name} is")
        program, library = TENGINE.CONVERTER.needed(), TENGINE.LIBRARY.needed()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            model, file = folder / "model.onnx", folder / "model.tmfile"
            model.write_bytes(artifact.model.SerializeToString())
            said = TENGINE.SUPPLIED.call(
                [program, "-f", "onnx", "-m", model, "-o", file],
                folder=folder,
                variables={**TENGINE.SUPPLIED.with_libraries(library.parent), **TENGINE.SILENT},
            )
            said.refuse(REFUSED, failed=said.code != 0)
            said.demand()
            said.demand_file(file)
            counts = TENGINE.operators(file)
            return artifact.converted(self.target, file.read_bytes()).with_operators(counts)


def output_dtypes(model: Any) -> dict[str, str]:
    """Return the dtype of each output of an ONNX model, by its name."""
    from onnx import helper

    found = ((value.name, value.type.tensor_type.elem_type) for value in model.graph.output)
    return {name: helper.tensor_dtype_to_np_dtype(kind).name for name, kind in found if kind}


COMPONENT = TengineFromOnnx()
