"""OpenVINO, as somebody calls it who has no nnparity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

Given = dict[str, np.ndarray]
NOT_SHOWN = {
    "would write beyond its memory": "nnparity does not let OpenVINO do it; what it would do differs each time"
}


def openvino_from_onnx(source: Path, target: Path) -> None:
    import openvino

    openvino.save_model(openvino.convert_model(source / "model.onnx"), target / "model.xml", compress_to_fp16=False)


def openvino_from_onnx_unfused(source: Path, target: Path) -> None:
    import openvino

    model = openvino.Core().read_model(source / "model.onnx")
    openvino.save_model(model, target / "model.xml", compress_to_fp16=False)


def save_named(model: Any, specs: Any, outputs: list[str], target: Path) -> None:
    import openvino

    for port, name in zip(model.inputs, specs, strict=True):
        port.tensor.set_names({name})
        port.get_node().set_friendly_name(name)
    for port, name in zip(model.outputs, outputs, strict=True):
        port.tensor.add_names({name})
    openvino.save_model(model, target / "model.xml", compress_to_fp16=False)


def ends(specs: Any) -> list[Any]:
    import openvino

    sizes = [[-1 if size is None else size for size in shape] for shape, _ in specs.values()]
    kinds = [openvino.Type.bf16 if kind == "bfloat16" else openvino.Type(np.dtype(kind)) for _, kind in specs.values()]
    return [(openvino.PartialShape(size), kind) for size, kind in zip(sizes, kinds, strict=True)]


def openvino_from_exported_program(source: Path, specs: Any, outputs: list[str], target: Path) -> None:
    import openvino
    import torch

    model = openvino.convert_model(torch.export.load(source / "model.pt2"), input=ends(specs))
    save_named(model, specs, outputs, target)


def openvino_from_torchscript(source: Path, example: Given, specs: Any, outputs: list[str], target: Path) -> None:
    import openvino
    import torch

    model, given = torch.jit.load(source / "model.pt"), tuple(torch.tensor(one) for one in example.values())
    save_named(openvino.convert_model(model, example_input=given, input=ends(specs)), specs, outputs, target)


def openvino_from_saved_model(source: Path, target: Path) -> None:
    import openvino

    model = openvino.convert_model(source / "model", share_weights=False)
    openvino.save_model(model, target / "model.xml", compress_to_fp16=False)


def openvino_from_tflite(source: Path, target: Path) -> None:
    import openvino
    import tflite

    file = tflite.Model.GetRootAsModel((source / "model.tflite").read_bytes(), 0)
    tensors, signature = file.Subgraphs(0).Tensors, file.SignatureDefs(0)
    model = openvino.convert_model(source / "model.tflite")
    ends = [signature.Inputs(place) for place in range(signature.InputsLength())]
    ends += [signature.Outputs(place) for place in range(signature.OutputsLength())]
    ports = {name: port for port in (*model.inputs, *model.outputs) for name in port.get_names()}
    for end in ends:
        ports[tensors(end.TensorIndex()).Name().decode()].tensor.add_names({end.Name().decode()})
    openvino.save_model(model, target / "model.xml", compress_to_fp16=False)


def ran(settings: dict[str, str], source: Path, inputs: Given, outputs: list[str]) -> Given:
    import openvino

    given = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, **settings}
    compiled = openvino.Core().compile_model(source / "model.xml", "CPU", given)
    names = {name for port in compiled.inputs for name in port.get_names()}
    results = compiled({name: array for name, array in inputs.items() if name in names})
    return {name: results[name] for name in outputs}


def openvino_cpu(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return ran({"INFERENCE_PRECISION_HINT": "f32"}, source, inputs, outputs)


def openvino_cpu_default(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return ran({}, source, inputs, outputs)
