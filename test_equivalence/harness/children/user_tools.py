"""Runs where ONNX is: takes a model along a path of components for every line of JSON, each in a process of its own.

A line is {"variables": environment variables, "files": {component: its file}, "representations": {name: file},
"model": {"opset": 13, "nodes": [[operator, inputs, outputs, attributes], ...]}, "inputs": {name: [shape, dtype, hex]},
"outputs": {name: dtype}, "open": axes left open}. The answer has what came out, or what was raised where.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Artifact, TensorSpec
from nnparity.loading import components_in, load_file

onnx: Any = importlib.import_module("onnx")
helper: Any = importlib.import_module("onnx.helper")


def artifact_of(said: Mapping[str, Any]) -> Artifact:
    specs = []
    for name, (shape, dtype, _) in said["inputs"].items():
        axes = tuple("batch" if said["open"] and axis == 0 else size for axis, size in enumerate(shape))
        specs.append(TensorSpec(name, dtype, axes))
    inputs = [value(spec.name, spec.dtype, spec.shape) for spec in specs]
    outputs = [value(name, dtype, None) for name, dtype in said["outputs"].items()]
    nodes = [
        helper.make_node(kind, given, made, **attributes) for kind, given, made, attributes in said["model"]["nodes"]
    ]
    graph = helper.make_graph(nodes, "graph", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", said["model"]["opset"])], ir_version=7)
    sizes = {"batch": next(iter(said["inputs"].values()))[0][0]} if said["open"] else {}
    model = onnx.shape_inference.infer_shapes(model)
    return Artifact("onnx", model, tuple(specs), tuple(said["outputs"]), sizes)


def value(name: str, dtype: str, shape: Any) -> Any:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)


def kept(artifact: Artifact, representations: Mapping[str, str]) -> Artifact:
    """Return the artifact after it has been through its files, counted, as from the cache."""
    representation = load_file(Path(representations[artifact.representation])).REPRESENTATION
    counts = artifact.operators if artifact.operators is not None else representation.count(artifact)
    with tempfile.TemporaryDirectory() as folder:
        representation.save(artifact.model, Path(folder))
        return replace(artifact, model=representation.load(Path(folder)), operators=counts)


def answer(said: Mapping[str, Any]) -> dict[str, Any]:
    os.environ.update(said["variables"])
    arrays = {
        name: np.frombuffer(bytes.fromhex(content), dtype).reshape(shape)
        for name, (shape, dtype, content) in said["inputs"].items()
    }
    at, counts = "", {}
    try:
        artifact = artifact_of(said)
        for at, file in said["files"].items():
            component = components_in(Path(file))[at]
            if hasattr(component, "convert"):
                artifact = kept(component.convert(artifact), said["representations"])
            else:
                if hasattr(component, "compile"):
                    artifact = kept(component.compile(artifact), said["representations"])
                outputs = component.load(artifact).run(arrays)
            counts[at] = dict(artifact.operators or {})
    except Exception as problem:  # noqa: BLE001 what it raises is the answer
        return {"raised": type(problem).__name__, "text": str(problem), "at": at}
    found = {name: [list(one.shape), one.dtype.name, one.tobytes().hex()] for name, one in outputs.items()}
    return {"outputs": found, "operators": counts}


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            sys.stdout.write(json.dumps({"died": -os.waitstatus_to_exitcode(status)}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
