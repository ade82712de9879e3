"""Stands in for Tengine's convert_tool: its options, words and exit codes; its files are for the other stand-in.

A graph is a sum of inputs of one shape, then operators of one input each.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

stand_in: Any = importlib.import_module("stand_in")
tiny_onnx: Any = importlib.import_module("tiny_onnx")
UNARY = {"Relu": "ReLU", "Abs": "Absval", "LeakyRelu": "ReLU"}
FAILED = 255


def main() -> int:
    fault = stand_in.start()
    options = stand_in.options(())
    stand_in.misbehave(fault)
    assert options["-f"] == "onnx"
    content = Path(options["-m"]).read_bytes()
    stand_in.keep("model.onnx", content)
    model = tiny_onnx.model_of(content)
    unknown = [node.operator for node in model.nodes if node.operator not in {*UNARY, "Add"}]
    if unknown:
        sys.stderr.write(f"These {len(unknown)} op are not supported\n{{ {' '.join(unknown)} }}\n")
        sys.stderr.write("Convert model failed.\n")
        return FAILED
    for node in model.nodes:
        if node.operator == "LeakyRelu" and not node.attributes:  # as the real one does without its defaults
            stand_in.misbehave("crash")
    lines = ["stand-in"]
    for values in (model.inputs, model.outputs):
        lines.append(str(len(values)))
        lines += [" ".join(map(str, [value.name, len(value.sizes), *value.sizes])) for value in values]
    kinds = ["InputOp"] * len(model.inputs) + ["Const"]
    kinds += ["Eltwise" if node.operator == "Add" else UNARY[node.operator] for node in model.nodes]
    lines += [str(len(kinds)), *kinds]
    Path(options["-o"]).write_bytes(stand_in.cut(fault, "\n".join([*lines, ""]).encode()))
    sys.stderr.write(f"Convert model success. {options['-m']} -----> {options['-o']} \n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
