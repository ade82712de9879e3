"""Known divergences of the graph of a tf.function."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import both, config_is, non_finite, row_below
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

ONEDNN_BY_DEFAULT = load_file(Path(__file__).with_name("no_rows.py")).ONEDNN_BY_DEFAULT


def dense_relu(case: Case) -> bool:
    """Whether a linear layer with a bias goes through a ReLU."""
    has_bias = case.config.get("bias", case.layer == "squeeze_excite")
    return bool(case.config.get("activation") == "relu" and has_bias)


KNOWN = (
    KnownDivergence(
        component="tensorflow_function",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Grappler fuses MatMul, BiasAdd and Relu into one oneDNN operator, whose ReLU of NaN is 0; operator by "
        "operator, with TF_ENABLE_ONEDNN_OPTS=0, and on processors on which that is the default, it is NaN",
        link="none found: tensorflow relu NaN grappler remapper fused MatMul BiasAdd Relu returns 0 instead of NaN",
        versions=("tensorflow-cpu<=2.21.0",),
        witness=Case(
            "mlp",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [],
                "widths": [1, 1],
                "activation": "relu",
                "activate_last": True,
                "bias": True,
            },
            0,
            {"x": np.array([[np.nan]], np.float32)},
        ),
        applies=both(dense_relu, non_finite),
        processor=ONEDNN_BY_DEFAULT,
    ),
    KnownDivergence(
        component="tensorflow_function",
        layer="mish",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Grappler fuses Softplus, Tanh and Mul into oneDNN's Mish, which loses the left tail: 6 % off at -15; "
        "operator by operator, with TF_ENABLE_ONEDNN_OPTS=0, and on processors on which that is the default, it does "
        "not",
        link="https://github.com/tensorflow/tensorflow/pull/54428",
        versions=("tensorflow-cpu<=2.21.0",),
        witness=Case(
            "mish",
            {"batch": 1, "dtype": "float32", "inner": [2]},
            0,
            {"x": np.array([[-15.2, -15.2]], np.float32)},
        ),
        applies=row_below(2, reaching=-1),
        processor=ONEDNN_BY_DEFAULT,
    ),
    KnownDivergence(
        component="tensorflow_function",
        layer="conv*",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="Grappler fuses Conv2D and BiasAdd into one operator, whose kernel without oneDNN takes no groups in "
        "float32: Fused conv implementation does not support grouped convolutions for now; without a bias, eagerly and "
        "with TF_ENABLE_ONEDNN_OPTS=1, which is the default on other processors, it runs",
        link="https://github.com/tensorflow/tensorflow/issues/53631",
        versions=("tensorflow-cpu<=2.21.0",),
        witness=Case(
            "conv1d",
            {
                "batch": 1,
                "dtype": "float32",
                "in_channels": 2,
                "out_channels": 2,
                "groups": 2,
                "bias": True,
                "window": {"kernel": [1], "stride": [1], "dilation": [1], "padding": [0, 0], "size": [1]},
            },
            0,
            {"x": np.ones((1, 2, 1), np.float32)},
        ),
        applies=both(config_is(bias=True, dtype="float32"), lambda case: case.config.get("groups", 1) > 1),
        processor=f"!{ONEDNN_BY_DEFAULT}",
    ),
)
