"""What MNN's converter is known to get wrong in TFLite models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnparity.conditions import config_is, either, empty, in_bfloat16, in_half
from nnparity.divergence import Fix, KnownDivergence, every_case
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("mnn<=3.6.1",)
DIFFERENT, LOADING, FAILING, DYING = (
    (Stage.COMPARE, Status.MISMATCH),
    (Stage.LOAD, Status.ERROR),
    (Stage.RUN, Status.ERROR),
    (Stage.RUN, Status.CRASH),
)
STEPS = {"time": 2, "features": 1, "hidden": 1, "initial_state": False, "bias": True}


def case(layer: str, x: np.ndarray, *, opened: bool = False, **keys: object) -> Case:
    """Return a case of this layer whose only input is x, with a row of the batch for each of its own."""
    config = {"batch": len(x), "dtype": "float32", **keys}
    return Case(layer, config, 0, {"x": x}, open_axes=("batch",) if opened else ())


def transposed(taken: int, given: int, *, bias: bool) -> Case:
    """Return a transposed convolution of so many channels to so many."""
    return case(
        "conv_transpose2d",
        np.ones((1, taken, 2, 2), np.float32),
        in_channels=taken,
        out_channels=given,
        groups=1,
        size=[2, 2],
        kernel=[2, 2],
        stride=[2, 2],
        padding=[0, 0],
        output_padding=[0, 0],
        bias=bias,
    )


def channels(case: Case) -> tuple[int, int]:
    """Return how many channels each group of a convolution takes and gives."""
    taken, given = (case.config[name] // case.config["groups"] for name in ("in_channels", "out_channels"))
    return taken, given


def exchanges_channels(case: Case) -> bool:
    """Whether weights that are ordered with both numbers of channels exchanged are in another order."""
    taken, given = channels(case)
    return taken != given and (min(taken, given) > 1 or case.config["kernel"] != [1, 1])


def entry(
    layers: str,
    *,
    shown: tuple[Stage, Status],
    reason: str,
    link: str,
    witness: Case,
    applies: Callable[[Case], bool] = every_case,
    paths: str = "*",
) -> KnownDivergence:
    """Return an entry for these layers, separated by spaces."""
    named = layers.split()
    return KnownDivergence(
        component="mnn_from_tflite",
        layer=named[0] if len(named) == 1 else "*",
        stage=shown[0],
        status=shown[1],
        fix=Fix.UPSTREAM,
        reason=reason,
        link=link,
        versions=VERSIONS,
        witness=witness,
        applies=lambda case: ("*" in named or case.layer in named) and applies(case),
        paths=paths,
    )


KNOWN: tuple[KnownDivergence, ...] = (
    entry(
        "gru lstm rnn mlp multi_head_attention grouped_query_attention mixture_of_experts rewritten_block swiglu "
        "take_along_axis transformer_encoder_block",
        shown=FAILING,
        reason="FULLY_CONNECTED takes the first axis of its input for the rows, also where there are more than two: "
        "Reshape error, since the next operator has another number of elements than it needs",
        link="none found: alibaba/MNN tflite FULLY_CONNECTED keep_num_dims 3D input reshape error",
        witness=case("swiglu", np.ones((2, 3, 4), np.float32), inner=[3], features=4, hidden=4, bias=False),
    ),
    entry(
        "attention_cache_step grouped_query_attention multi_head_attention",
        shown=DIFFERENT,
        reason="FULLY_CONNECTED ignores its option `keep_num_dims`: (2, 4) instead of (2, 1, 4)",
        link="none found: alibaba/MNN tflite FULLY_CONNECTED keep_num_dims 3D input reshape error",
        witness=Case(
            "attention_cache_step",
            {"batch": 2, "dtype": "float32", "heads": 2, "depth": 3, "width": 4, "past": 4},
            0,
            {
                "x": np.ones((2, 1, 4), np.float32),
                "past_key": np.ones((2, 2, 4, 3), np.float32),
                "past_value": np.ones((2, 2, 4, 3), np.float32),
            },
        ),
    ),
    entry(
        "attention_cache_step",
        shown=FAILING,
        reason="FULLY_CONNECTED takes the first axis of its input for the rows, also where there are more than two: in "
        "half precision PyTorch's products are written so here too",
        link="none found: alibaba/MNN tflite FULLY_CONNECTED keep_num_dims 3D input reshape error",
        witness=Case(
            "attention_cache_step",
            {"batch": 2, "dtype": "float16", "heads": 2, "depth": 3, "width": 4, "past": 4},
            0,
            {
                "x": np.ones((2, 1, 4), np.float16),
                "past_key": np.ones((2, 2, 4, 3), np.float16),
                "past_value": np.ones((2, 2, 4, 3), np.float16),
            },
        ),
        applies=in_half,
        paths="torch>*",
    ),
    entry(
        "attention_cache_step grouped_query_attention mixture_of_experts patch_embedding swiglu",
        shown=LOADING,
        reason="a constant that CONCATENATION takes is left out of the file, which then does not load: tensor is input "
        "but not found",
        link="none found: alibaba/MNN tflite CONCATENATION constant is input but not found",
        witness=case(
            "patch_embedding",
            np.ones((1, 1, 1, 2), np.float32),
            channels=1,
            patch=1,
            rows=1,
            columns=2,
            embed=1,
            layout="NCHW",
            class_token=True,
        ),
        paths="tensorflow>*",
    ),
    entry(
        "group_norm instance_norm",
        shown=DIFFERENT,
        reason="where the batch is open, operands have the shapes that the file gives them for one row; those of "
        "equal shape become Eltwise, which broadcasts nothing: rows after the first are wrong",
        link="none found: alibaba/MNN tflite Eltwise broadcast dynamic batch wrong result after resize",
        witness=case(
            "instance_norm",
            np.array([[[1.0, 2.0]], [[3.0, 5.0]]], np.float32),
            opened=True,
            channels=1,
            spatial=[2],
            statistics="input",
            eps=1e-5,
            affine=True,
        ),
        applies=lambda case: bool(case.open_axes),
        paths="tensorflow>*",
    ),
    entry(
        "conv_transpose2d",
        shown=DIFFERENT,
        reason="the bias of TRANSPOSE_CONV is left out",
        link="none found: alibaba/MNN tflite TRANSPOSE_CONV bias ignored deconvolution",
        witness=transposed(2, 2, bias=True),
        applies=config_is(bias=True),
    ),
    entry(
        "resize_nearest",
        shown=DIFFERENT,
        reason="`half_pixel_centers` of RESIZE_NEAREST_NEIGHBOR takes half a pixel away before it rounds down, which "
        "TFLite does not",
        link="none found: alibaba/MNN tflite RESIZE_NEAREST_NEIGHBOR half_pixel_centers",
        witness=case(
            "resize_nearest",
            np.array([[[[1.0, 2.0, 3.0]]]], np.float32),
            channels=1,
            size=[1, 3],
            out_size=[1, 5],
            centres="half_pixel",
        ),
        applies=config_is(centres="half_pixel"),
        paths="tensorflow>*",
    ),
    entry(
        "resize_nearest",
        shown=DIFFERENT,
        reason="litert-torch asks for `half_pixel_centers` where PyTorch has none, and MNN reads it in another way "
        "than TFLite: 2 pixels to 4 are 0, 0, 0, 1",
        link="none found: alibaba/MNN tflite RESIZE_NEAREST_NEIGHBOR half_pixel_centers",
        witness=case(
            "resize_nearest",
            np.array([[[[1.0, 2.0]]]], np.float32),
            channels=1,
            size=[1, 2],
            out_size=[1, 4],
            centres="asymmetric",
        ),
        applies=config_is(centres="asymmetric"),
        paths="torch>*",
    ),
    entry(
        "pad padded_conv2d",
        shown=DIFFERENT,
        reason="MIRROR_PAD becomes padding with zeros",
        link="none found: alibaba/MNN tflite MIRROR_PAD reflect zeros",
        witness=case(
            "pad",
            np.arange(1, 4, dtype=np.float32).reshape(1, 1, 1, 3),
            channels=1,
            size=[1, 3],
            mode="reflect",
            padding=[[0, 0], [1, 0]],
            value=0.0,
        ),
        applies=config_is(mode="reflect"),
    ),
    entry(
        "relu_family",
        shown=DIFFERENT,
        reason="PRELU takes its slopes for those of the last axis, whatever their shape",
        link="none found: alibaba/MNN tflite PRELU alpha shape channel axis",
        witness=case(
            "relu_family",
            -np.ones((1, 2, 3), np.float32),
            kind="prelu",
            slopes="by_channel",
            inner=[2, 3],
        ),
        applies=config_is(kind="prelu", slopes="by_channel"),
        paths="tensorflow>*",
    ),
    entry(
        "depthwise_conv2d",
        shown=DIFFERENT,
        reason="DEPTHWISE_CONV_2D with a multiplier becomes one without, of as many channels as come out: each takes "
        "the channel of its own number, which beyond the input's is 0. Of one channel it is right",
        link="none found: alibaba/MNN tflite DEPTHWISE_CONV_2D depth_multiplier wrong result",
        witness=case(
            "depthwise_conv2d",
            np.arange(1, 3, dtype=np.float32).reshape(1, 2, 1, 1),
            channels=2,
            multiplier=2,
            window={"kernel": [1, 1], "stride": [1, 1], "dilation": [1, 1], "padding": [0, 0, 0, 0], "size": [1, 1]},
            bias=False,
        ),
        applies=lambda case: case.config["multiplier"] > 1 and case.config["channels"] > 1,
    ),
    entry(
        "conv_transpose2d",
        shown=DIFFERENT,
        reason="TRANSPOSE_CONV of one channel to one becomes DeconvolutionDepthwise, which takes its second input for "
        "its weights: that is the shape of the output here, whose integers it reads as floats near 0",
        link="none found: alibaba/MNN tflite TRANSPOSE_CONV single channel DeconvolutionDepthwise output shape zero",
        witness=transposed(1, 1, bias=False),
        applies=lambda case: channels(case) == (1, 1),
    ),
    entry(
        "conv_transpose2d",
        shown=DIFFERENT,
        reason="the weights of TRANSPOSE_CONV are put in order as though the numbers of channels in and out were "
        "exchanged: right where they are equal, and of one cell where one of them is 1",
        link="none found: alibaba/MNN tflite TRANSPOSE_CONV weight order input output channels deconvolution wrong",
        witness=transposed(1, 2, bias=False),
        applies=exchanges_channels,
    ),
    entry(
        "einsum",
        shown=FAILING,
        reason="BATCH_MATMUL of two operands of two axes each stays an operator that the kernels for CPUs do not take: "
        "Don't support type [BatchMatMul]; where one of them has three it is right",
        link="none found: alibaba/MNN tflite Don't support type BatchMatMul Create execution error",
        witness=Case(
            "einsum",
            {"batch": 2, "dtype": "float32", "d": 2, "h": 2, "i": 3, "j": 4, "k": 2, "equation": "bi,j->bij"},
            0,
            {"left": np.ones((2, 3), np.float32), "right": np.ones(4, np.float32)},
        ),
        applies=config_is(equation="bi,j->bij"),
        paths="torch>*",
    ),
    entry(
        "cast",
        shown=DIFFERENT,
        reason="a cast to bool leaves the number as it is",
        link="none found: alibaba/MNN tflite CAST float to bool",
        witness=case("cast", np.full((1, 1), 0.5, np.float32), inner=[1], source="float", target="bool"),
        applies=config_is(target="bool"),
    ),
    entry(
        "mixture_of_experts take_along_axis",
        shown=DIFFERENT,
        reason="GATHER ignores `batch_dims`: the result has an axis more",
        link="none found: alibaba/MNN tflite GATHER batch_dims ignored",
        witness=Case(
            "take_along_axis",
            {"batch": 1, "dtype": "float32", "inner": [1], "axis": 1, "picked": 3, "indices": "int64"},
            0,
            {"x": np.ones((1, 1), np.float32), "indices": np.zeros((1, 3), np.int64)},
        ),
        paths="tensorflow>*",
    ),
    entry(
        "*",
        shown=DIFFERENT,
        reason="tensors in 16 bits become float32, inputs and outputs too",
        link="none found: alibaba/MNN tflite float16 model input output float32",
        witness=Case(
            "global_pool",
            {"batch": 1, "dtype": "float16", "channels": 1, "size": [1, 2], "kind": "average", "keep_axes": True},
            0,
            {"x": np.ones((1, 1, 1, 2), np.float16)},
        ),
        applies=either(in_half, in_bfloat16),
    ),
    entry(
        "custom_operator",
        shown=DYING,
        reason="every custom operator becomes DetectionPostProcess, without a word, and that ends the process",
        link="https://github.com/alibaba/MNN/issues/2952",
        witness=case("custom_operator", np.ones((1, 1), np.float32), inner=[1], lower=0.5, upper=2.0),
    ),
    entry(
        "*",
        shown=LOADING,
        reason="a result without elements is a constant in the file, which MNN does not find: Can't find output",
        link="none found: alibaba/MNN tflite Can't find output from the model constant output",
        witness=case("silu", np.zeros((0, 1), np.float32), inner=[1]),
        applies=empty,
        paths="tensorflow>*",
    ),
    entry(
        "*",
        shown=LOADING,
        reason="what PyTorch folds of a layer that is given no rows is a constant without elements, or its result is "
        "one, which MNN does not find: tensor is input but not found, Can't find output",
        link="none found: alibaba/MNN tflite Can't find output from the model constant output",
        witness=case(
            "mixture_of_experts", np.zeros((0, 1, 1), np.float32), length=1, width=1, hidden=1, experts=2, chosen=1
        ),
        applies=empty,
        paths="torch>*",
    ),
)
