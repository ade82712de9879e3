"""What TVM 0.19, the last version with Relay, does to bfloat16; its kernels for CPUs come last."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, in_bfloat16
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("xtc-tvm-python-bindings<=0.19.0.12",)
LEVELS = (0, 1, 2, 3)


def clips(case: Case) -> bool:
    """Whether the layer keeps numbers between two bounds."""
    return case.layer in {"clip", "hard_activations", "inverted_residual"} or case.config.get("kind") == "relu6"


def keeps_a_tensor_between(case: Case) -> bool:
    """Whether the layer has a matrix product with weights, a convolution, or sines and cosines side by side."""
    names = ("conv", "lstm", "gru", "rnn", "mlp", "mixer", "transformer", "experts", "patch", "swiglu", "bottleneck")
    others = {
        "attention_cache_step",
        "grouped_query_attention",
        "multi_head_attention",
        "inverted_residual",
        "rewritten_block",
        "squeeze_excite",
        "rotary_attention",
        "sinusoidal_positions",
    }
    return case.layer in others or any(name in case.layer for name in names)


def sorts(case: Case) -> bool:
    """Whether the layer sorts, or takes the greatest entries."""
    return case.layer in {"sort", "top_k", "mixture_of_experts"}


KNOWN: tuple[KnownDivergence, ...] = (
    KnownDivergence(
        component="relay_from_onnx",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "the bounds of Clip are read from the bits of bfloat16 as if they were integers: 1 is 16256 "
            "(relay/frontend/onnx.py, Clip); TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/16698",
        versions=VERSIONS,
        witness=Case(
            "clip",
            {"batch": 1, "dtype": "bfloat16", "inner": [2], "bounds": [-1.0, 1.0]},
            0,
            {"x": np.zeros((1, 2), "bfloat16")},
        ),
        applies=both(in_bfloat16, clips),
    ),
    KnownDivergence(
        component="relay_from_tflite",
        layer="*",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason="its table of tensor types has no bfloat16, and looking it up raises KeyError; TVM 0.20 has no Relay",
        link="none found: TVM relay from_tflite bfloat16 KeyError 18 _decode_type",
        versions=VERSIONS,
        witness=Case(
            "argmax",
            {"batch": 1, "dtype": "bfloat16", "inner": [2], "axis": -1, "keepdims": False, "indices": "int64"},
            0,
            {"x": np.ones((1, 2), "bfloat16")},
        ),
        applies=in_bfloat16,
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="one_hot",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="a cast to bfloat16, whose number is 15, is left out: the table of dtypes in aten::to ends at float64 "
        "(relay/frontend/pytorch.py, to); TVM 0.20 has no Relay",
        link="none found: tvm relay frontend pytorch aten::to bfloat16 cast_map ignored",
        versions=VERSIONS,
        witness=Case(
            "one_hot",
            {"batch": 1, "dtype": "bfloat16", "inner": [1], "classes": 2, "classes_last": True, "indices": "int32"},
            0,
            {"indices": np.zeros((1, 1), np.int32)},
        ),
        applies=in_bfloat16,
    ),
    *(
        KnownDivergence(
            component=f"relay_llvm_o{level}",
            layer="*",
            stage=Stage.LOAD,
            status=Status.ERROR,
            fix=Fix.NEVER,
            reason=(
                "a sort of bfloat16 is handed to a library function as one of float32, which reads and writes twice "
                "the bytes: the next calls of the process die of it, so that it is not run. TVM 0.20 has no Relay"
            ),
            link="none found: tvm contrib sort topk argsort bfloat16 wrong result heap corruption",
            versions=VERSIONS,
            # An ascending sort does not come so far: relay_from_onnx fails for it.
            witness=Case(
                "sort",
                {"batch": 1, "dtype": "bfloat16", "inner": [2], "axis": -1, "descending": True},
                0,
                {"x": np.ones((1, 2), "bfloat16")},
            ),
            applies=both(in_bfloat16, sorts),
        )
        for level in LEVELS
    ),
    *(
        KnownDivergence(
            component=f"relay_llvm_o{level}",
            layer="*",
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.NEVER,
            reason=(
                "a kernel that keeps a tensor of bfloat16 in between, such as the packed weights of nn.dense and of "
                "convolutions, takes its bits for an integer when it reads it again: 1 is 16256. Level 3 packs fewer "
                "weights and fuses more operators. TVM 0.20 has no Relay"
            ),
            link="https://github.com/apache/tvm/pull/17670",
            versions=VERSIONS,
            witness=Case(
                "conv3d",
                {
                    "batch": 1,
                    "dtype": "bfloat16",
                    "in_channels": 2,
                    "out_channels": 3,
                    "window": {
                        "kernel": [2, 3, 3],
                        "stride": [1, 1, 1],
                        "dilation": [1, 1, 1],
                        "padding": [0, 1, 1, 1, 1, 1],
                        "size": [3, 4, 5],
                    },
                    "bias": True,
                },
                0,
                {"x": np.ones((1, 2, 3, 4, 5), "bfloat16")},
            ),
            applies=both(in_bfloat16, keeps_a_tensor_between),
        )
        for level in LEVELS
    ),
)
