"""Known divergences of tf2onnx at opset 13: those of the newer opset that it shows too, and some of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from nnparity.conditions import either, in_bfloat16, in_half
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

NEWER = load_file(Path(__file__).with_name("onnx_from_tensorflow.py"))
EMPTY = load_file(Path(__file__).with_name("no_rows.py"))
# What it does to tf.where, to integers that are divided and to the steps of a floating-point remainder.
ARITHMETIC = ("tf.where becomes", "FloorDiv of integers", "the remainder of floats")
PADS = "tf.nn.conv2d_transpose: explicit padding"

EVALUATED = "*>onnx_reference"
# How it resizes, which the evaluator shows.
RESIZES = ("tf.image.resize to the nearest", "Resize gets scales", "ResizeBicubic always")

KNOWN = (
    *(
        replace(entry, component="onnx13_from_tensorflow", paths=EVALUATED)
        for entry in NEWER.KNOWN
        if entry.reason.startswith(RESIZES)
    ),
    *(
        replace(entry, component="onnx13_from_tensorflow")
        for entry in NEWER.KNOWN
        if entry.paths.split()[0] == "*" and (entry.stage is Stage.CONVERT or entry.reason.startswith(ARITHMETIC))
    ),
    *(
        replace(entry, component="onnx13_from_tensorflow", paths=paths)
        for shows, paths in (("the check of types", "*"), ("an operator", EVALUATED), ("the output", EVALUATED))
        for entry in NEWER.KNOWN
        if entry.reason.startswith(f"bfloat16 is taken for float16 in a graph and not in its constants: {shows}")
    ),
    *(
        replace(entry, component="onnx13_from_tensorflow", paths="*>paddle_* *>onnx_reference")
        for entry in NEWER.KNOWN
        if entry.reason.startswith(PADS)
    ),
    *(
        replace(entry, component="onnx13_from_tensorflow", paths=EVALUATED if runs else entry.paths)
        for entry in EMPTY.KNOWN
        for runs in (entry.stage is Stage.RUN and EVALUATED in entry.paths.split(),)
        if entry.component == "onnx_from_tensorflow" and (runs or entry.stage is Stage.CONVERT)
    ),
    KnownDivergence(
        component="onnx13_from_tensorflow",
        layer="cumsum",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="CumSum is written in half precision, which ONNX does not have in it before opset 14",
        link="none found: tensorflow-onnx CumSum float16 opset 13 type not supported invalid graph",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "cumsum",
            {"batch": 1, "dtype": "float16", "inner": [2], "axis": -1, "exclusive": False, "reverse": False},
            0,
            {"x": np.ones((1, 2), np.float16)},
        ),
        applies=either(in_half, in_bfloat16),
    ),
    KnownDivergence(
        component="onnx13_from_tensorflow",
        layer="einsum",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="a product of transposed factors becomes MatMul and Transpose, and the type of the result loses its "
        "shape, which ONNX asks for: ValidationError",
        link="none found: tensorflow-onnx Einsum Field 'shape' of 'type' is required but missing ValidationError "
        "output",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "einsum",
            {"batch": 1, "dtype": "float32", "equation": "bhid,bhjd->bhij", "h": 1, "i": 1, "j": 1, "d": 1, "k": 1},
            0,
            {"left": np.ones((1, 1, 1, 1), np.float32), "right": np.ones((1, 1, 1, 1), np.float32)},
        ),
    ),
)
