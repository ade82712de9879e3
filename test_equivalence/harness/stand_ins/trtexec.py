"""Stands in for trtexec: the options that build an engine and run it, its lines about raw files, its layers."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

stand_in: Any = importlib.import_module("stand_in")
tiny_onnx: Any = importlib.import_module("tiny_onnx")


def main() -> int:
    fault = stand_in.start()
    said = dict(word.partition("=")[::2] for word in sys.argv[1:])
    build = "--buildOnly" if fault == "older" else "--skipInference"
    if "--help" in said:
        sys.stdout.write("&&&& RUNNING TensorRT.trtexec [TensorRT v101300]\n" if fault != "another program" else "?\n")
        sys.stdout.write(f"  {build}  Exit after the engine has been built\n")
        return 0
    stand_in.misbehave(fault)
    if fault == "no GPU":
        sys.stderr.write("[E] Cuda failure: no CUDA-capable device is detected\n")
        return 1
    if "--onnx" in said and build in said:
        stand_in.keep("build", "\n".join(sys.argv[1:]).encode())
        content = Path(said["--onnx"]).read_bytes()
        model = tiny_onnx.model_of(content)
        assert {build, "--noTF32"} <= set(said)
        assert said["--profilingVerbosity"] == "detailed"
        unknown = [node.operator for node in model.nodes if node.operator not in tiny_onnx.COMPUTED]
        if unknown:
            sys.stdout.write(f"[01/01/2026-00:00:00] [E] [TRT] No importer registered for op: {unknown[0]}\n")
            return 1
        layers = [{"Name": node.operator, "LayerType": "kgen"} for node in model.nodes]
        Path(said["--exportLayerInfo"]).write_text(json.dumps({"Layers": layers, "Bindings": []}), encoding="utf-8")
        Path(said["--saveEngine"]).write_bytes(content)
        return 0
    model = tiny_onnx.model_of(Path(said.get("--loadEngine") or said["--onnx"]).read_bytes())
    files = dict(one.split(":") for one in said["--loadInputs"].split(","))
    shapes = {value.name: value.sizes for value in model.inputs}
    if "--shapes" in said:
        shapes = {
            name: tuple(map(int, one.split("x"))) for name, one in (it.split(":") for it in said["--shapes"].split(","))
        }
    inputs = {}
    for name, file in files.items():
        stand_in.keep(name, Path(file).read_bytes())
        inputs[name] = np.frombuffer(Path(file).read_bytes(), np.float32).reshape(shapes[name])
    assert "--dumpRawBindingsToFile" in said
    for name, value in tiny_onnx.computed(model, inputs).items():
        dims = ".".join(map(str, value.shape))
        file = f"{name}.output.{dims}.fp32.raw"
        sys.stdout.write(
            f"[I] Writing file for output binding {name} (with datatype fp32 and dimensions {dims}) to {file}\n"
        )
        Path(file).write_bytes(stand_in.cut(fault, value.tobytes()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
