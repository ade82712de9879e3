"""OpenVINO, as somebody calls it who has no nnparity."""

from __future__ import annotations

from pathlib import Path

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
