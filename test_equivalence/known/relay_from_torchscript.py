"""What TVM's PyTorch front end is known to get wrong in TVM 0.19, the last version with Relay."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, either
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("xtc-tvm-python-bindings<=0.19.0.12",)


def tanh_gelu(case: Case) -> bool:
    """Whether the layer computes GELU by tanh; a single linear layer may name an activation and have none."""
    config = case.config
    activated = config.get("activate_last", True) or len(config["widths"]) > 2
    return config.get("approximate") == "tanh" or (config.get("activation") == "gelu_tanh" and activated)


def more_query_heads(case: Case) -> bool:
    """Whether several query heads share one of keys and values."""
    return bool(case.config["heads"] > case.config["groups"])


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
        layer="layer_norm",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "aten::layer_norm without weight or bias passes None to nn.layer_norm as an argument, and the next look at "
            "the graph raises `unhandled case: NoneType` (relay/frontend/pytorch.py, layer_norm); TVM 0.20 has no Relay"
        ),
        link="none found: tvm from_pytorch layer_norm elementwise_affine False unhandled case NoneType",
        versions=VERSIONS,
        witness=Case(
            "layer_norm",
            {"batch": 1, "dtype": "float32", "inner": [2], "axes": 1, "eps": 1e-5, "affine": []},
            seed=0,
            inputs={"x": np.array([[1.0, 2.0]], dtype=np.float32)},
        ),
        applies=both(config_is(axes=1), either(config_is(affine=[]), config_is(affine=["scale"]))),
    ),
    KnownDivergence(
        component="relay_from_torchscript",
        layer="*attention",
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
)
