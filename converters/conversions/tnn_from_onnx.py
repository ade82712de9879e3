"""ONNX to TNN, by its Python extension onnx2tnn, which the user supplies with an interpreter that it was built for."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, NotHere, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
TNN = load_file(SUPPORT / "tnn_model.py")
PYTHON = "TNN_PYTHON"
BUILT_FOR = re.compile(r"\.cpython-(\d)(\d+)")
DTYPES = ("float32", "int32")
REFUSED = r"op convert failed onnx|not support|unsupport"
NO_IMPORT = r"ImportError|ModuleNotFoundError"
# A process of its own: the extension is for another Python than ours, and its assertions end the process.
CALL = """
import sys
sys.path.insert(0, sys.argv[1])
import onnx2tnn
status = onnx2tnn.convert(sys.argv[2], sys.argv[3], "v1", "20260101 00:00:00", 0, 0, "")
print("status", status)
sys.exit(1 if status else 0)
"""


class TnnFromOnnx:
    name = "tnn_from_onnx"
    environment = "native_tools"
    source = "onnx_explicit"
    target = "tnn"
    on_demand = True
    operators_from = "layers in the .tnnproto"

    def missing(self) -> str:
        return str(TNN.CONVERTER.missing()) or ("" if interpreter() else no_interpreter())

    def supplied(self) -> str:
        return str(TNN.CONVERTER.identity())

    def convert(self, artifact: Artifact) -> Artifact:
        """Return TNN's two files, which have the artifact's sizes in them, and what ONNX says of the outputs."""
        if artifact.open_axes:
            raise Unsupported(f"TNN's files have fixed shapes; left open: {', '.join(artifact.open_axes)}")
        for spec in artifact.inputs:
            if spec.dtype not in DTYPES:
                raise Unsupported(f"TNN's programs read text for {' and '.join(DTYPES)}; {spec.name} is {spec.dtype}")
        outputs = shapes_of(artifact.model)
        for output, (dtype, _) in outputs.items():
            if dtype not in DTYPES:
                raise Unsupported(f"TNN's programs write text of {' and '.join(DTYPES)}; {output} is {dtype}")
        extension, python = TNN.CONVERTER.needed(), interpreter()
        if not python:
            raise NotHere(no_interpreter())
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            model = folder / "model.onnx"  # it takes what follows the last "/" for the name, so there must be one
            model.write_bytes(artifact.model.SerializeToString())
            said = TNN.SUPPLIED.call([python, "-c", CALL, extension.parent, model, folder], folder=folder)
            if re.search(NO_IMPORT, said.text):
                raise NotHere(f"{python} does not import {extension}; {no_interpreter()}; {said.last_words}")
            said.refuse(REFUSED, failed=said.code != 0)
            said.demand()
            written = TNN.TnnModel(
                proto=said.demand_file(folder / "model.tnnproto").read_bytes(),
                weights=said.demand_file(folder / "model.tnnmodel").read_bytes(),
                outputs=outputs,
            )
        return artifact.converted(self.target, written)


def shapes_of(model: Any) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return dtype and shape of each output of which ONNX can tell both."""
    from onnx import helper, shape_inference

    found = {}
    for value in shape_inference.infer_shapes(model).graph.output:
        kind = value.type.tensor_type
        if kind.elem_type and kind.HasField("shape") and all(size.HasField("dim_value") for size in kind.shape.dim):
            dtype = helper.tensor_dtype_to_np_dtype(kind.elem_type).name
            found[value.name] = (dtype, tuple(size.dim_value for size in kind.shape.dim))
    return found


def interpreter() -> str:
    """Return the Python for the extension: TNN_PYTHON, or the one on the path that its name asks for."""
    said = os.environ.get(PYTHON, "")
    if said:
        return shutil.which(said) or ""
    path = TNN.CONVERTER.path()
    version = BUILT_FOR.search(path.name) if path else None
    return (shutil.which(f"python{version[1]}.{version[2]}") or "") if version else ""


def no_interpreter() -> str:
    path = TNN.CONVERTER.path()
    name = path.name if path else "onnx2tnn*.so"
    return f"set {PYTHON} to the Python that {name} was built for; see {TNN.SUPPLIED.DOCUMENT}"


COMPONENT = TnnFromOnnx()
