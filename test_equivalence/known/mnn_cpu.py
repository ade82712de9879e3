"""What MNN's kernels for CPUs are known to get wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from nnparity.conditions import beyond, both, config_is, either, empty, in_bfloat16, non_finite, small_row
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

FROM_ONNX = load_file(Path(__file__).with_name("mnn_from_onnx.py"))

VERSIONS = ("mnn<=3.6.1",)
NAN = np.array([[np.nan]], np.float32)


def in_float(case: Case) -> bool:
    """Whether the floats are not bfloat16."""
    return not in_bfloat16(case)


def counts_from_the_end(case: Case) -> bool:
    """Whether an index is below zero."""
    return any(bool((array < 0).any()) for array in case.inputs.values() if array.dtype.kind == "i")


def broadcasts(case: Case) -> bool:
    """Whether what is picked from has fewer elements than the result."""
    a, b = case.inputs["a"], case.inputs["b"]
    return b.shape != np.broadcast_shapes(a.shape, b.shape, case.inputs["condition"].shape)


def entry(
    layer: str,
    *,
    reason: str,
    link: str,
    witness: Case,
    applies: Callable[[Case], bool],
    paths: str = "*",
    stage: Stage = Stage.COMPARE,
    status: Status = Status.MISMATCH,
    of_integers: bool = False,
) -> KnownDivergence:
    """Return an entry of the kernels, which compute half precision in float32; bfloat16 the converter gets wrong."""
    return KnownDivergence(
        component="mnn_cpu",
        layer=layer,
        stage=stage,
        status=status,
        fix=Fix.UPSTREAM,
        reason=reason,
        link=link,
        versions=VERSIONS,
        witness=witness,
        applies=applies if of_integers or status is Status.ERROR else both(in_float, applies),
        paths=paths,
    )


def tanh_gelu(case: Case) -> bool:
    """Whether the layer computes GELU by tanh."""
    return case.config.get("approximate") == "tanh" or case.config.get("activation") == "gelu_tanh"


def attends_to_nothing(case: Case) -> bool:
    """Whether a softmax may be over nothing but -infinity."""
    return "mask" in case.config and case.config["mask"] != "none"


ONE_INDEX = np.ones(1, np.int32)

KNOWN: tuple[KnownDivergence, ...] = (
    entry(
        "*",
        reason="NaN and infinity are not what the kernels are written for: a convolution, which every product with "
        "weights becomes, bounds its result by the greatest float32; Relu, Abs, Sigmoid, TanH, Exp, maxima and "
        "LogSoftmax give a number for NaN; Relu of -infinity is NaN, and so is FLOORMOD by infinity",
        link="none found: alibaba/MNN NaN infinity lost convolution clamp FLT_MAX Relu Sigmoid Exp",
        witness=Case("relu_family", {"batch": 1, "dtype": "float32", "inner": [1], "kind": "relu6"}, 0, {"x": NAN}),
        applies=non_finite,
    ),
    entry(
        "*",
        reason="Exp bounds its argument by 87 on both sides, so that Sigmoid is never less than 1.6e-38, and x times "
        "Sigmoid of x grows with -x",
        link="none found: alibaba/MNN exp clamp 87 sigmoid of large negative input not zero silu",
        witness=Case("silu", {"batch": 1, "dtype": "float32", "inner": [1]}, 0, {"x": np.array([[-1e18]], np.float32)}),
        applies=beyond(80),
    ),
    entry(
        "*",
        reason="TanH, Elu and Selu subtract from an Exp, which is right to 1e-8 absolute only: 0.14 % off at 1e-5, 0 "
        "from 1e-8 on",
        link="none found: alibaba/MNN tanh elu precision small input zero",
        witness=Case(
            "mlp",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [],
                "widths": [1, 1],
                "activation": "tanh",
                "activate_last": True,
                "bias": False,
            },
            0,
            {"x": np.array([[1e-10]], np.float32)},
        ),
        applies=small_row(1e-2),
    ),
    entry(
        "sinusoidal_positions",
        stage=Stage.RUN,
        status=Status.ERROR,
        reason="Slice, Relu, Concat or Transpose of what Unsqueeze makes of one axis reads what is in memory for one "
        "row after a run with more: 0, garbage, or the right number; our runtime refuses it, so that it always fails "
        "alike",
        link="none found: alibaba/MNN Slice after Unsqueeze zero result when batch shrinks to 1 second forward",
        witness=Case(
            "sinusoidal_positions",
            {
                "batch": 3,
                "dtype": "float32",
                "pairs": 1,
                "period": 100.0,
                "order": "sin_cos",
                "odd": False,
                "shift": 0,
                "inner": [],
            },
            0,
            {"t": np.ones(1, np.float32)},
            open_axes=("batch",),
        ),
        applies=lambda case: bool(case.open_axes) and case.inputs["t"].shape == (1,),
        # What PyTorch's exporters write is a product, and TFLite's converter writes a Reshape.
        paths="tensorflow>*>mnn_from_onnx*",
    ),
    entry(
        "scatter",
        stage=Stage.RUN,
        status=Status.ERROR,
        reason="indices that get an axis by Unsqueeze before ScatterND may be what an earlier run with more of them "
        "left in memory, as other operators have them; our runtime refuses a single one",
        link="none found: alibaba/MNN Slice after Unsqueeze zero result when batch shrinks to 1 second forward",
        witness=Case(
            "scatter",
            {"batch": 3, "dtype": "float32", "rows": 4, "inner": [2], "indices": "int32", "mode": "add"},
            0,
            {"table": np.ones((4, 2), np.float32), "indices": ONE_INDEX, "updates": np.ones((1, 2), np.float32)},
            open_axes=("batch",),
        ),
        applies=lambda case: bool(case.open_axes) and case.inputs["indices"].shape == (1,),
        paths="*>mnn_from_onnx*",
    ),
    entry(
        "remainder",
        reason="FLOORMOD of integers divides as C does, to zero, and so has the dividend's sign",
        link="none found: alibaba/MNN BinaryOp FLOORMOD int32 negative sign of divisor",
        witness=Case(
            "remainder",
            {"batch": 1, "dtype": "float32", "inner": [1], "numbers": "int32", "sign_of": "divisor"},
            0,
            {"x": np.array([[-1]], np.int32)},
        ),
        applies=both(either(config_is(numbers="int32"), config_is(numbers="int64")), config_is(sign_of="divisor")),
        # tf2onnx writes it as a product and differences.
        paths="tensorflow>*>mnn_from_tflite>*",
        of_integers=True,
    ),
    entry(
        "*",
        reason="GatherND and GatherElements do not count from the end: an index below zero gives 0 (Gather does)",
        link="none found: alibaba/MNN GatherND GatherElements negative indices wrong result",
        witness=Case(
            "gather",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [2],
                "axis": 1,
                "picked": 1,
                "indices": "int64",
                "negative": True,
            },
            0,
            {"x": np.ones((1, 2), np.float32), "indices": np.array([-1])},
        ),
        applies=counts_from_the_end,
        # The other exporters write Gather.
        paths="torch>onnx_from_torch>*",
    ),
    entry(
        "where",
        reason="Select reads an operand that is broadcast, but is not a single number, as if it were as long as the "
        "result: beyond its end it gives what lies there in memory",
        link="none found: alibaba/MNN Select Where op broadcast wrong result out of bounds",
        witness=Case(
            "where",
            {"batch": 2, "dtype": "float32", "inner": [3, 4], "condition": "none", "other": "none"},
            0,
            {
                "condition": np.zeros((2, 3, 4), bool),
                "a": np.ones((2, 3, 4), np.float32),
                "b": np.full((3, 4), 12345.678, np.float32),
            },
        ),
        applies=broadcasts,
        # tf2onnx writes no Where.
        paths="torch>*",
    ),
    entry(
        "clip",
        reason="the lower bound wins where bounds are crossed, and ONNX says that the upper one does",
        link="none found: alibaba/MNN Clip min greater than max",
        witness=Case(
            "clip",
            {"batch": 1, "dtype": "float32", "inner": [1], "bounds": [2.0, -1.5]},
            0,
            {"x": np.ones((1, 1), np.float32)},
        ),
        applies=lambda case: None not in case.config["bounds"] and case.config["bounds"][0] > case.config["bounds"][1],
        # TensorFlow says that the lower bound wins.
        paths="torch>onnx*",
    ),
    entry(
        "*",
        reason="Softmax of a row of nothing but -infinity is 0, and not NaN",
        link="none found: alibaba/MNN Softmax all -inf masked row zero instead of NaN",
        witness=Case(
            "attention",
            {
                "batch": 1,
                "dtype": "float32",
                "heads": 1,
                "query_length": 1,
                "key_length": 1,
                "depth": 1,
                "mask": "fill_inf",
            },
            0,
            {**{name: np.ones((1, 1, 1, 1), np.float32) for name in "qkv"}, "mask": np.zeros((1, 1, 1, 1), bool)},
        ),
        applies=attends_to_nothing,
    ),
    entry(
        "*",
        stage=Stage.RUN,
        status=Status.ERROR,
        reason="of tensors without elements the module gives no outputs where a convolution or a product is among the "
        "operators, and else outputs that Python cannot read: SystemError",
        link="none found: alibaba/MNN empty tensor batch 0 Compute Shape Error SystemError Var read",
        witness=Case("silu", {"batch": 0, "dtype": "float32", "inner": [1]}, 0, {"x": np.zeros((0, 1), np.float32)}),
        applies=empty,
    ),
    entry(
        "log_softmax",
        stage=Stage.RUN,
        status=Status.CRASH,
        reason="a maximum over an axis without elements, the rows here, ends the process: SIGSEGV; it is over them "
        "because the converter takes LogSoftmax without an axis for one along the first",
        link="none found: alibaba/MNN ReduceMax over empty axis segmentation fault",
        witness=Case(
            "log_softmax",
            {"batch": 0, "dtype": "float32", "inner": [2], "axis": -1},
            0,
            {"x": np.zeros((0, 2), np.float32)},
        ),
        applies=both(empty, FROM_ONNX.along_last),
        paths="tensorflow>*mnn_from_onnx*",
    ),
    entry(
        "*",
        reason="the kernel of GELU by tanh has a continued fraction for tanh, off by up to 2e-4 where 3.1 < |x| < 4.4",
        link="none found: alibaba/MNN GELU tanh approximation kernel precision error",
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "float32", "inner": [16], "approximate": "tanh"},
            0,
            {"x": np.full((1, 16), -3.8, np.float32)},
        ),
        applies=tanh_gelu,
        # The other exporters write the formula out.
        paths="torch>onnx_from_torch>*",
    ),
)
