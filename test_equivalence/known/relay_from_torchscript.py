"""What TVM's PyTorch front end is known to get wrong in TVM 0.19, the last version with Relay."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import (
    beyond,
    both,
    config_is,
    either,
    in_half,
    infinite,
    non_finite,
    not_a_number,
    row_below,
    row_near_zero,
)
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("xtc-tvm-python-bindings<=0.19.0.12",)


def tanh_gelu(case: Case) -> bool:
    """Whether the layer computes GELU by tanh; a single linear layer may name an activation and have none."""
    config = case.config
    activated = config.get("activate_last", True) or len(config["widths"]) > 2
    return config.get("approximate") == "tanh" or (config.get("activation") == "gelu_tanh" and activated)


def rounds_a_quotient(case: Case) -> bool:
    """Whether the layer rounds a quotient otherwise than a division of integers does by itself."""
    return not (case.config["mode"] == "trunc" and case.config["numbers"] != "float")


def without_affine(case: Case) -> bool:
    """Whether group normalisation has neither weight nor bias."""
    return case.layer == "group_norm" and not case.config["affine"]


def more_query_heads(case: Case) -> bool:
    """Whether several query heads share one of keys and values."""
    return bool(case.config["heads"] > case.config["groups"])


def between_thresholds(case: Case) -> bool:
    """Whether softplus has a threshold that is no integer, and an entry lies between it and the integer below."""
    steep = case.inputs["x"] * case.config["beta"]
    threshold = case.config["threshold"]
    return bool(((int(threshold) < steep) & (steep <= threshold)).any())


INDEX = {
    "batch": 1,
    "dtype": "float32",
    "lookup": "index",
    "vocabulary": 2,
    "embed": 2,
    "inner": [],
    "padding": 0,
    "ids_dtype": "int64",
}


def from_the_end(case: Case) -> bool:
    """Whether some id is below zero."""
    return bool((case.inputs["ids"] < 0).any())


KNOWN: tuple[KnownDivergence, ...] = (
    KnownDivergence(
        component="relay_from_torchscript",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "aten::gelu becomes erf whatever its argument `approximate` says (relay/frontend/pytorch.py, gelu); "
            "TVM 0.20 has no Relay, so nobody mends it"
        ),
        link="none found: tvm relay frontend pytorch gelu approximate tanh ignored",
        versions=VERSIONS,
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "float32", "inner": [], "approximate": "tanh"},
            seed=0,
            inputs={"x": np.array([1.0], dtype=np.float32)},
        ),
        applies=tanh_gelu,
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="layer_norm",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "aten::layer_norm over more than one axis raises AssertionError, in words that declare it, but of a class "
            "that says nothing (relay/frontend/pytorch.py, layer_norm); TVM 0.20 has no Relay"
        ),
        link="none found: tvm from_pytorch support only normalization over last one dimension",
        versions=VERSIONS,
        witness=Case(
            "layer_norm",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [1, 2],
                "axes": 2,
                "eps": 1e-5,
                "affine": ["scale", "offset"],
            },
            seed=0,
            inputs={"x": np.array([[[1.0, 2.0]]], dtype=np.float32)},
        ),
        applies=config_is(axes=2),
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="*_norm",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "aten::layer_norm and aten::group_norm without weight or bias pass None to nn.layer_norm or nn.group_norm "
            "as an argument, and the next look at the graph raises `unhandled case: NoneType` "
            "(relay/frontend/pytorch.py, layer_norm, group_norm); TVM 0.20 has no Relay"
        ),
        link="none found: tvm from_pytorch layer_norm elementwise_affine False unhandled case NoneType",
        versions=VERSIONS,
        witness=Case(
            "layer_norm",
            {"batch": 1, "dtype": "float32", "inner": [2], "axes": 1, "eps": 1e-5, "affine": []},
            seed=0,
            inputs={"x": np.array([[1.0, 2.0]], dtype=np.float32)},
        ),
        applies=either(
            without_affine, both(config_is(axes=1), either(config_is(affine=[]), config_is(affine=["scale"])))
        ),
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="*",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "the element type of a value is read from the graph, where torch.jit.save keeps none, and not inferred: a "
            "boolean mask from a file counts as default_dtype, is added to the scores or inverted as an integer, and "
            "the types clash (relay/frontend/pytorch.py, _get_input_types); TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/6268",
        versions=VERSIONS,
        witness=Case(
            "attention",
            {
                "batch": 1,
                "dtype": "float32",
                "heads": 1,
                "query_length": 1,
                "key_length": 1,
                "depth": 1,
                "mask": "sdpa_bool",
            },
            seed=0,
            inputs={
                **{name: np.ones((1, 1, 1, 1), dtype=np.float32) for name in "qkv"},
                "mask": np.ones((1, 1, 1, 1), dtype=bool),
            },
        ),
        applies=either(
            config_is(mask="sdpa_bool"), either(config_is(mask="key_padding"), config_is(mask="key_padding_all"))
        ),
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="integer_division",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "aten::div becomes `divide` whatever its argument `rounding_mode` says (relay/frontend/pytorch.py): floats "
            "are not rounded, integers are rounded towards zero; TVM 0.20 has no Relay"
        ),
        link="none found: tvm relay frontend pytorch aten::div rounding_mode floor ignored",
        versions=VERSIONS,
        witness=Case(
            "integer_division",
            {"batch": 2, "dtype": "float32", "inner": [], "numbers": "int32", "mode": "floor"},
            seed=0,
            inputs={"x": np.array([-1, 1], dtype=np.int32)},
        ),
        applies=rounds_a_quotient,
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="cast",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "aten::to of bool is no conversion at all: the table of element types has float16, float32, float64, int32 "
            "and int64 only, and for any other the operand is returned as it is (relay/frontend/pytorch.py, to); TVM "
            "0.20 has no Relay"
        ),
        link="none found: tvm relay frontend pytorch aten::to bool cast ignored",
        versions=VERSIONS,
        witness=Case(
            "cast",
            {"batch": 1, "dtype": "float32", "inner": [], "source": "float", "target": "bool"},
            seed=0,
            inputs={"x": np.array([2.0], dtype=np.float32)},
        ),
        applies=both(config_is(target="bool"), lambda case: case.config["source"] != "bool"),
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="argmax",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "aten::argmax becomes `argmax` with its default type of indices, int32, where PyTorch's are int64 "
            "(relay/frontend/pytorch.py, make_reduce); TVM 0.20 has no Relay"
        ),
        link="none found: tvm relay frontend pytorch argmax int32 instead of int64",
        versions=VERSIONS,
        witness=Case(
            "argmax",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1, "keepdims": False, "indices": "int64"},
            seed=0,
            inputs={"x": np.array([[1.0, 2.0]], dtype=np.float32)},
        ),
        applies=config_is(indices="int64"),
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="l2_normalize",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "aten::clamp_min becomes clip with the greatest float32 as its upper bound, as a comment there says, so an "
            "infinite length is a finite one and infinity over it is no NaN (relay/frontend/pytorch.py, clamp_common); "
            "TVM 0.20 has no Relay"
        ),
        link="none found: tvm from_pytorch clamp_min infinity clamped to float max one-way clamp",
        versions=VERSIONS,
        witness=Case(
            "l2_normalize",
            {"batch": 1, "dtype": "float32", "inner": [2], "axes": [-1], "eps": 1e-12},
            seed=0,
            inputs={"x": np.array([[1.0, np.inf]], dtype=np.float32)},
        ),
        applies=infinite,
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="relu_family",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "aten::threshold keeps what is greater than the threshold, as PyTorch's formula has it, where PyTorch's "
            "kernel replaces what is less or equal: NaN becomes the value (relay/frontend/pytorch.py, threshold); "
            "TVM 0.20 has no Relay"
        ),
        link="none found: tvm from_pytorch threshold NaN where greater",
        versions=VERSIONS,
        witness=Case(
            "relu_family",
            {"batch": 2, "dtype": "float32", "kind": "threshold", "threshold": 0.5, "value": -20.0, "inner": [2]},
            seed=0,
            inputs={"x": np.array([[1.0, np.nan], [0.5, 0.0]], dtype=np.float32)},
        ),
        applies=both(config_is(kind="threshold"), not_a_number),
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="grouped_query_attention",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "aten::scaled_dot_product_attention is converted as if enable_gqa were false: more query heads than key "
            "heads end in batch_matmul's check of its batch (relay/frontend/pytorch.py, scaled_dot_product_attention); "
            "TVM 0.20 has no Relay"
        ),
        link="none found: tvm from_pytorch scaled_dot_product_attention enable_gqa grouped query batch_matmul",
        versions=VERSIONS,
        witness=Case(
            "grouped_query_attention",
            {
                "batch": 2,
                "dtype": "float32",
                "groups": 1,
                "heads": 2,
                "depth": 1,
                "width": 1,
                "length": 1,
                "shared": "enable_gqa",
                "bias": False,
            },
            seed=0,
            inputs={"x": np.ones((2, 1, 1), dtype=np.float32)},
        ),
        applies=both(config_is(shared="enable_gqa"), more_query_heads),
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="padded_conv2d",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "aten::pad in a circle raises ValueError, in words that declare it, but of a class that says nothing "
            "(relay/frontend/pytorch.py, pad); TVM 0.20 has no Relay"
        ),
        link="none found: tvm from_pytorch circular mode for torch.nn.functional.pad are not supported in TVM",
        versions=VERSIONS,
        witness=Case(
            "padded_conv2d",
            {
                "batch": 1,
                "dtype": "float32",
                "in_channels": 1,
                "out_channels": 1,
                "size": [1, 1],
                "kernel": [1, 1],
                "stride": 1,
                "padding": [0, 1],
                "mode": "circular",
                "bias": False,
            },
            seed=0,
            inputs={"x": np.ones((1, 1, 1, 1), dtype=np.float32)},
        ),
        applies=config_is(mode="circular"),
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="elu_family",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "aten::elu, celu and selu are written with exp(x) - 1, which is 0 near 0 (relay/frontend/pytorch.py, elu, "
            "celu, selu); TVM 0.20 has no Relay"
        ),
        link="none found: tvm relay elu selu celu expm1 exp(x) - 1 small negative input zero",
        versions=VERSIONS,
        witness=Case(
            "elu_family",
            {"batch": 1, "dtype": "float32", "kind": "elu", "alpha": 2.0, "inner": [2]},
            seed=0,
            inputs={"x": np.array([[-1e-8, -1e-6]], dtype=np.float32)},
        ),
        applies=row_near_zero(2**-3),
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="softplus",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "aten::softplus is log(exp(x) + 1), which is 0 from -17 on (relay/frontend/pytorch.py, softplus); TVM 0.20 "
            "has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/1768",
        versions=VERSIONS,
        witness=Case(
            "softplus",
            {"batch": 1, "dtype": "float32", "inner": [2], "beta": 1.0, "threshold": 20.0},
            seed=0,
            inputs={"x": np.array([[-20.0, -25.0]], dtype=np.float32)},
        ),
        applies=either(row_below(-1), both(in_half, beyond(10))),
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="softplus",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "the threshold of aten::softplus is rounded down to an integer (relay/frontend/pytorch.py, softplus); TVM "
            "0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/pull/14821",
        versions=VERSIONS,
        witness=Case(
            "softplus",
            {"batch": 1, "dtype": "float32", "inner": [2], "beta": 1.0, "threshold": 2.5},
            seed=0,
            inputs={"x": np.array([[2.25, 1.0]], dtype=np.float32)},
        ),
        applies=between_thresholds,
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="clip",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "aten::clamp without a bound takes the greatest or lowest float32 for it, so that an infinity becomes a "
            "number (relay/frontend/pytorch.py, clamp); TVM 0.20 has no Relay"
        ),
        link="none found: tvm relay frontend pytorch clamp min only infinity float max",
        versions=VERSIONS,
        witness=Case(
            "clip",
            {"batch": 1, "dtype": "float32", "inner": [], "bounds": [-0.5, None]},
            seed=0,
            inputs={"x": np.array([np.inf], dtype=np.float32)},
        ),
        applies=both(lambda case: None in case.config["bounds"], non_finite),
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="embedding_lookup",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "aten::index becomes adv_index, which does not count indices below zero from the end but reads what lies "
            "before the table (relay/frontend/pytorch.py, index); TVM 0.20 has no Relay"
        ),
        link="none found: tvm from_pytorch aten::index adv_index negative indices out of bounds",
        versions=VERSIONS,
        witness=Case("embedding_lookup", INDEX, seed=0, inputs={"ids": np.array([-1], dtype=np.int64)}),
        applies=both(config_is(lookup="index"), from_the_end),
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="sliding_window_attention",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "the element type of a value is read from the graph, where torch.jit.save keeps none, and not inferred: "
            "~visible is inverted as an integer, which makes -2 of 1 and -1 of 0, so that every key is masked "
            "(relay/frontend/pytorch.py, bitwise_not); TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/6268",
        versions=VERSIONS,
        witness=Case(
            "sliding_window_attention",
            {
                "batch": 1,
                "dtype": "float32",
                "causal": True,
                "window": 1,
                "heads": 1,
                "length": 2,
                "depth": 1,
            },
            seed=0,
            inputs={name: np.array([1, 2], dtype=np.float32).reshape(1, 1, 2, 1) for name in "qkv"},
        ),
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="l2_normalize",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "aten::linalg_vector_norm of half precision ends in an assertion without a word: the front end knows "
            "float32 and float64 (relay/frontend/pytorch.py, linalg_vector_norm); TVM 0.20 has no Relay"
        ),
        link="none found: tvm from_pytorch linalg_vector_norm float16 AssertionError",
        versions=VERSIONS,
        witness=Case(
            "l2_normalize",
            {"batch": 1, "dtype": "float16", "inner": [2], "axes": [-1], "eps": 1e-12},
            seed=0,
            inputs={"x": np.ones((1, 2), dtype=np.float16)},
        ),
        applies=in_half,
    ),
)
