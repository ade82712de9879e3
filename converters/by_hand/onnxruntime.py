"""ONNX Runtime, as somebody calls it who has no nnparity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

Given = dict[str, np.ndarray]


def ran(level: str, source: Path, inputs: Given, outputs: list[str]) -> Given:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    model = (source / "model.onnx").read_bytes()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    results: Any = session.run(outputs, inputs)
    return dict(zip(outputs, results, strict=True))


def onnxruntime_cpu(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return ran("ORT_ENABLE_ALL", source, inputs, outputs)


def onnxruntime_cpu_extended(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return ran("ORT_ENABLE_EXTENDED", source, inputs, outputs)


def onnxruntime_cpu_basic(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return ran("ORT_ENABLE_BASIC", source, inputs, outputs)


def onnxruntime_cpu_unoptimized(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return ran("ORT_DISABLE_ALL", source, inputs, outputs)


def vitis_ai_xint8(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return ran("ORT_ENABLE_ALL", source, inputs, outputs)


def vitis_ai_xint8_unoptimized(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return ran("ORT_DISABLE_ALL", source, inputs, outputs)
