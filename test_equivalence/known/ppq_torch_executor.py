"""Known divergences of PPQ's executor. Its last release is of 2022, and its operators are those of opset 11 to 13."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from nnparity.conditions import Condition, both, config_is, empty, in_half, spread_along_axis
from nnparity.divergence import Fix, KnownDivergence, every_case
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

PPQ = ("ppq<=0.6.6",)
ROW = np.ones((1, 2, 3), np.float32)
NORM = {"batch": 1, "dtype": "float32", "channels": 2, "spatial": [3], "eps": 1e-3}
UNPADDED = {
    "batch": 1,
    "dtype": "float32",
    "channels": 1,
    "size": [1],
    "mode": "constant",
    "padding": [[0, 0]],
    "value": 0.0,
}
NONE = np.array(0, np.int32)
UNROLLED = {
    "batch": 1,
    "dtype": "float32",
    "writing": "python",
    "stop": "count",
    "most": 1,
    "length": 2,
    "width": 3,
}
PIXELS = {"batch": 1, "dtype": "float32", "channels": 1, "size": [2, 2]}


def layer_in(layers: Collection[str]) -> Condition:
    """Return a condition: the case is of one of these layers."""
    return lambda case: case.layer in layers


def of_no_images(case: Case) -> bool:
    """Whether there are other than two axes besides batch and channels."""
    return len(case.config["spatial"]) != 2


def does_nothing(case: Case) -> bool:
    """Whether the layer, as it is traced, may be its input."""
    config = case.config
    if case.layer == "pad":
        return not any(width for pair in config["padding"] for width in pair)
    if case.layer == "cast":
        return bool(config["source"] == config["target"])
    return case.layer == "data_dependent_loop" and config["writing"] == "python"


def diverges(
    layer: str,
    witness: Case,
    reason: str,
    link: str,
    *,
    stage: Stage = Stage.RUN,
    status: Status = Status.ERROR,
    applies: Condition = every_case,
    paths: str = "*",
) -> KnownDivergence:
    return KnownDivergence(
        component="ppq_torch_executor",
        layer=layer,
        stage=stage,
        status=status,
        fix=Fix.UPSTREAM,
        reason=reason,
        link=link,
        versions=PPQ,
        witness=witness,
        applies=applies,
        paths=paths,
    )


KNOWN = (
    diverges(
        "*",
        Case(
            "integer_division",
            {"batch": 1, "dtype": "float32", "inner": [], "numbers": "int32", "mode": "floor"},
            0,
            {"x": np.array([3], np.int32)},
        ),
        "Div of two int32 tensors asks for `values[1].dtype[1]`: TypeError, 'torch.dtype' object is not subscriptable",
        "none found: OpenPPL/ppq Div int32 TypeError 'torch.dtype' object is not subscriptable",
        applies=both(layer_in(("integer_division", "remainder")), config_is(numbers="int32")),
        # torch.onnx.export divides integers as floats.
        paths="*_from_t*[yw]>*",
    ),
    diverges(
        "log_softmax",
        Case(
            "log_softmax",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1},
            0,
            {"x": np.array([[0, -200]], np.float32)},
        ),
        "LogSoftmax is the logarithm of Softmax, which is 0 from 104 below the greatest entry on, 17 in half "
        "precision: -infinity",
        "none found: OpenPPL/ppq LogSoftmax forward -inf log softmax",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=spread_along_axis(80, half=8),
    ),
    diverges(
        "scatter",
        Case(
            "scatter",
            {"batch": 1, "dtype": "float32", "rows": 1, "inner": [], "indices": "int64", "mode": "add"},
            0,
            {
                "table": np.ones(1, np.float32),
                "indices": np.zeros(1, np.int64),
                "updates": np.ones(1, np.float32),
            },
        ),
        "ScatterND and ScatterElements ignore `reduction`: what should be added is written over",
        "none found: OpenPPL/ppq ScatterND ScatterElements reduction add",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=config_is(mode="add"),
        # The older exporter writes no reduction, which is a divergence of its own.
        paths="*>onnx_from_t*[hw]>*",
    ),
    diverges(
        "resize_*",
        # With the batch fixed the newer exporter writes an opset that PPQ refuses.
        Case(
            "resize_bilinear",
            {**PIXELS, "batch": 2, "out_size": [4, 4], "align_corners": False},
            0,
            {"x": np.zeros((2, 1, 2, 2), np.float32)},
            open_axes=("batch",),
        ),
        "Resize by sizes has no scales, and these are moved to the CPU before anyone looks: AttributeError, 'NoneType' "
        "object has no attribute 'cpu'",
        "https://github.com/OpenPPL/ppq/issues/171",
        # tf2onnx writes scales.
        paths="torch>*",
    ),
    diverges(
        "resize_nearest",
        Case(
            "resize_nearest",
            {**PIXELS, "out_size": [3, 3], "centres": "half_pixel"},
            0,
            {"x": np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2)},
        ),
        "of Resize's coordinate_transformation_mode PPQ reads align_corners and no other: the nearest pixel is that at "
        "floor(place * size / new size)",
        "none found: OpenPPL/ppq executor operator wrong result Resize nearest half_pixel "
        "coordinate_transformation_mode",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=config_is(centres="half_pixel"),
        paths="tensorflow>onnx13*",
    ),
    *(
        diverges(
            "*",
            witness,
            "a model of nothing but Identity, such as a loop traced without a step or padding by nothing, loses its "
            "output when PPQ removes that: KeyError, it is not a valid variable of current graph",
            "none found: OpenPPL/ppq remove_identity graph output KeyError not a valid variable of current graph",
            applies=does_nothing,
            paths=paths,
        )
        for paths, witness in (
            ("torch>onnx*_from_torch_legacy>*", Case("data_dependent_loop", UNROLLED, 0, {"x": ROW, "steps": NONE})),
            ("tensorflow>*", Case("pad", UNPADDED, 0, {"x": ROW[:, :1, :1]})),
        )
    ),
    *(
        diverges(
            layer,
            witness,
            f"a batch normalisation without a convolution before it becomes a 1 by 1 convolution of images, {then}",
            link,
            stage=stage,
            applies=applies,
            paths=paths,
        )
        for layer, stage, applies, paths, then, link, witness in (
            (
                "batch_norm",
                Stage.RUN,
                of_no_images,
                "torch>*",
                "whatever the axes are",
                "https://github.com/OpenPPL/ppq/issues/496",
                Case("batch_norm", {**NORM, "layout": "channels_first", "affine": False}, 0, {"x": ROW}),
            ),
            (
                "instance_norm",
                Stage.LOAD,
                config_is(statistics="running"),
                "torch>onnx*_legacy>*",
                "if its numbers are parameters and not computed: AssertionError, should have 4 parameters",
                "none found: OpenPPL/ppq BatchNormalization should have 4 parameters assert format_graph",
                Case("instance_norm", {**NORM, "statistics": "running", "affine": True}, 0, {"x": ROW}),
            ),
        )
    ),
    diverges(
        "relu_family",
        Case(
            "relu_family",
            {"batch": 1, "dtype": "float32", "kind": "prelu", "slopes": "by_channel", "inner": [2, 2]},
            0,
            {"x": -np.ones((1, 2, 2), np.float32)},
        ),
        "PRelu hands its slopes to torch.nn.functional.prelu, which takes a vector of them and no tensor that fits the "
        "input's axes, as ONNX has it",
        "none found: OpenPPL/ppq PRelu Expected weight to be a scalar or 1D tensor",
        applies=config_is(kind="prelu", slopes="by_channel"),
        # tf2onnx writes other operators.
        paths="torch>*",
    ),
    diverges(
        "softplus",
        Case(
            "softplus",
            {"batch": 1, "dtype": "float32", "inner": [1], "beta": 1.0, "threshold": 20.0},
            0,
            {"x": np.array([[100]], np.float32)},
        ),
        "Softplus is log(exp(x) + 1): infinity from 89 on, 12 in half precision, and 0 where exp(x) is lost beside 1",
        "none found: OpenPPL/ppq Softplus forward log exp overflow inf",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        # The newer exporter writes other operators.
        paths="*_from_t*[yw]>*",
    ),
    diverges(
        "avg_pool2d",
        Case(
            "avg_pool2d",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "window": {"kernel": [3, 3], "stride": [1, 1], "padding": [1, 1], "size": [2, 2]},
                "ceil_mode": False,
                "count_include_pad": False,
            },
            0,
            {"x": np.ones((1, 1, 2, 2), np.float32)},
        ),
        "AveragePool ignores `count_include_pad` and counts the padding always; ONNX counts it only if asked to",
        "none found: OpenPPL/ppq AveragePool count_include_pad",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=config_is(count_include_pad=False),
    ),
    diverges(
        "conv3d",
        Case(
            "conv3d",
            {
                "batch": 1,
                "dtype": "float32",
                "in_channels": 1,
                "out_channels": 1,
                "window": {
                    "kernel": [1, 1, 1],
                    "stride": [1, 1, 1],
                    "dilation": [1, 1, 1],
                    "padding": [0, 0, 1, 0, 0, 1],
                    "size": [1, 1, 1],
                },
                "bias": False,
            },
            0,
            {"x": np.ones((1, 1, 1, 1, 1), np.float32)},
        ),
        "padding of three axes is given to torch.nn.functional.pad in the order of the axes, which takes the last "
        "axis first: depth is padded as width",
        "none found: OpenPPL/ppq Conv3d padding convert_onnx_pads_to_torch order",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=lambda case: any(case.config["window"]["padding"]),
        paths="torch>*",
    ),
    diverges(
        "variance",
        Case(
            "variance",
            {"batch": 1, "dtype": "float16", "inner": [2], "axis": -1, "correction": 0, "keepdims": False},
            0,
            {"x": np.ones((1, 2), np.float16)},
        ),
        "Sub makes float32 of what it gives, whatever it was given (default.py, Eltwise_forward)",
        "https://github.com/OpenPPL/ppq/issues/540",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=in_half,
        paths="torch>onnx*_legacy>* tensorflow>onnx13*",
    ),
    diverges(
        "variance",
        Case(
            "variance",
            {"batch": 0, "dtype": "float32", "inner": [2], "axis": -1, "correction": 0, "keepdims": False},
            0,
            {"x": np.zeros((0, 2), np.float32)},
        ),
        "ReduceMean and ReduceMax of what has a first axis of size 0 give back their input, with the axis that they "
        "should have reduced (default.py, ReduceMean_forward: len(input_value) == 0)",
        "none found: OpenPPL/ppq ReduceMean_forward ReduceMax_forward len(input_value) == 0 empty tensor batch 0",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=empty,
        paths="torch>onnx*_legacy>* tensorflow>onnx13*",
    ),
    diverges(
        "gather",
        Case(
            "gather",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [2],
                "axis": -1,
                "picked": 1,
                "indices": "int32",
                "negative": False,
            },
            0,
            {"x": np.array([[1, 2]], np.float32), "indices": np.array([1], np.int32)},
        ),
        "Gather along a negative axis gives back its input: the axis is compared with 0, 1 and so on only",
        "none found: OpenPPL/ppq Gather_forward negative axis",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=lambda case: case.config["axis"] < 0,
        # PyTorch's exporters write the axis from the front.
        paths="tensorflow>*",
    ),
    diverges(
        "conv_transpose2d",
        Case(
            "conv_transpose2d",
            {
                "batch": 1,
                "dtype": "float32",
                "in_channels": 1,
                "out_channels": 1,
                "groups": 1,
                "size": [2, 2],
                "kernel": [3, 3],
                "stride": [2, 2],
                "padding": [1, 1],
                "output_padding": [1, 0],
                "bias": False,
            },
            0,
            {"x": np.ones((1, 1, 2, 2), np.float32)},
        ),
        "ConvTranspose with uneven padding, as tf2onnx writes it for an output padding, takes the width's off the "
        "height and the other way round",
        "none found: OpenPPL/ppq ConvTranspose pads output_padding asymmetric wrong",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=lambda case: any(case.config["output_padding"]),
        paths="tensorflow>*",
    ),
    diverges(
        "*",
        Case(
            "take_along_axis",
            {"batch": 0, "dtype": "float32", "inner": [2], "axis": -1, "picked": 1, "indices": "int32"},
            0,
            {"x": np.zeros((0, 2), np.float32), "indices": np.zeros((0, 1), np.int32)},
        ),
        "GatherND with batch_dims reshapes its indices to the batch's sizes, -1 and their last size (default.py, "
        "GatherND_forward), and -1 has no answer where the batch is 0; without batch_dims it takes no rows",
        "none found: OpenPPL/ppq GatherND_forward batch_dims reshape empty tensor batch 0",
        applies=both(layer_in(("take_along_axis", "mixture_of_experts")), empty),
        paths="tensorflow>*",
    ),
    diverges(
        "rotary_attention",
        Case(
            "rotary_attention",
            {
                "batch": 1,
                "dtype": "float16",
                "heads": 1,
                "length": 1,
                "base": 10000.0,
                "start": 0,
                "pairing": "half",
                "turned": 2,
                "depth": 2,
            },
            0,
            dict.fromkeys("qkv", np.ones((1, 1, 1, 2), np.float16)),
        ),
        "Sub makes float32 of what it gives, whatever it was given (default.py, Eltwise_forward): MatMul refuses that "
        "beside float16",
        "https://github.com/OpenPPL/ppq/issues/540",
        applies=in_half,
        paths="tensorflow>*",
    ),
    diverges(
        "resize_bicubic",
        Case(
            "resize_bicubic",
            {**PIXELS, "out_size": [3, 3], "coefficient": -0.5, "align_corners": False},
            0,
            {"x": np.array([1, 2, 4, 9], np.float32).reshape(1, 1, 2, 2)},
        ),
        "Resize ignores `cubic_coeff_a` and takes PyTorch's, -0.75",
        "none found: OpenPPL/ppq Resize cubic_coeff_a bicubic interpolate",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        applies=config_is(coefficient=-0.5),
        paths="tensorflow>onnx13*",
    ),
)
