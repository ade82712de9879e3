"""What XNNPACK shows where ExecuTorch delegates to it."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import beyond, both, config_is, either, in_half, infinite, non_finite, not_a_number
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("executorch<=1.5.1",)
ONE = {"batch": 1, "dtype": "float32"}
NAN = np.full((1, 1, 1, 1), np.nan, np.float32)
WINDOW = {"kernel": [1, 1], "stride": [1, 1], "padding": [0, 0], "size": [1, 1]}
SUM = {"equation": "bij,jk->bik", "d": 1, "h": 1, "i": 2, "j": 2, "k": 2}
DELEGATED = "*_xnnpack>executorch_cpu"
ONE_PAIR = {"pairs": 1, "odd": False, "shift": 0, "period": 10000.0, "inner": []}


def alone_in_channel(case: Case) -> bool:
    """Whether some 1x1 convolution has one channel, or takes each by itself."""
    config = case.config
    if case.layer == "resnet_bottleneck":
        return 1 in {config["in_channels"], config["hidden"]}
    if case.layer == "inverted_residual":
        return bool(config["in_channels"] == 1)
    if case.layer == "squeeze_excite":
        return bool(config["channels"] == config["reduced"] == 1)
    window = config.get("window", config)
    kernel = window.get("kernel", []) if isinstance(window, dict) else []
    alone = "multiplier" in config or config.get("in_channels") == config.get("groups", 1)
    return alone and bool(kernel) and set(kernel) == {1}


KNOWN = (
    KnownDivergence(
        component="executorch_from_exported_program_xnnpack",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="GELU by tanh becomes XNNPACK's GELU by erf: the partitioner does not look at `approximate`",
        link="https://github.com/pytorch/executorch/pull/22851",
        versions=VERSIONS,
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "float32", "inner": [1], "approximate": "tanh"},
            0,
            {"x": np.array([[-2.7]], np.float32)},
        ),
        applies=either(config_is(approximate="tanh"), config_is(activation="gelu_tanh")),
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
        applies=beyond(1e9),
        paths="*_xnnpack>executorch_cpu",
    ),
    KnownDivergence(
        component="executorch_cpu",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="XNNPACK's products, convolutions, pooling and ReLU of float16 hold their results between two limits, "
        "which makes the lower one of NaN: -infinity, or 0; XNNPACK promises nothing for NaN",
        link="none found: XNNPACK f16 gemm minmax clamp NaN becomes -inf executorch",
        versions=VERSIONS,
        witness=Case(
            "einsum",
            {**ONE, "dtype": "float16", **SUM},
            0,
            {"left": np.full((1, 2, 2), np.nan, np.float16), "right": np.ones((2, 2), np.float16)},
        ),
        applies=both(in_half, non_finite),
        paths=DELEGATED,
    ),
    *(
        KnownDivergence(
            component="executorch_cpu",
            layer=witness.layer,
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.NEVER,
            reason="XNNPACK's pooling of float32 holds its results between two limits, which makes -infinity of NaN; "
            "its products do not; XNNPACK promises nothing for NaN",
            link="none found: XNNPACK f32 average pooling minmax clamp NaN becomes -inf executorch",
            versions=VERSIONS,
            witness=witness,
            applies=non_finite,
            paths=DELEGATED,
        )
        for witness in (
            Case(
                "avg_pool2d",
                {**ONE, "channels": 1, "window": WINDOW, "ceil_mode": False, "count_include_pad": False},
                0,
                {"x": NAN},
            ),
            Case(
                "max_pool2d",
                {
                    **ONE,
                    "channels": 1,
                    "window": {**WINDOW, "dilation": [1, 1], "padding": [0] * 4},
                    "ceil_mode": False,
                },
                0,
                {"x": NAN},
            ),
        )
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
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="a depthwise 1x1 convolution runs with three taps, two of weight zero on the next pixels: 0 * infinity "
        "is NaN",
        link="none found: XNNPACK depthwise 1x1 convolution three taps zero weight infinity NaN",
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
        applies=both(alone_in_channel, infinite),
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
        layer="softplus",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="XNNPACK's exponential of NaN is 0, of bfloat16 between two casts to float32; XNNPACK promises nothing "
        "for NaN",
        link="https://github.com/tensorflow/tfjs/pull/3855",
        versions=VERSIONS,
        witness=Case(
            "softplus",
            {**ONE, "inner": [1], "beta": 1.0, "threshold": 20.0},
            0,
            {"x": np.array([[np.nan]], np.float32)},
        ),
        applies=not_a_number,
        paths=DELEGATED,
    ),
)
