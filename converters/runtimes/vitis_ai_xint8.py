"""ONNX Runtime on models quantised for Vitis AI, optimised as by default, and operator by operator."""

from __future__ import annotations

from pathlib import Path

from nnparity.loading import load_file

ONNX_RUNTIME = load_file(Path(__file__).with_name("onnxruntime_cpu.py"))


class VitisAiXint8(ONNX_RUNTIME.OnnxRuntimeCpu):
    accepts = ("onnx_xint8",)
    compiles_to = "onnx_xint8"
    on_demand = True


COMPONENTS = (
    VitisAiXint8("vitis_ai_xint8", optimisation="ORT_ENABLE_ALL"),
    VitisAiXint8("vitis_ai_xint8_unoptimized", optimisation="ORT_DISABLE_ALL"),
)
