"""What XNNPACK shows where ExecuTorch delegates to it; what it makes of NaN is in a file of its own."""

from __future__ import annotations

import math

import numpy as np

from nnparity.conditions import both, config_is, either, in_bfloat16, non_finite
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("executorch<=1.5.1",)
ONE = {"batch": 1, "dtype": "float32"}
WINDOW = {"kernel": [1, 1], "stride": [1, 1], "padding": [0, 0], "size": [1, 1]}
DELEGATED = "*_xnnpack>executorch_cpu"
ONE_PAIR = {"pairs": 1, "odd": False, "shift": 0, "period": 10000.0, "inner": []}


def delegated_floats(case: Case) -> bool:
    """Whether the partitioner takes the case's dtype: of bfloat16 it takes no arithmetic but what is cast first."""
    return not in_bfloat16(case)


def far_out(case: Case) -> bool:
    """Whether a number, not an infinity, is beyond 1e9."""
    numbers = case.inputs["t"]
    return bool((np.isfinite(numbers) & (np.abs(numbers) > 1e9)).any())


def has_positive_infinity(case: Case) -> bool:
    """Whether a number is +infinity."""
    return bool(np.isposinf(case.inputs["x"]).any())


# XNNPACK's depthwise kernels have these numbers of taps; a convolution with more of them is no depthwise one.
TAPS = (3, 4, 9, 25)
CONVOLVING = (
    "conv1d conv2d_bn_relu depthwise_conv2d inverted_residual padded_conv2d patch_embedding resnet_bottleneck "
    "squeeze_excite"
)


def taps_alone(case: Case) -> list[int]:
    """Return the number of taps of each convolution that makes one channel of one, which XNNPACK has as depthwise."""
    config = case.config
    if case.layer == "batch_norm":
        return [1] if len(config["spatial"]) < 3 else []
    if case.layer in {"inverted_residual", "resnet_bottleneck"}:
        inverted = "expansion" in config
        hidden = config["in_channels"] * config["expansion"] if inverted else config["hidden"]
        spatial = [config["kernel"] ** 2 if inverted else 9] if inverted or hidden == 1 else []
        ends = config["in_channels"], config["out_channels"]
        projected = not inverted and config["stride"] > 1
        pointwise = (hidden == 1 and 1 in ends) or (projected and ends == (1, 1))
        return [*spatial, *([1] if pointwise else [])]
    channels = {
        "squeeze_excite": ("channels", "reduced"),
        "patch_embedding": ("channels", "embed"),
        "depthwise_conv2d": ("multiplier",),
        "padded_conv2d": ("in_channels", "out_channels"),
    }
    if case.layer in channels:
        alone = all(config[key] == 1 for key in channels[case.layer])
    else:
        alone = config["in_channels"] == config.get("out_channels") == config.get("groups")
    kernel = config.get("window", config).get("kernel", [config.get("patch", 1)] * 2)
    return [math.prod(kernel)] if alone else []


def has_spare_taps(case: Case) -> bool:
    """Whether a depthwise convolution has fewer taps than the least kernel that it fits."""
    return any(count < max(TAPS) and count not in TAPS for count in taps_alone(case))


KNOWN = (
    KnownDivergence(
        component="executorch_from_exported_program_xnnpack",
        layer="gelu mixer_block mlp transformer_encoder_block",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="GELU by tanh becomes XNNPACK's GELU by erf, in float32, the one dtype in which it is taken: the "
        "partitioner does not look at `approximate`",
        link="https://github.com/pytorch/executorch/pull/22851",
        versions=VERSIONS,
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "float32", "inner": [1], "approximate": "tanh"},
            0,
            {"x": np.array([[-2.7]], np.float32)},
        ),
        applies=both(
            config_is(dtype="float32"), either(config_is(approximate="tanh"), config_is(activation="gelu_tanh"))
        ),
    ),
    KnownDivergence(
        component="executorch_cpu",
        layer="sinusoidal_positions",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="XNNPACK's sine and cosine of numbers beyond about 1e9 leave -1 to 1 as far as to -infinity: their "
        "reduction of the range has too few bits",
        link="https://github.com/google-ai-edge/LiteRT/issues/9020",
        versions=VERSIONS,
        witness=Case(
            "sinusoidal_positions",
            {"batch": 1, "dtype": "float32", "order": "sin_cos", **ONE_PAIR},
            0,
            {"t": np.array([1e10], np.float32)},
        ),
        applies=far_out,
        paths="*_xnnpack>executorch_cpu",
    ),
    KnownDivergence(
        component="executorch_from_exported_program_xnnpack",
        layer="data_dependent_branch",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="aten.linear in a branch of torch.cond is not decomposed, for the partitioner's sake, and the "
        "partitioner does not take it there: was not decomposed or delegated",
        link="https://github.com/pytorch/executorch/issues/12270",
        versions=VERSIONS,
        witness=Case(
            "data_dependent_branch",
            {**ONE, "length": 1, "width": 1, "writing": "operator", "gate": "greatest", "threshold": 0.0},
            0,
            {"x": np.ones((1, 1, 1), np.float32)},
        ),
        applies=config_is(writing="operator"),
    ),
    KnownDivergence(
        component="executorch_cpu",
        layer=f"batch_norm {CONVOLVING}",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="a depthwise convolution runs with 3, 4, 9 or 25 taps, those too many of weight zero on the next "
        "pixels, where 0 times an infinity or NaN is NaN, which of float16 becomes -infinity: any that makes one "
        "channel of one with another number of taps below 25, batch normalisation among them, which becomes one of "
        "1x1; with 3, 4, 9, 25 or more taps none of 112 places of an infinity shows, with another number 27 to 112 do",
        link="none found: XNNPACK depthwise convolution primary tile zero weight padding taps infinity NaN",
        versions=VERSIONS,
        witness=Case(
            "conv2d_bn_relu",
            {
                **ONE,
                "in_channels": 1,
                "out_channels": 1,
                "groups": 1,
                "window": {**WINDOW, "dilation": [1, 1], "padding": [0] * 4},
                "layout": "NCHW",
                "bias": False,
                "eps": 1e-5,
            },
            0,
            {"x": np.full((1, 1, 1, 1), np.inf, np.float32)},
        ),
        applies=both(delegated_floats, both(non_finite, has_spare_taps)),
        paths=DELEGATED,
    ),
    KnownDivergence(
        component="executorch_from_exported_program_xnnpack",
        layer="relu_family",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="PReLU is brought to channels-last order however many axes its input has, which only works with four: "
        "Attempting to convert non-NHWC compatible node to NHWC",
        link="none found: executorch XNNPACK PReLU ChannelsLastTaggedReshapePass non-NHWC compatible node",
        versions=VERSIONS,
        witness=Case(
            "relu_family",
            {**ONE, "kind": "prelu", "slopes": "one", "inner": [1]},
            0,
            {"x": np.ones((1, 1), np.float32)},
        ),
        applies=both(config_is(kind="prelu"), lambda case: len(case.config["inner"]) != 3),
    ),
    KnownDivergence(
        component="executorch_cpu",
        layer="logsumexp",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="XNNPACK's logarithm takes exponent and mantissa of infinity for those of a number, 2 ** 127.5, and has "
        "88.376 for it (f32-vlog, rational), in float16 and bfloat16 too, between two casts to float32; of 0 and of "
        "negative numbers it is right",
        link="none found: XNNPACK vlog rational log infinity 88.376",
        versions=VERSIONS,
        witness=Case(
            "logsumexp",
            {**ONE, "inner": [1], "axis": -1, "keepdims": False},
            0,
            {"x": np.array([[np.inf]], np.float32)},
        ),
        applies=has_positive_infinity,
        paths=DELEGATED,
    ),
)
