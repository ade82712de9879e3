"""Known divergences of PPQ's executor on operators as they are since opset 14, which is newer than it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import both
from nnparity.layers import Case
from nnparity.loading import load_file

PPQ = load_file(Path(__file__).with_name("ppq_torch_executor.py"))
REDUCED_BY_TENSORFLOW = frozenset((
    "global_pool",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "logsumexp",
    "mixer_block",
    "rewritten_block",
    "rms_norm",
    "squeeze_excite",
    "transformer_decoder_block",
    "transformer_encoder_block",
    "variance",
))
REDUCED_BY_TORCH = frozenset((
    "global_pool",
    "l2_normalize",
    "rewritten_block",
    "rms_norm",
    "squeeze_excite",
    "variance",
))
SIZED = frozenset((
    "bidirectional_lstm",
    "gru",
    "lstm",
    "multi_head_attention",
    "patch_embedding",
    "rnn",
    "transformer_decoder_block",
    "transformer_encoder_block",
))
PAIR = {"batch": 1, "dtype": "float32", "inner": [2]}


def open_batch(case: Case) -> bool:
    """Whether the batch is left open, so that sizes are computed in the model."""
    return bool(case.open_axes)


KNOWN = (
    *(
        PPQ.diverges(
            "*",
            Case(layer, {**PAIR, **config}, 0, {"x": np.ones((1, 2), np.float32)}),
            "ReduceMean, ReduceMax and ReduceL2 take their axes as an attribute only; from opset 18 on they are an "
            "input: ValueError, too many values to unpack",
            "none found: OpenPPL/ppq ReduceMean opset 18 axes input ValueError too many values to unpack",
            applies=PPQ.layer_in(layers),
            paths=f"*>{exporter}>*",
        )
        for exporter, layers, layer, config in (
            (
                "onnx_from_tensorflow",
                REDUCED_BY_TENSORFLOW,
                "variance",
                {"axis": -1, "correction": 0, "keepdims": False},
            ),
            ("onnx_from_torch", REDUCED_BY_TORCH, "l2_normalize", {"axes": [-1], "eps": 1e-12}),
        )
    ),
    PPQ.diverges(
        "*",
        Case(
            "rnn",
            {
                "batch": 2,
                "dtype": "float32",
                "time": 1,
                "features": 1,
                "hidden": 1,
                "layers": 1,
                "nonlinearity": "tanh",
                "initial_state": False,
                "bias": False,
            },
            0,
            {"x": np.ones((2, 1, 1), np.float32)},
            open_axes=("batch",),
        ),
        "Shape ignores `start` and `end`, which it has from opset 15 on, and gives all sizes: what is computed of them "
        "has too many",
        "none found: OpenPPL/ppq Shape operator start end attribute opset 15",
        applies=both(PPQ.layer_in(SIZED), open_batch),
        # The other two exporters write Gather or Slice after Shape.
        paths="*>onnx_from_torch>*",
    ),
)
