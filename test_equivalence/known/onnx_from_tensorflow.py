"""Known divergences of tf2onnx."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, either, in_bfloat16, in_half, non_finite, wholly_masked
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ATTENTION = {"batch": 1, "dtype": "float32", "heads": 1, "query_length": 1, "key_length": 1, "depth": 1}
ONE = np.ones((1, 1, 1, 1), np.float32)
TWO_KEYS = np.ones((1, 1, 2, 1), np.float32)


def masks_by_where(case: Case) -> bool:
    """Whether the layer picks by tf.where from two finite branches."""
    # keras.ops.trunc picks from the number rounded up and the number rounded down.
    truncates = case.layer == "round" and case.config["mode"] == "trunc"
    stepped = case.layer == "softplus" and case.config["threshold"] < 40
    by_layer = case.layer in {"where", "logsumexp", "sliding_window_attention"}
    picks = truncates or stepped or by_layer or case.config.get("kind") == "threshold"
    return picks or case.config.get("mask") in {"fill_1e9", "sdpa_bool", "key_padding", "key_padding_all"}


def fills_in_half(case: Case) -> bool:
    """Whether the layer picks by tf.where from scores and -1e9 in half precision."""
    return case.config.get("mask") == "fill_1e9" and in_half(case)


def exponential_overflows_in_half(case: Case) -> bool:
    """Whether the exponential in a softplus of half precision is infinite, where the softplus itself is its input."""
    return case.layer == "softplus" and in_half(case) and bool((case.inputs["x"] > 11).any())


def fills_with_number(case: Case) -> bool:
    """Whether the layer pads with another number than 0, for which TensorFlow has an operator of its own."""
    return case.config.get("mode") == "constant" and case.config["value"] != 0


def floors_integers(case: Case) -> bool:
    """Whether the layer divides integers and rounds the quotient down."""
    floors = case.config.get("mode") == "floor" or case.config.get("sign_of") == "divisor"
    return floors and case.config.get("numbers") in {"int32", "int64"}


TRANSPOSED = {
    "batch": 1,
    "dtype": "float32",
    "in_channels": 1,
    "out_channels": 1,
    "groups": 1,
    "size": [2, 2],
    "kernel": [3, 3],
    "stride": [2, 2],
    "padding": [0, 0],
    "output_padding": [0, 0],
    "bias": False,
}
CELLS = np.array([[[[1, 2], [3, 4]]]], np.float32)


def padded_after(case: Case) -> bool:
    """Whether a transposed convolution pads its output behind, by no more than it crops there and in front."""
    axes = list(zip(case.config["padding"], case.config["output_padding"], strict=True))
    return any(extra for _, extra in axes) and all(extra <= 2 * pad for pad, extra in axes)


def padded_beyond(case: Case) -> bool:
    """Whether a transposed convolution pads its output behind by more than it crops there and in front."""
    return any(
        extra > 2 * pad for pad, extra in zip(case.config["padding"], case.config["output_padding"], strict=True)
    )


def scale_rounded_up(case: Case) -> bool:
    """Whether a pixel's place, divided by the scale as float32 has it, falls below the pixel that it is on."""
    axes = zip(case.config["size"], case.config["out_size"], strict=True)
    places = [(i * size // out, i / float(np.float32(out / size))) for size, out in axes for i in range(out)]
    return case.config["centres"] == "asymmetric" and any(int(place) != exact for exact, place in places)


def axis_of_one(case: Case) -> bool:
    """Whether a mixer has one token or one channel."""
    return 1 in {case.config["tokens"], case.config["channels"]}


def open_batch(case: Case) -> bool:
    """Whether the converter is not told the size of the batch."""
    return "batch" in case.open_axes


NARROW = {"batch": 1, "dtype": "bfloat16", "inner": [2]}
PRODUCT = {"batch": 1, "dtype": "bfloat16", "equation": "bij,jk->bik", "d": 1, "h": 1, "i": 1, "j": 1, "k": 1}
MULTIPLIED = Case("einsum", PRODUCT, 0, {"left": np.ones((1, 1, 1), "bfloat16"), "right": np.ones((1, 1), "bfloat16")})
TWO = np.ones((1, 2), "bfloat16")
CLIPPED = Case("clip", {**NARROW, "bounds": [-1.0, 1.0]}, 0, {"x": TWO})
SORTED = Case("sort", {**NARROW, "axis": -1, "descending": False}, 0, {"x": TWO})
RANKED = Case(
    "top_k",
    {"batch": 1, "dtype": "bfloat16", "inner": [], "length": 2, "k": 1, "largest": True, "indices": True},
    0,
    {"x": TWO},
)
CHOSEN = Case(
    "where",
    {**NARROW, "condition": "none", "other": "none"},
    0,
    {"condition": np.ones((1, 2), bool), "a": TWO, "b": TWO[0]},
)

KNOWN = (
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="tf.where becomes condition * a + (1 - condition) * b, unless a branch is a constant with a NaN or "
        "infinity: NaN or infinity in the branch that is not taken comes through as NaN; -1e9 in half precision "
        "is -infinity",
        link="https://github.com/onnx/tensorflow-onnx/issues/1988",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "attention",
            {**ATTENTION, "key_length": 2, "mask": "sdpa_bool"},
            0,
            # Two keys: of a softmax over one onnxsim makes a constant.
            {"q": ONE, "k": TWO_KEYS, "v": TWO_KEYS, "mask": np.zeros((1, 1, 1, 2), bool)},
        ),
        applies=either(
            both(masks_by_where, either(non_finite, either(fills_in_half, exponential_overflows_in_half))),
            both(config_is(mask="sdpa_bool"), wholly_masked("mask")),
        ),
        # MNN has no NaN there: its softmax of nothing but -infinity is 0.
        paths="* !*>mnn_from_onnx*",
    ),
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="embedding_positional",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="a constant that the function captures as an eager tensor becomes an input of the model, for which "
        "nobody has a value; a tf.Variable or a NumPy array becomes an initialiser",
        link="none found: tf2onnx from_function captured constant eager tensor becomes extra graph input",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "embedding_positional",
            {
                "batch": 1,
                "dtype": "float32",
                "ids_dtype": "int64",
                "positions": "sinusoidal",
                "scaled": False,
                "vocabulary": 1,
                "embed": 2,
                "length": 1,
                "max_length": 1,
            },
            0,
            {"ids": np.zeros((1, 1), np.int64)},
        ),
        applies=config_is(positions="sinusoidal"),
    ),
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="FloorDiv of integers becomes Div, which rounds towards zero, and FloorMod what is left after that: the "
        "Floor is written for floats only, so -1 // 2 is 0 and -1 mod 2 is -1",
        link="https://github.com/onnx/tensorflow-onnx/issues/2174",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "integer_division",
            {"batch": 2, "dtype": "float32", "inner": [], "numbers": "int32", "mode": "floor"},
            0,
            {"x": np.array([-1, 1], np.int32)},
        ),
        applies=floors_integers,
    ),
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="conv_transpose2d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="tf.nn.conv2d_transpose: explicit padding is not read, but made up from the size of the output and "
        "split evenly, so that what crops the front by 1 and the back by 0 crops the front by 0 and the back by 1",
        link="none found: tf2onnx conv2d_transpose explicit padding output_shape pads wrong ConvTranspose",
        versions=("tf2onnx<=1.17.0",),
        witness=Case("conv_transpose2d", {**TRANSPOSED, "padding": [0, 1], "output_padding": [0, 1]}, 0, {"x": CELLS}),
        applies=padded_after,
        paths="*>onnx*",
    ),
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="conv_transpose2d",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="tf.nn.conv2d_transpose with an output larger than what the kernel reaches: ConvTranspose gets negative "
        "pads, which ONNX's checker refuses, and not the attribute output_padding",
        link="none found: tf2onnx conv2d_transpose output_padding negative pads ConvTranspose",
        versions=("tf2onnx<=1.17.0",),
        witness=Case("conv_transpose2d", {**TRANSPOSED, "output_padding": [0, 1]}, 0, {"x": CELLS}),
        applies=padded_beyond,
    ),
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="resize_nearest",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="tf.image.resize to the nearest pixel: Resize gets the coordinate_transformation_mode "
        "tf_half_pixel_for_nn, which opset 13 took out; ONNX Runtime still knows it, ONNX's reference evaluator "
        "does not",
        link="none found: tf2onnx Resize tf_half_pixel_for_nn opset 13 removed invalid coordinate_transformation_mode",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "resize_nearest",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "size": [1, 1],
                "out_size": [1, 2],
                "centres": "half_pixel",
            },
            0,
            {"x": np.ones((1, 1, 1, 1), np.float32)},
        ),
        applies=config_is(centres="half_pixel"),
        paths="*>onnx_reference",
    ),
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="resize_nearest",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Resize gets scales, rounded to float32, instead of sizes: 6 pixels to 4 by 0.6666667, and 2 / "
        "0.6666667 is less than 3, so that a runtime that divides in float64 takes pixel 2",
        link="none found: tf2onnx ResizeNearestNeighbor scales float32 rounding instead of sizes wrong pixel",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "resize_nearest",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "size": [1, 6],
                "out_size": [1, 4],
                "centres": "asymmetric",
            },
            0,
            {"x": np.arange(6, dtype=np.float32).reshape(1, 1, 1, 6)},
        ),
        applies=scale_rounded_up,
        # ONNX Runtime divides in float32, where the quotient is 3 again.
        paths="*>onnx_reference",
    ),
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="resize_bicubic",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="ResizeBicubic always becomes Resize with cubic_coeff_a -0.5 and exclude_outside, which is right for "
        "half_pixel_centers; without them, as with align_corners, TensorFlow's coefficient is -0.75 and edges go on",
        link="none found: tf2onnx ResizeBicubic align_corners cubic_coeff_a -0.75 exclude_outside",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "resize_bicubic",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "size": [1, 3],
                "out_size": [1, 4],
                "coefficient": -0.75,
                "align_corners": True,
            },
            0,
            {"x": np.array([0, 1, 5], np.float32).reshape(1, 1, 1, 3)},
        ),
        applies=config_is(align_corners=True),
        # MNN has one coefficient of its own, and it is the right one here.
        paths="* !*>mnn_from_onnx*",
    ),
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="mixer_block",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the optimiser pushes a transposition past the squared difference of a layer norm and forgets the new "
        "shape of the square; where an axis is 1 the transposition back becomes a Reshape to that stale shape, and "
        "the variance is taken along the other axis",
        link="none found: tf2onnx transpose optimizer Reshape axis of size 1 open batch wrong shape SquaredDifference",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "mixer_block",
            {
                "batch": 2,
                "dtype": "float32",
                "activation": "gelu_tanh",
                "tokens": 1,
                "channels": 2,
                "token_hidden": 1,
                "channel_hidden": 1,
            },
            0,
            {"x": np.array([[[1, 2]], [[3, 5]]], np.float32)},
            open_axes=("batch",),
        ),
        applies=both(axis_of_one, open_batch),
    ),
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="remainder",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="the remainder of floats is written as x - floor(x / y) * y, whose steps are rounded: of a "
        "great x any number is left, just below a multiple nothing; frameworks take the exact remainder",
        link="https://github.com/onnx/onnx/issues/7520",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "remainder",
            {"batch": 1, "dtype": "float32", "inner": [], "numbers": "float", "sign_of": "divisor"},
            4,
            {"x": np.array([9.2976311e17], np.float32)},
        ),
        applies=config_is(numbers="float", sign_of="divisor"),
    ),
    KnownDivergence(
        component="onnx_from_tensorflow",
        layer="pad",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="the number that tf.pad fills with becomes a float32 whatever is padded, and Pad refuses it for half "
        "precision",
        link="none found: tf2onnx PadV2 float16 constant_value inconsistent type",
        versions=("tf2onnx<=1.17.0",),
        witness=Case(
            "pad",
            {
                "batch": 1,
                "dtype": "float16",
                "channels": 1,
                "size": [1],
                "mode": "constant",
                "padding": [[1, 0]],
                "value": 1.0,
            },
            0,
            {"x": np.ones((1, 1, 1), np.float16)},
        ),
        applies=both(in_half, fills_with_number),
    ),
    *(
        KnownDivergence(
            component="onnx_from_tensorflow",
            layer="*",
            stage=stage,
            status=status,
            fix=Fix.UPSTREAM,
            reason=f"bfloat16 is taken for float16 in a graph and not in its constants: {shows}",
            link="https://github.com/onnx/tensorflow-onnx/issues/2337",
            versions=("tf2onnx<=1.17.0",),
            witness=witness,
            applies=in_bfloat16,
            paths=" ".join(f"tensorflow>onnx_from_tensorflow>{one}" for one in paths.split()),
        )
        for stage, status, witness, paths, shows in (
            (Stage.CONVERT, Status.ERROR, CLIPPED, "*", "the check of types finds both in one operator"),
            (
                Stage.RUN,
                Status.ERROR,
                SORTED,
                "*onnxruntime_* onnx_xint8_from_onnx>* openvino_from_onnx* rela[xy]_from_onnx>*",
                "the model asks for float16, and so does the library that TVM compiles of it",
            ),
            (Stage.RUN, Status.ERROR, RANKED, "qnn_*", "the model asks for float16"),
            (Stage.RUN, Status.ERROR, MULTIPLIED, "iree_from_onnx>*", "the program that IREE compiles takes float16"),
            (
                Stage.RUN,
                Status.ERROR,
                CHOSEN,
                "*onnx_reference",
                "an operator gets one of each",
            ),
            (
                Stage.COMPARE,
                Status.MISMATCH,
                SORTED,
                "*onnx_reference",
                "the output is float16, of less range",
            ),
        )
    ),
)
