"""Stands in for TNN's Python extension onnx2tnn: its call, its words, its text; the weights are the model."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

stand_in: Any = importlib.import_module("stand_in")
tiny_onnx: Any = importlib.import_module("tiny_onnx")
KINDS = {"Relu": "ReLU", "Add": "Add", "Abs": "Abs", "LeakyRelu": "LeakyRelu", "Cast": "Cast"}


def line(*words: object) -> str:
    return f'"{" ".join(map(str, words))} ,"\n'


def convert(path: str, folder: str, *others: Any) -> int:
    """Write NAME.tnnproto and NAME.tnnmodel; the name is what follows the last slash."""
    fault = stand_in.start()
    version, when, half, fixed, shapes = others
    assert (version, half, fixed, shapes) == ("v1", 0, 0, "")
    assert when
    stand_in.misbehave(fault)
    content = Path(path).read_bytes()
    stand_in.keep("model.onnx", content)
    model = tiny_onnx.model_of(content)
    name = path[path.rindex("/") + 1 : -len(".onnx")]
    for node in model.nodes:
        if node.operator not in KINDS:
            sys.stderr.write(f"E/tnn: error::op convert failed onnx:{node.operator}\n")
            sys.stderr.flush()
            os.abort()  # as the real one's assertion does
    blobs = [value.name for value in model.inputs] + [output for node in model.nodes for output in node.outputs]
    inputs = [" ".join(map(str, [value.name, len(value.sizes), *value.sizes, 0])) for value in model.inputs]
    text = line(1, len(blobs), 1, 4206624772) + line(" : ".join(inputs)) + line(*blobs)
    text += line(*[value.name for value in model.outputs]) + line(len(model.nodes))
    for node in model.nodes:
        text += line(KINDS[node.operator], node.outputs[0], len(node.inputs), 1, *node.inputs, *node.outputs)
    proto = stand_in.cut(fault, text.encode()) if fault != "empty" else b""
    Path(folder, f"{name}.tnnproto").write_bytes(proto)
    Path(folder, f"{name}.tnnmodel").write_bytes(content)
    return 0
