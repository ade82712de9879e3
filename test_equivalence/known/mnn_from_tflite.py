"""What MNN's converter is known to get wrong in TFLite models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnparity.conditions import config_is, empty
from nnparity.divergence import Fix, KnownDivergence
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


def entry(
    layers: str,
    *,
    shown: tuple[Stage, Status],
    reason: str,
    link: str,
    witness: Case,
    applies: Callable[[Case], bool] = lambda case: True,
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
        "gru lstm rnn multi_head_attention grouped_query_attention mixture_of_experts rewritten_block swiglu "
        "take_along_axis",
        shown=FAILING,
        reason="FULLY_CONNECTED takes the first axis of its input for the rows, also where there are more than two: "
        "Reshape error, since the next operator has another number of elements than it needs",
        link="none found: alibaba/MNN tflite FULLY_CONNECTED keep_num_dims 3D input reshape error",
        witness=case("swiglu", np.ones((2, 3, 4), np.float32), inner=[3], features=4, hidden=4, bias=False),
    ),
    entry(
        "attention_cache_step",
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
        witness=case(
            "conv_transpose2d",
            np.ones((1, 1, 2, 2), np.float32),
            in_channels=1,
            out_channels=1,
            groups=1,
            size=[2, 2],
            kernel=[2, 2],
            stride=[2, 2],
            padding=[0, 0],
            output_padding=[0, 0],
            bias=True,
        ),
        applies=config_is(bias=True),
    ),
    entry(
        "resize_nearest",
        shown=DIFFERENT,
        reason="the option `half_pixel_centers` of RESIZE_NEAREST_NEIGHBOR is not read",
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
)
