"""Prints the greatest index that AMD Quark is given to calibrate with, for tables of one row and of two."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, TensorSpec
from nnparity.loading import load_file

onnx: Any = importlib.import_module("onnx")
support = load_file(Path(sys.argv[1]) / "support" / "xint8.py")
greatest = {}
for rows in (1, 2):
    node = onnx.helper.make_node("Gather", ["table", "ids"], ["y"])
    takes = [
        onnx.helper.make_tensor_value_info("table", onnx.TensorProto.FLOAT, [rows, 2]),
        onnx.helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, [3]),
    ]
    gives = [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [3, 2])]
    graph = onnx.helper.make_graph([node], "lookup", takes, gives)
    opset = [onnx.helper.make_opsetid("", 18)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)
    specs = (TensorSpec("table", "float32", (rows, 2)), TensorSpec("ids", "int64", (3,)))
    sets = support.calibration_inputs(Artifact("onnx", model, specs, ("y",), {}))
    greatest[rows] = int(max(inputs["ids"].max() for inputs in sets))
sys.stdout.write(json.dumps(greatest))
