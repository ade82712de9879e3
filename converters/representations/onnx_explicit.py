"""ONNX in which nothing is left to a default: every attribute is written out, and every name is a plain word."""

from __future__ import annotations

from pathlib import Path

from nnparity.loading import load_file

ONNX = load_file(Path(__file__).with_name("onnx.py"))


class OnnxExplicit(ONNX.Onnx):
    name = "onnx_explicit"
    title = "ONNX, defaults written out"


REPRESENTATION = OnnxExplicit()
