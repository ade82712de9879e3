"""Known divergences of OpenVINO's CPU plugin, in every precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import (
    Condition,
    beyond_float_precision,
    both,
    config_is,
    either,
    infinite,
    non_finite,
    row_near_zero,
)
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

ONEDNN_BY_DEFAULT = load_file(Path(__file__).with_name("no_rows.py")).ONEDNN_BY_DEFAULT
SETTINGS = ("openvino_cpu", "openvino_cpu_default")
VERSIONS = ("openvino<=2026.4.1",)
ONE = {"batch": 1, "dtype": "float32"}
NAN, INF = float("nan"), float("inf")
PADDED = {"kernel": [3, 3], "stride": [2, 2], "padding": [1, 1], "size": [4, 4]}
SUMMED = {**ONE, "batch": 3, "inner": [2], "axis": 0, "keepdims": False}
GLOBAL_MAX = {**ONE, "channels": 1, "size": [2, 2], "kind": "max", "keep_axes": True}
SQUEEZED = {
    **ONE,
    "channels": 1,
    "reduced": 1,
    "height": 1,
    "width": 1,
    "layout": "NCHW",
    "activation": "relu",
    "gate": "sigmoid",
}
BOUNDED = frozenset((
    "clip",
    "conv2d_bn_relu",
    "elu_family",
    "hard_activations",
    "inverted_residual",
    "l2_normalize",
    "mixture_of_experts",
    "resnet_bottleneck",
    "transformer_decoder_block",
))


def has_bound(case: Case) -> bool:
    """Whether the layer goes through a ReLU, a clamp or a maximum with a constant."""
    config = case.config
    by_config = config.get("activation") == "relu" or config.get("nonlinearity") == "relu"
    return by_config or case.layer in BOUNDED or config.get("kind") in {"relu", "relu6"}


def takes_maximum(case: Case) -> bool:
    """Whether the layer is a maximum of several numbers, or has one."""
    by_config = case.config.get("kind") == "max" or case.config.get("gate") == "greatest"
    return by_config or case.layer == "max_pool2d" or case.config.get("stop") == "small"


def has_softmax(case: Case) -> bool:
    """Whether the layer normalises by exponentials."""
    return case.layer in {"softmax", "log_softmax"} or "attention" in case.layer or "transformer" in case.layer


def goes_low(case: Case) -> bool:
    """Whether an exponential of the softplus is below 1e-3, which is then most of its value."""
    return bool((case.inputs["x"].astype(np.float64) * case.config["beta"] < -7.0).any())


def divides_integers(case: Case) -> bool:
    """Whether the layer divides integers."""
    return case.config.get("numbers") in {"int32", "int64"}


def x(*numbers: float) -> dict[str, np.ndarray]:
    """Return one row of numbers as the input x."""
    return {"x": np.array([numbers], np.float32)}


def one_token(case: Case) -> bool:
    """Whether a block sees one token in all, and normalises after it."""
    single = case.config["batch"] == case.config["length"] == 1
    return single and not case.config["norm_first"] and case.config["hidden"] > 1


def always(case: Case) -> bool:
    return True


def entry(
    setting: str,
    witness: Case,
    *,
    layer: str = "",
    reason: str,
    link: str,
    fix: Fix = Fix.UPSTREAM,
    stage: Stage = Stage.COMPARE,
    status: Status = Status.MISMATCH,
    applies: Condition = always,
    paths: str = "*",
    processor: str = "",
) -> KnownDivergence:
    """Return an entry about the witness's layer, or about `layer`."""
    return KnownDivergence(
        component=setting,
        layer=layer or witness.layer,
        stage=stage,
        status=status,
        fix=fix,
        reason=reason,
        link=link,
        versions=VERSIONS,
        witness=witness,
        applies=applies,
        processor=processor,
        paths=paths,
    )


KNOWN = tuple(
    one
    for setting in SETTINGS
    for one in (
        entry(
            setting,
            Case("softplus", {**ONE, "inner": [1], "beta": 1.0, "threshold": 40.0}, 0, x(-20)),
            reason="SoftPlus is off by up to 2e-6 whatever its size: below -12 it has no right digit, at -17 it is 0, "
            "at -20 it is negative",
            link="https://github.com/openvinotoolkit/openvino/issues/35931",
            applies=goes_low,
        ),
        entry(
            setting,
            Case("relu_family", {**ONE, "kind": "relu", "inner": [2]}, 0, x(1, NAN)),
            layer="*",
            reason="ReLU, Clamp, HardSigmoid, and Maximum and Minimum whose first operand is NaN, give the bound for "
            "NaN, as the processor's vmaxps and vminps do",
            link="https://github.com/openvinotoolkit/openvino/issues/35649",
            applies=both(has_bound, non_finite),
        ),
        entry(
            setting,
            Case("global_pool", GLOBAL_MAX, 0, {"x": np.array([[[[4, NAN], [3, 2]]]], np.float32)}),
            layer="*",
            reason="MaxPool and ReduceMax forget a NaN, and start at the lowest float32, which is the greatest of "
            "nothing but -infinity",
            link="https://github.com/openvinotoolkit/openvino/issues/35935",
            applies=both(takes_maximum, non_finite),
        ),
        *(
            entry(
                setting,
                Case("softmax", {**ONE, "inner": [*inner], "axis": 1}, 0, {"x": x(1, NAN)["x"].reshape(1, *inner)}),
                layer="*",
                reason="Softmax over a row with NaN or infinity gives NaN there and 0 elsewhere: its greatest number "
                "forgets NaN, and its exponential is 0 for what is NaN or far below",
                link="https://github.com/openvinotoolkit/openvino/issues/35897",
                applies=both(has_softmax, non_finite),
                paths=paths,
                processor=processor,
            )
            for paths, processor, inner in (
                ("torch>*", "", (2,)),
                # Where TensorFlow uses oneDNN, its own softmax gives the same.
                ("tensorflow>*", f"!{ONEDNN_BY_DEFAULT}", (2, 1)),
            )
        ),
        entry(
            setting,
            Case("log_softmax", {**ONE, "inner": [2], "axis": 1}, 0, x(1, INF)),
            reason="LogSoftmax over a row with an infinity is -infinity beside it, where infinity less infinity makes "
            "all of the row NaN: the exponential is 0 for what is NaN or far below",
            link="https://github.com/openvinotoolkit/openvino/issues/35897",
            applies=infinite,
            paths="*>openvino_from_saved_model>*",
        ),
        entry(
            setting,
            Case("logsumexp", SUMMED, 0, {"x": np.array([[1, 1], [NAN, 1], [2, 1]], np.float32)}),
            reason="Exp of NaN is infinity, and the greatest number, which is taken off before, forgets a NaN",
            link="https://github.com/openvinotoolkit/openvino/issues/35685",
            applies=non_finite,
            paths="torch>onnx_from_torch>* tensorflow>*>openvino_from_tflite>* *>openvino_from_saved_model>*",
        ),
        entry(
            setting,
            Case("elu_family", {**ONE, "kind": "elu", "alpha": 2.0, "inner": [2]}, 0, x(-1e-8, -1e-6)),
            reason="Elu and Selu compute exp(x) - 1, which is 0 near 0, and not expm1",
            link="none found: openvino CPU plugin Elu Selu inaccurate near zero expm1 exp(x)-1",
            applies=row_near_zero(2**-3),
            # TensorFlow's own Elu and Selu are as imprecise.
            paths="torch>*",
        ),
        entry(
            setting,
            Case("l2_normalize", {**ONE, "inner": [2], "axes": [-1], "eps": 1e-12}, 0, x(1, INF)),
            fix=Fix.ALLOWED,
            reason="Clip without a max, as which clamp_min is exported, makes the greatest float32 of infinity, so an "
            "infinite length is a finite one and infinity over it is no NaN",
            link="ONNX operator Clip, opset 13: an absent max is numeric_limits::max()",
            applies=infinite,
            paths="torch>onnx_from_torch*",
        ),
        entry(
            setting,
            Case(
                "remainder",
                {**ONE, "inner": [1], "numbers": "int32", "sign_of": "divisor"},
                0,
                {"x": np.array([[229284415]], np.int32)},
            ),
            layer="remainder",
            reason="FloorMod and Mod of integers are computed in float32, and so wrong beyond 2**24",
            link="https://github.com/openvinotoolkit/openvino/issues/35829",
            applies=both(divides_integers, beyond_float_precision),
        ),
        entry(
            setting,
            Case(
                "integer_division",
                {**ONE, "inner": [1], "numbers": "int32", "mode": "floor"},
                0,
                {"x": np.array([[229284415]], np.int32)},
            ),
            reason="Divide of integers is computed in float32, and so wrong beyond 2**24",
            link="https://github.com/openvinotoolkit/openvino/issues/37766",
            applies=both(divides_integers, beyond_float_precision),
        ),
        entry(
            setting,
            Case(
                "integer_division",
                {**ONE, "batch": 2, "inner": [1], "numbers": "int32", "mode": "floor"},
                0,
                {"x": np.array([[-1], [1]], np.int32)},
            ),
            reason="Divide of integers rounds to zero also where its attribute m_pythondiv asks for the floor, as "
            "which PyTorch's front end writes a floor division",
            link="https://github.com/openvinotoolkit/openvino/pull/35904",
            applies=both(divides_integers, config_is(mode="floor")),
            # ONNX and TensorFlow have the floor written out.
            paths="torch>*>openvino_from_[et][xo]*",
        ),
        entry(
            setting,
            Case(
                "avg_pool2d",
                {**ONE, "channels": 1, "window": PADDED, "ceil_mode": True, "count_include_pad": True},
                0,
                {"x": np.ones((1, 1, 4, 4), np.float32)},
            ),
            reason="AvgPool that counts the padding divides by the whole window also where ceil rounding lets it "
            "stand over the padding's end",
            link="none found: openvino AvgPool ceil_mode count_include_pad wrong result PyTorch last window divisor "
            "ceil_torch",
            applies=config_is(ceil_mode=True, count_include_pad=True),
            # litert-torch and Keras write the window out.
            paths="torch>*[!e]_from_torch*",
        ),
        entry(
            setting,
            Case("swiglu", {**ONE, "inner": [], "features": 1, "hidden": 1, "bias": False}, 0, x(1)),
            layer="*",
            stage=Stage.LOAD,
            status=Status.ERROR,
            reason="two products of matrices of one element in a row become one subgraph, whose layout has an axis "
            "more than its tensor: Layout rank can't be larger than tensor rank",
            link="none found: openvino snippets CPU Layout rank can't be larger than tensor rank",
            applies=lambda case: case.layer in {"mlp", "squeeze_excite", "swiglu"},
            # TFLite's products have transposed weights.
            paths="*[!e]_from_t[eo]*",
        ),
        entry(
            setting,
            Case("squeeze_excite", SQUEEZED, 0, {"x": np.ones((1, 1, 1, 1), np.float32)}),
            layer="*",
            stage=Stage.LOAD,
            status=Status.ERROR,
            reason="two products of one element in a row become one subgraph, from TFLite with the products of the "
            "layers that have them only: Layout rank can't be larger than tensor rank",
            link="none found: openvino snippets CPU Layout rank can't be larger than tensor rank",
            applies=either(config_is(channels=1, reduced=1), config_is(features=1, hidden=1)),
            paths="tensorflow>*>openvino_from_tflite>*",
        ),
        entry(
            setting,
            Case(
                "take_along_axis",
                # Of one index what is read lay, 2 of 30 times, where memory was.
                {**ONE, "inner": [1], "axis": 1, "picked": 3, "indices": "int64"},
                0,
                {"x": np.ones((1, 1), np.float32), "indices": np.zeros((1, 3), np.int64)},
            ),
            stage=Stage.RUN,
            status=Status.CRASH,
            reason="Gather with batch_dims 1 ends in SIGSEGV where the batch is 1: jitUniGatherKernel loads "
            "vmmSrcBeforeAxisSumB only of more than one row before the axis, and takes the addresses of less than 8 "
            "indices from what is left in that register; in the issue the same kernel gives 0 now and then",
            link="https://github.com/openvinotoolkit/openvino/issues/35422",
            applies=config_is(batch=1),
            # From ONNX it is GatherND or GatherElements.
            paths="tensorflow>*openvino_from_tflite>* tensorflow>*openvino_from_saved_model>*",
        ),
    )
    + (
        (
            entry(
                setting,
                Case(
                    "transformer_decoder_block",
                    {
                        **ONE,
                        "heads": 1,
                        "embed": 2,
                        "hidden": 2,
                        "length": 1,
                        "memory_length": 1,
                        "norm_first": False,
                        "mask": "none",
                    },
                    0,
                    {"x": np.ones((1, 1, 2), np.float32), "memory": np.ones((1, 1, 2), np.float32)},
                ),
                layer="transformer_*_block",
                stage=Stage.LOAD,
                status=Status.CRASH,
                reason="two products with their biases become one kernel, and compiling that with the sum that follows "
                "and has one axis more ends the process: SIGSEGV",
                link="none found: openvino CPU compile_model MLP FullyConnected fused add different rank segmentation "
                "fault",
                applies=one_token,
                paths="torch>*>openvino_from_tflite>*",
            ),
        )
        if setting == "openvino_cpu"
        else ()
    )
)
