"""Stands in for SNPE's three programs, whichever it is called as, in the form that their documentation gives."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

stand_in: Any = importlib.import_module("stand_in")
tiny_onnx: Any = importlib.import_module("tiny_onnx")
HEADS = "Id,Name,Type,Inputs,Outputs,Out Dims,Runtimes,Parameters"


def convert(fault: str) -> int:
    words = iter(sys.argv[1:])
    said: dict[str, list[str]] = {}
    for word in words:
        said.setdefault(word, []).extend([next(words), *([next(words)] if word == "-d" else [])])
    content = Path(said["--input_network"][0]).read_bytes()
    model = tiny_onnx.model_of(content)
    shapes = [word for value in model.inputs for word in (value.name, ",".join(map(str, value.sizes)))]
    assert (said["-d"], said["--preserve_io"]) == (shapes, ["layout"])
    assert said["--out_node"] == [value.name for value in model.outputs]
    unknown = [node.operator for node in model.nodes if node.operator not in tiny_onnx.COMPUTED]
    if unknown:
        sys.stdout.write(f"ERROR - ERROR_OP_UNSUPPORTED: {unknown[0]}: No translation registered for op type onnx\n")
        return 1
    Path(said["--output_path"][0]).write_bytes(stand_in.cut(fault, content))
    return 0


def describe(fault: str) -> int:
    said = stand_in.options(())
    model = tiny_onnx.model_of(Path(said["-i"]).read_bytes())
    lines = ["DLC info for: model.dlc", HEADS]
    lines += [
        f'{place},{value.name},data,{value.name},{value.name},1x1,"A D G C",'
        for place, value in enumerate(model.inputs)
    ]
    sizes = "x".join(map(str, model.outputs[0].sizes))
    for place, node in enumerate(model.nodes, start=len(model.inputs)):
        lines.append(
            f'{place},n{place},{node.operator},"{" ".join(node.inputs)}","{node.outputs[0]}",{sizes},"A D G C",p: 1'
        )
        lines.append(",,,,,,,p: 2")
    Path(said["-s"]).write_text("\n".join([*lines, "Total parameters: 0", ""]), encoding="utf-8")
    return 0


def run(fault: str) -> int:
    said = stand_in.options(())
    model = tiny_onnx.model_of(Path(said["--container"]).read_bytes())
    chosen, line = Path(said["--input_list"]).read_text(encoding="utf-8").splitlines()
    stand_in.keep("list", chosen.encode())
    given = dict(one.split(":=") for one in line.split())
    inputs = {}
    for value in model.inputs:
        content = Path(given[value.name]).read_bytes()
        stand_in.keep(value.name, content)
        inputs[value.name] = np.frombuffer(content, np.float32).reshape(value.sizes)
    place = Path(said["--output_dir"], "Result_0")
    place.mkdir(parents=True)
    for name, array in tiny_onnx.computed(model, inputs).items():
        (place / f"{name}.raw").write_bytes(stand_in.cut(fault, array.tobytes()))
    return 0


def main() -> int:
    fault = stand_in.start()
    at = {"snpe-onnx-to-dlc": convert, "snpe-dlc-info": describe, "snpe-net-run": run}[Path(stand_in.CALLED).name]
    if at is not describe:
        stand_in.misbehave(fault)
    return at("" if fault == "cut off" and at is convert else fault)


if __name__ == "__main__":
    sys.exit(main())
