"""Stands in for pplnn: its options, files, words and exit codes."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

stand_in: Any = importlib.import_module("stand_in")
tiny_onnx: Any = importlib.import_module("tiny_onnx")
DTYPES = {"fp64": "f8", "fp32": "f4", "fp16": "f2", "int32": "i4", "int64": "i8", "bool": "?"}
NAMES = {
    "float64": "FLOAT64",
    "float32": "FLOAT32",
    "float16": "FLOAT16",
    "int32": "INT32",
    "int64": "INT64",
    "bool": "BOOL",
}
FLAGS = ("--use-x86", "--save-outputs", "--enable-profiling", "--version", "--help")
NEWEST = 16
UNSUPPORTED = 255


def log(line: str, kind: str = "INFO") -> None:
    sys.stdout.write(f"[{kind}][2026-01-01 00:00:00.000][pplnn.cc:1] {line}\n")


def read(file: str) -> Any:
    """Return the array in a file whose name says its dimensions and dtype."""
    import numpy as np

    name, sizes, dtype = Path(file).name[: -len(".dat")].split("-")
    shape = [int(size) for size in sizes.split("_") if size]
    stand_in.keep(name, Path(file).read_bytes())
    return np.frombuffer(Path(file).read_bytes(), DTYPES[dtype]).reshape(shape)


def main() -> int:
    fault = stand_in.start()
    options = stand_in.options(FLAGS)
    newer = fault == "newer"
    if "--help" in options:
        sys.stdout.write("  --shaped-input-files\n" if newer else "  --reshaped-inputs\n")
        return 0
    if fault == "another program":
        sys.stdout.write("usage: another [options]\n")
        return 1
    log("ppl.nn version: [0.9.0], commit: [0000]")
    if "--version" in options:
        return 0
    stand_in.misbehave(fault)
    given = options["--shaped-input-files" if newer else "--reshaped-inputs"]
    assert options["--use-x86"] == ""
    assert options["--num-threads"] == "1"
    model = tiny_onnx.model_of(Path(options["--onnx-model"]).read_bytes())
    if model.opset > NEWEST:
        log("parse graph failed: unsupported", "ERROR")
        log("create OnnxRuntimeBuilder failed: unsupported", "ERROR")
        return UNSUPPORTED
    arrays = [read(file) for file in given.split(",")]
    for value, array in zip(model.inputs, arrays, strict=True):
        if array.size == 0:
            log(f"input tensor[{value.name}] is empty.", "WARNING" if newer else "ERROR")
            if not newer:
                return UNSUPPORTED
    inputs = {value.name: array for value, array in zip(model.inputs, arrays, strict=True)}
    log("----- output info -----")
    for place, (name, value) in enumerate(tiny_onnx.computed(model, inputs).items()):
        log(f"output[{place}]:")
        log(f"    name: {name}")
        log(f"    dim(s):{''.join(f' {size}' for size in value.shape)}")
        kept = value.astype("f4") if value.dtype == "f2" else value
        log(f"    {'data type' if newer else 'DataType'}: {NAMES[value.dtype.name]}")
        log("    data format: NDARRAY")
        if newer:
            log(f"    saved data type: {NAMES[kept.dtype.name]}")
        content = stand_in.cut(fault, kept.tobytes())
        if fault != "no file":
            Path(options["--save-data-dir"], f"pplnn_output-{name}.dat").write_bytes(content)
    log("----------------------")
    if "--enable-profiling" in options and fault != "no profile":
        log(f"TYPE: [{'Add':<20}], AVG_TIME: [  0.0010], Percentage: [ 50.0000], excute times [2]")
        log(f"TYPE: [{'pmx.Reorder':<20}], AVG_TIME: [  0.0010], Percentage: [ 50.0000], excute times [1]")
    log("Run ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
