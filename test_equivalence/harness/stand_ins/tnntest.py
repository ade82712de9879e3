"""Stands in for TNNTest: its options and text files, six digits after the point, and one input."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

stand_in: Any = importlib.import_module("stand_in")
tiny_onnx: Any = importlib.import_module("tiny_onnx")


def main() -> int:
    fault = stand_in.start()
    options = dict(word.split("=", 1) for word in sys.argv[1:])
    stand_in.misbehave(fault)
    if fault == "no kernel":
        sys.stdout.write("E/tnn: Error: not support layer type\n")
        return 0
    proto = options["-mp"]
    assert (options["-mt"], options["-nt"], options["-pr"], options["-th"]) == ("TNN", "NAIVE", "HIGH", "1")
    assert options["-dt"] in {"NAIVE", "X86"}
    model = tiny_onnx.model_of(Path(proto).with_suffix(".tnnmodel").read_bytes())
    text = Path(options["-ip"]).read_text(encoding="utf-8")
    stand_in.keep("in.txt", text.encode())
    name, _, sizes = options["-is"].rstrip("]").partition("[")
    dtype = {"0": np.float32, "3": np.int32}[options["-it"]]
    inputs = {name: np.array(text.split(), dtype).reshape([int(size) for size in sizes.split(",")])}
    outputs = tiny_onnx.computed(model, inputs)
    lines = [str(len(outputs))]
    for output, value in outputs.items():
        called = "last_layer" if fault == "renamed" else output
        kind, sizes = (33 if value.dtype == "i4" else 32), " ".join(map(str, value.shape))
        lines.append(f"{called} mat_type: {kind} dims: {value.ndim} {sizes}")
    lines += [f"{one:.6f}" if value.dtype == "f4" else str(one) for value in outputs.values() for one in value.ravel()]
    if fault == "cut off":
        del lines[-1]
    Path(options["-op"]).write_text("\n".join([*lines, ""]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
