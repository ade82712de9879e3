"""Runs where ONNX is: takes a model along a path of components for every line of JSON, each in a process of its own.

A line is {"variables": environment variables, "files": {component: its file}, "representations": {name: file},
"model": {"opset": 13, "nodes": [[operator, inputs, outputs, attributes], ...]}, "inputs": {name: [shape, dtype, hex]},
"outputs": {name: dtype}, "open": axes left open, "by_hand": a file with functions that do by hand what those of its
components do that are named there}. The answer has what came out, or what was raised where.
"""

from __future__ import annotations

import importlib
import inspect
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
    return by_hand(said, arrays) if said["by_hand"] else by_components(said, arrays)


def by_hand(said: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return the answer where only what no function does by hand is left to the components."""
    functions, artifact = vars(load_file(Path(said["by_hand"]))), artifact_of(said)
    specs = {name: (list(array.shape), array.dtype.name) for name, array in arrays.items()}
    with tempfile.TemporaryDirectory() as name:
        source = Path(name, "start")
        source.mkdir()
        try:
            for step, file in said["files"].items():
                if step not in functions:
                    artifact = components_in(Path(file))[step].convert(artifact)
            representation = load_file(Path(said["representations"][artifact.representation])).REPRESENTATION
            representation.save(artifact.model, source)
            for step in (one for one in said["files"] if one in functions):
                target = Path(name, step)
                target.mkdir()
                given: dict[str, Any] = {"inputs": arrays, "outputs": list(artifact.outputs), "specs": specs}
                given |= {"source": source, "target": target}
                takes = inspect.signature(functions[step]).parameters
                outputs = functions[step](**{one: given[one] for one in takes})
                source = target
        except Exception as problem:  # noqa: BLE001 what it raises is the answer
            return {"raised": type(problem).__name__, "text": str(problem)}
    return {"outputs": told(outputs)}


def by_components(said: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
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
    return {"outputs": told(outputs), "operators": counts}


def told(outputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {name: [list(one.shape), one.dtype.name, one.tobytes().hex()] for name, one in outputs.items()}


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
