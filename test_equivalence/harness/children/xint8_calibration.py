"""Prints the greatest index that AMD Quark is given to calibrate with: for tables of one row and of two, and for one
whose updates ONNX Runtime loads and refuses to add, in half precision.
"""

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
OPSET = [onnx.helper.make_opsetid("", 18)]


def greatest_index(node: Any, specs: tuple[TensorSpec, ...], shape: tuple[int, ...]) -> int:
    """Return the greatest of the calibration's ids. shape: of y, which has the table's dtype."""
    takes = [onnx.helper.make_tensor_value_info(spec.name, element(spec.dtype), spec.shape) for spec in specs]
    gives = [onnx.helper.make_tensor_value_info("y", element(specs[0].dtype), shape)]
    graph = onnx.helper.make_graph([node], "indexed", takes, gives)
    model = onnx.helper.make_model(graph, opset_imports=OPSET, ir_version=8)
    sets = support.calibration_inputs(Artifact("onnx", model, specs, ("y",), {}))
    return int(max(inputs["ids"].max() for inputs in sets))


def element(dtype: str) -> int:
    return int(onnx.helper.np_dtype_to_tensor_dtype(support.named(dtype)))


def lookup(rows: int) -> int:
    node = onnx.helper.make_node("Gather", ["table", "ids"], ["y"])
    return greatest_index(node, (TensorSpec("table", "float32", (rows, 2)), TensorSpec("ids", "int64", (3,))), (3, 2))


def added_in_half() -> int:
    node = onnx.helper.make_node("ScatterND", ["table", "ids", "updates"], ["y"], reduction="add")
    table, updates = TensorSpec("table", "float16", (2, 2)), TensorSpec("updates", "float16", (3, 2))
    return greatest_index(node, (table, TensorSpec("ids", "int64", (3, 1)), updates), (2, 2))


sys.stdout.write(json.dumps({"one row": lookup(1), "two rows": lookup(2), "not run": added_in_half()}))
