"""An ONNX model quantised for Vitis AI: 8-bit integers, every scale a power of two."""

from __future__ import annotations

from pathlib import Path

from nnparity.loading import load_file

ONNX = load_file(Path(__file__).with_name("onnx.py"))


class OnnxXint8(ONNX.Onnx):
    name = "onnx_xint8"
    title = "Vitis AI (XINT8 in ONNX)"
    meaning = "vitis_ai_xint8_unoptimized"


REPRESENTATION = OnnxXint8()
