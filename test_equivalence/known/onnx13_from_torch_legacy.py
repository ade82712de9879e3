"""Known divergences of torch.onnx.export(dynamo=False) at opset 13: those of the newer opset that it shows too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nnparity.loading import load_file
from nnparity.outcome import Stage

NEWER = load_file(Path(__file__).with_name("onnx_from_torch_legacy.py"))
EMPTY = load_file(Path(__file__).with_name("no_rows.py"))
# scaled_dot_product_attention is not exported at this opset, and not every reader of this one has a Mod of floats.
SHOWN = ("scatter", "softplus", "data_dependent_*")

KNOWN = (
    *(
        replace(entry, component="onnx13_from_torch_legacy")
        for entry in NEWER.KNOWN
        if entry.layer in SHOWN and entry.paths == "*"
    ),
    *(
        replace(entry, component="onnx13_from_torch_legacy")
        for entry in EMPTY.KNOWN
        if entry.component == "onnx_from_torch_legacy" and entry.paths == "*"
    ),
    *(
        # X2Paddle's inference of shapes ends at what ONNX Runtime refuses.
        replace(entry, component="onnx13_from_torch_legacy", stage=Stage.CONVERT, paths="*>paddle_from_onnx13>*")
        for entry in NEWER.KNOWN
        if entry.layer == "one_hot" and entry.stage is Stage.LOAD
    ),
)
