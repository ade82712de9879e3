"""What pnnx is known to get wrong between TorchScript and ncnn, with its defaults and without."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from nnparity.conditions import both, config_is, either, empty, in_bfloat16, in_half, spread_along_axis
from nnparity.divergence import Fix, KnownDivergence, of_each
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

VERSIONS = ("pnnx<=20261020",)
CONVERSIONS = ("ncnn_from_torchscript", "ncnn_from_torchscript_default")
DIFFERENT, DYING = (Stage.COMPARE, Status.MISMATCH), (Stage.CONVERT, Status.ERROR)
RECURRENT = {"time": 1, "features": 1, "hidden": 1, "bias": True}

NORM = {"inner": [2, 2], "eps": 1e-5, "affine": False}
LINEAR = {"inner": [], "widths": [1, 1], "activation": "relu", "activate_last": False, "bias": False}

# Layers whose weights are those of products, convolutions or tables, and not of norms.
WITH_WEIGHTS = (
    "attention_cache_step",
    "bidirectional",
    "conv",
    "data_dependent_branch",
    "embedding",
    "experts",
    "grouped",
    "gru",
    "inverted",
    "lstm",
    "mixer",
    "mlp",
    "multi_head",
    "rewritten",
    "patch",
    "resnet",
    "rnn",
    "squeeze",
    "swiglu",
    "transformer",
)


def case(layer: str, x: np.ndarray, **keys: object) -> Case:
    """Return a case of this layer whose only input is x, with a row of the batch for each of its own."""
    return Case(layer, {"batch": len(x), "dtype": "float32", **keys}, 0, {"x": x})


def has_rows(case: Case) -> bool:
    """Whether the inputs have elements."""
    return not empty(case)


def loses_states(case: Case) -> bool:
    """Whether the last states of a recurrent layer have another shape without the axis that is dropped."""
    return case.layer == "gru" or (case.layer in {"lstm", "rnn"} and len(case.inputs["x"]) > 1)


entries = partial(of_each, CONVERSIONS, fix=Fix.UPSTREAM, versions=VERSIONS)

KNOWN: tuple[KnownDivergence, ...] = (
    *entries(
        "l2_normalize",
        reason="torch.nn.functional.normalize becomes the layer Normalize, which has an axis of its own, not `dim`, "
        "without a word",
        link="none found: Tencent/ncnn pnnx F.normalize ncnn Normalize wrong dim",
        witness=case(
            "l2_normalize", np.array([[[1.0, 2.0], [3.0, 5.0]]], np.float32), inner=[2, 2], axes=[-1], eps=1e-12
        ),
    ),
    *entries(
        "*",
        reason="the first axis of the last states, which is that of the layers, is taken for the batch and dropped: "
        "the states of the first row are left",
        link="none found: Tencent/ncnn pnnx LSTM GRU hidden state output batch wrong shape",
        witness=case("gru", np.ones((2, 1, 1), np.float32), **RECURRENT, initial_state=False, reset="after"),
        applies=loses_states,
    ),
    *entries(
        "bidirectional_lstm",
        shown=DYING,
        reason="an LSTM of whose three outputs just two are used, here all but the last cell's state, ends pnnx as it "
        "writes the model in Python after its pass_level5, with the names of three: SIGSEGV, or nothing where a name "
        "lies beyond the two by chance. In one direction too; with one or all used it is right, as GRU is since 4631",
        link="https://github.com/Tencent/ncnn/pull/4631",
        witness=case("bidirectional_lstm", np.ones((1, 1, 1), np.float32), **RECURRENT),
    ),
    *entries(
        "log_softmax",
        reason="log_softmax becomes a logarithm of Softmax, which has nothing left 104 below the greatest entry",
        link="none found: Tencent/ncnn pnnx log_softmax softmax log underflow -inf nan",
        witness=case("log_softmax", np.array([[0.0, 200.0]], np.float32), inner=[2], axis=-1),
        applies=spread_along_axis(80, half=15),
    ),
    *entries(
        "patch_embedding",
        shown=(Stage.RUN, Status.ERROR),
        reason="a class token that is expanded over the batch is folded into a constant that has the batch as an axis, "
        "which the rows that it is joined with have not: Concat gives another shape, or writes beyond its memory; our "
        "runtime refuses it, so that it always fails alike",
        link="none found: Tencent/ncnn pnnx class token expand batch cat constant folded wrong shape",
        witness=case(
            "patch_embedding",
            np.ones((2, 1, 1, 2), np.float32),
            channels=1,
            patch=1,
            rows=1,
            columns=2,
            embed=1,
            layout="NCHW",
            class_token=True,
        ),
        applies=both(config_is(class_token=True), has_rows),
    ),
    *entries(
        "patch_embedding",
        shown=(Stage.LOAD, Status.ERROR),
        reason="a class token that is expanded over no rows is folded into a constant without elements, of which "
        "ncnn finds no data: load_model gives -1",
        link="none found: Tencent/ncnn MemoryData empty size 0 load_model -1",
        witness=case(
            "patch_embedding",
            np.ones((0, 1, 1, 2), np.float32),
            channels=1,
            patch=1,
            rows=1,
            columns=2,
            embed=1,
            layout="NCHW",
            class_token=True,
        ),
        applies=both(config_is(class_token=True), empty),
    ),
    *entries(
        "transformer_decoder_block",
        reason="`is_causal` of MultiheadAttention is dropped together with its mask, without a word: every step sees "
        "the ones after it",
        link="none found: Tencent/ncnn pnnx nn.MultiheadAttention is_causal attn_mask dropped",
        witness=Case(
            "transformer_decoder_block",
            {
                "batch": 1,
                "dtype": "float32",
                "heads": 1,
                "embed": 4,
                "hidden": 1,
                "length": 2,
                "memory_length": 1,
                "norm_first": False,
                "mask": "none",
            },
            0,
            {
                "x": np.array([[[1.0, -2.0, 3.0, 5.0], [-3.0, 5.0, 1.0, 2.0]]], np.float32),
                "memory": np.array([[[1.0, -2.0, 0.5, 3.0]]], np.float32),
            },
        ),
    ),
    *entries(
        "avg_pool2d",
        reason="the cells of a last window that reaches beyond the padding are counted in the mean",
        link="none found: Tencent/ncnn avg_pool2d ceil_mode count_include_pad wrong result",
        witness=case(
            "avg_pool2d",
            np.ones((1, 1, 4, 4), np.float32),
            channels=1,
            window={"kernel": [3, 3], "stride": [2, 2], "padding": [1, 1], "size": [4, 4]},
            ceil_mode=True,
            count_include_pad=True,
        ),
        applies=config_is(ceil_mode=True, count_include_pad=True),
    ),
    *entries(
        "integer_division",
        reason="the rounding mode of torch.div is dropped: the quotient is not rounded",
        link="https://github.com/Tencent/ncnn/issues/4304",
        witness=case("integer_division", np.array([[0.7]], np.float32), inner=[1], numbers="float", mode="floor"),
        applies=config_is(numbers="float"),
    ),
    *entries(
        "remainder",
        reason="torch.remainder, whose sign is the divisor's, becomes the remainder of the dividend's sign",
        link="none found: Tencent/ncnn pnnx torch.remainder fmod sign BinaryOp",
        witness=case(
            "remainder", np.array([[-0.55], [0.55]], np.float32), inner=[1], numbers="float", sign_of="divisor"
        ),
        applies=config_is(numbers="float", sign_of="divisor"),
    ),
    *entries(
        "padded_conv2d",
        reason="circular padding becomes padding with zeros, without a word",
        link="none found: Tencent/ncnn pnnx F.pad circular padding_mode unsupported zeros",
        witness=case(
            "padded_conv2d",
            np.ones((1, 1, 3, 3), np.float32),
            in_channels=1,
            out_channels=1,
            size=[3, 3],
            kernel=[3, 3],
            stride=1,
            padding=[1, 1],
            mode="circular",
            bias=False,
        ),
        applies=config_is(mode="circular"),
    ),
    *entries(
        "rms_norm",
        reason="a norm over two axes is one over the last of them",
        link="none found: Tencent/ncnn pnnx rms_norm normalized_shape RMSNorm multiple dims",
        witness=case("rms_norm", np.array([[[1.0, 2.0], [3.0, 5.0]]], np.float32), **NORM, axes=2),
        applies=config_is(axes=2),
    ),
    *entries(
        "instance_norm",
        reason="InstanceNorm has the matrix of one row's channels for an image of one channel: it is normalised as one",
        link="none found: Tencent/ncnn pnnx InstanceNorm1d wrong result 2 dims",
        witness=case(
            "instance_norm",
            np.array([[[1.0, 2.0], [3.0, 5.0]]], np.float32),
            channels=2,
            spatial=[2],
            statistics="input",
            eps=1e-5,
            affine=False,
        ),
        applies=lambda case: len(case.config["spatial"]) == 1,
    ),
    *entries(
        "group_norm",
        shown=(Stage.LOAD, Status.ERROR),
        reason="a norm without weights over channels alone is written with -1 channels, which ncnn does not load",
        link="none found: Tencent/ncnn pnnx GroupNorm affine=False channels -1 load failed",
        witness=case(
            "group_norm",
            np.ones((2, 2), np.float32),
            groups=1,
            channels=2,
            spatial=[],
            eps=1e-5,
            layout="channels_first",
            affine=False,
        ),
        applies=config_is(affine=False),
    ),
    *entries(
        "*",
        shown=DYING,
        reason="pnnx runs the model on ones to learn its shapes: an index of 1 that a table of one row has not ends it",
        link="none found: Tencent/ncnn pnnx index out of range in self embedding shape inference input",
        witness=Case(
            "gather",
            {
                "batch": 1,
                "dtype": "float32",
                "inner": [1],
                "axis": 1,
                "picked": 1,
                "indices": "int64",
                "negative": False,
            },
            0,
            {"x": np.ones((1, 1), np.float32), "indices": np.array([0])},
        ),
        applies=lambda case: (
            case.layer in {"embedding_lookup", "embedding_positional", "gather", "one_hot", "take_along_axis"}
        ),
    ),
    *entries(
        "*",
        shown=(Stage.RUN, Status.ERROR),
        reason="a net without layers gives nothing for its input, which is its output: elemsize 0",
        link="none found: Tencent/ncnn extract input blob directly as output empty identity net no layers",
        witness=case("cast", np.ones((1, 1), np.float32), inner=[1], source="float", target="float"),
        applies=lambda case: case.layer in {"cast", "pad", "data_dependent_loop"} or case.layer.startswith("resize"),
    ),
    *(
        entry
        for shown, layer, dtype, shape, keys, reason in (
            (DIFFERENT, "softmax", "float16", (1, 1), {"inner": [1], "axis": -1}, "inputs and outputs become float32"),
            (DYING, "mlp", "float16", (1, 1), LINEAR, "pnnx runs it on float32 to learn its shapes, which ends it"),
            (
                (Stage.LOAD, Status.ERROR),
                "layer_norm",
                "bfloat16",
                (1, 2),
                {"inner": [2], "axes": 1, "eps": 1e-5, "affine": ["scale", "offset"]},
                "weights in bfloat16 are written so, and ncnn reads beyond their end: load_model gives -1",
            ),
        )
        for entry in entries(
            "*",
            shown=shown,
            reason=f"a model in 16 bits is taken, but {reason}",
            link="https://github.com/Tencent/ncnn/pull/6933"
            if dtype == "bfloat16"
            else "none found: Tencent/ncnn pnnx half float16 bfloat16 model expected scalar type Float but found Half",
            witness=Case(layer, {"batch": 1, "dtype": dtype, **keys}, 0, {"x": np.ones(shape, dtype)}),
            applies=either(in_half, in_bfloat16),
            # They are right in float32.
            up_to=1.0 if shown is DIFFERENT else math.inf,
        )
    ),
    KnownDivergence(
        component="ncnn_from_torchscript_default",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.ALLOWED,
        reason="weights are kept in half precision",
        link="ncnn, tools/pnnx/README.md, fp16 (default=1): save ncnn weight and onnx in fp16 data type",
        versions=VERSIONS,
        witness=case("mlp", np.array([[1.0]], np.float32), **LINEAR),
        applies=lambda case: any(name in case.layer for name in WITH_WEIGHTS),
        # By so much half precision's unit of rounding is greater than float32's.
        up_to=2.0**13,
    ),
)
