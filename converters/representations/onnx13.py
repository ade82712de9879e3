"""An ONNX model of opset 13, which is as new as readers without later releases know."""

from __future__ import annotations

from pathlib import Path

from nnparity.loading import load_file

ONNX = load_file(Path(__file__).with_name("onnx.py"))


class Onnx13(ONNX.Onnx):
    """Kept, counted and named as any other ONNX model; its opset is what its readers ask for."""

    name = "onnx13"
    title = "ONNX opset 13"


REPRESENTATION = Onnx13()
