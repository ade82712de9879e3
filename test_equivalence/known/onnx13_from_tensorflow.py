"""Known divergences of tf2onnx at opset 13: those of the newer opset that it shows too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nnparity.loading import load_file
from nnparity.outcome import Stage

NEWER = load_file(Path(__file__).with_name("onnx_from_tensorflow.py"))

# What it does to tf.where, to integers that are divided and to the steps of a floating-point remainder.
ARITHMETIC = ("tf.where becomes", "FloorDiv of integers", "the remainder of floats")

KNOWN = tuple(
    replace(entry, component="onnx13_from_tensorflow")
    for entry in NEWER.KNOWN
    if entry.paths == "*" and (entry.stage is Stage.CONVERT or entry.reason.startswith(ARITHMETIC))
)
