"""Known divergences of litert-torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import (
    beyond_float_precision,
    both,
    config_is,
    either,
    in_bfloat16,
    in_half,
    non_finite,
    row_below,
    row_near_zero,
    wholly_masked,
)
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

REFERENCE = load_file(Path(__file__).with_name("onnx_reference.py"))

ONE = np.ones((1, 1, 1, 1), np.float32)


def long_input(case: Case) -> bool:
    """Whether an input holds 64-bit integers."""
    return any(array.dtype == np.int64 for array in case.inputs.values())


def long_output(case: Case) -> bool:
    """Whether the layer makes 64-bit integers of numbers of another type."""
    return bool(case.config.get("indices" if case.layer == "argmax" else "target") == "int64")


def taken_for_same(case: Case) -> bool:
    """Whether average pooling has padding on an axis, no cell too many on any, and SAME would give another size."""
    window = case.config["window"]
    axes = list(zip(*(window[key] for key in ("size", "kernel", "stride", "padding")), strict=True))
    exact = all((size + 2 * pad - kernel) % stride == 0 for size, kernel, stride, pad in axes)
    others = [(size + 2 * pad - kernel) // stride + 1 != -(-size // stride) for size, kernel, stride, pad in axes]
    return exact and any(others) and any(window["padding"]) and not case.config["count_include_pad"]


TRANSPOSED = {
    "batch": 1,
    "dtype": "float32",
    "in_channels": 1,
    "out_channels": 1,
    "groups": 1,
    "size": [3, 3],
    "kernel": [3, 3],
    "stride": [2, 2],
    "padding": [0, 0],
    "output_padding": [0, 0],
    "bias": False,
}
CELLS = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)


def taken_for_interpolation(case: Case) -> bool:
    """Whether a strided axis of a transposed convolution is padded inside by one less than the stride."""
    axes = zip(*(case.config[key] for key in ("kernel", "padding", "stride")), strict=True)
    return any(stride > 1 and kernel - padding == stride for kernel, padding, stride in axes)


def strides_and_crops(case: Case) -> bool:
    """Whether a transposed convolution has a stride and crops its output."""
    return max(case.config["stride"]) > 1 and any(case.config["padding"])


def centres_matter(case: Case) -> bool:
    """Whether resizing picks other pixels if these have their centres in the middle."""
    axes = zip(case.config["size"], case.config["out_size"], strict=True)
    picked = [(2 * i * size // (2 * out), (2 * i + 1) * size // (2 * out)) for size, out in axes for i in range(out)]
    return case.config["centres"] == "asymmetric" and any(first != second for first, second in picked)


def same_average_pool(*, stage: Stage, status: Status, size: list[int], paths: str, then: str) -> KnownDivergence:
    window = {"kernel": [3, 2], "stride": [1, 1], "padding": [1, 0], "size": size}
    return KnownDivergence(
        component="tflite_from_torch",
        layer="avg_pool2d",
        stage=stage,
        status=status,
        fix=Fix.UPSTREAM,
        reason="AvgPool2d that does not count its padding becomes AVERAGE_POOL_2D with padding SAME if every axis is "
        "padded by what the size that it has afterwards needs, without a look at whether SAME gives that size; " + then,
        link="none found: litert-torch avg_pool2d padding SAME wrong output shape count_include_pad False",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "avg_pool2d",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 2,
                "window": window,
                "ceil_mode": False,
                "count_include_pad": False,
            },
            0,
            {"x": np.ones((1, 2, *size), np.float32)},
        ),
        applies=taken_for_same,
        paths=paths,
    )


def transposes_shared_keys(case: Case) -> bool:
    """Whether several query heads share keys that are a matrix of more than one row and column."""
    return all(case.config[key] > 1 for key in ("heads", "length", "depth"))


def normalises(case: Case) -> bool:
    """Whether the layer has a batch or layer normalisation."""
    return case.layer == "batch_norm" or bool(REFERENCE.has_layer_norm(case))


KNOWN = (
    KnownDivergence(
        component="tflite_from_torch",
        layer="attention",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason="_safe_softmax is lowered as softmax, on purpose and for speed, so scaled_dot_product_attention gives "
        "NaN for a row without a visible key, or the mean of v where the runtime knows no infinity, and not zero",
        link="none found: litert-torch ai-edge-torch _safe_softmax decomposition softmax fully masked row NaN",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "attention",
            {
                "batch": 1,
                "dtype": "float32",
                "heads": 1,
                "query_length": 1,
                "key_length": 1,
                "depth": 1,
                "mask": "sdpa_bool",
            },
            0,
            {"q": ONE, "k": ONE, "v": ONE, "mask": np.zeros((1, 1, 1, 1), bool)},
        ),
        # An infinite query may give every score of its row -infinity, too.
        applies=both(config_is(mask="sdpa_bool"), either(wholly_masked("mask"), non_finite)),
        paths="*>litert_*",
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="*",
        stage=Stage.RUN,
        status=Status.ERROR,
        fix=Fix.ALLOWED,
        reason="an input of 64-bit integers becomes one of 32 bits in the file, which refuses what the module takes",
        link="litert_torch.convert 0.10.0, argument enable_x64: If False (default), downcast int64/float64 tensors, "
        "including model inputs and outputs, to int32/float32",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "embedding_positional",
            {
                "batch": 1,
                "dtype": "float32",
                "ids_dtype": "int64",
                "positions": "learned",
                "scaled": False,
                "vocabulary": 1,
                "embed": 2,
                "length": 1,
                "max_length": 1,
            },
            0,
            {"ids": np.zeros((1, 1), np.int64)},
        ),
        applies=long_input,
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="integer_division",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="torch.div of integers towards zero divides them as float32 (lowerings.py, _aten_div_tensor_mode): a "
        "quotient of numbers beyond 2**24 is off; rounded down they are divided as integers",
        link="none found: litert-torch div rounding_mode trunc integer float32 precision",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "integer_division",
            {"batch": 1, "dtype": "float32", "inner": [], "numbers": "int32", "mode": "trunc"},
            0,
            {"x": np.array([2**29 - 1], np.int32)},
        ),
        applies=both(config_is(numbers="int32", mode="trunc"), beyond_float_precision),
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="remainder",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="torch.fmod of integers is lowered as arithmetic on float32: the quotient is a product with the "
        "reciprocal of the divisor, cut and multiplied again, which is off beyond 2**24",
        link="none found: litert-torch ai-edge-torch fmod integer wrong result remainder lowering",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "remainder",
            {"batch": 1, "dtype": "float32", "inner": [], "numbers": "int32", "sign_of": "dividend"},
            0,
            {"x": np.array([2**29 - 1], np.int32)},
        ),
        applies=both(config_is(numbers="int32", sign_of="dividend"), beyond_float_precision),
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="integer_division",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="torch.div of floats, rounded down, is lowered as jnp.floor_divide, which rounds half away from zero "
        "(mhlo.round_nearest_afz), and the conversion has no TFLite operators for that",
        link="none found: litert-torch failed to legalize mhlo.round_nearest_afz floor_divide",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "integer_division",
            {"batch": 1, "dtype": "float32", "inner": [2], "numbers": "float", "mode": "floor"},
            0,
            {"x": np.ones((1, 2), np.float32)},
        ),
        applies=config_is(numbers="float", mode="floor"),
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.ALLOWED,
        reason="an output of 64-bit integers becomes one of 32 bits in the file",
        link="litert_torch.convert 0.10.0, argument enable_x64: If False (default), downcast int64/float64 tensors, "
        "including model inputs and outputs, to int32/float32",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "argmax",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1, "keepdims": False, "indices": "int64"},
            0,
            {"x": np.array([[1, 2]], np.float32)},
        ),
        applies=long_output,
    ),
    same_average_pool(
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        size=[3, 3],
        paths="*",
        then="a kernel of 3 and 2 padded by 1 and 0 gives a column too many",
    ),
    same_average_pool(
        stage=Stage.LOAD,
        status=Status.ERROR,
        size=[1, 2],
        paths="*>litert_*",
        then="where one cell is left, the runtime refuses the reshape that follows",
    ),
    same_average_pool(
        stage=Stage.CONVERT,
        status=Status.ERROR,
        size=[1, 2],
        paths="*>relay_from_tflite>*",
        then="where one cell is left, the runtime refuses the reshape that follows",
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="grouped_query_attention",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="a matrix that is expanded along an axis of size 1 and then transposed is first transposed and then "
        "expanded, and the transposition is written as a RESHAPE, which leaves the numbers where they are: keys that "
        "all query heads share are scrambled",
        link="none found: litert-torch expand transpose BROADCAST_TO RESHAPE instead of TRANSPOSE wrong batch matmul",
        versions=("litert-torch<=0.10.0", "litert-converter<=0.5.0"),
        witness=Case(
            "grouped_query_attention",
            {
                "batch": 1,
                "dtype": "float32",
                "groups": 1,
                "heads": 2,
                "depth": 2,
                "width": 2,
                "length": 2,
                "shared": "expanded",
                "bias": False,
            },
            0,
            {"x": np.array([[[1, 2], [3, -1]]], np.float32)},
        ),
        applies=both(config_is(groups=1), transposes_shared_keys),
        # Relay declines the BROADCAST_TO of the file.
        paths="*>litert_* *>openvino_from_tflite>*",
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="conv_transpose2d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="ConvTranspose2d with a stride on one axis becomes RESIZE_BILINEAR, and its weights are gone, where "
        "the padding inside (kernel - 1 - padding) is one less than the stride",
        link="none found: litert-torch ConvTranspose2d RESIZE_BILINEAR lhs_dilation wrong result",
        versions=("litert-torch<=0.10.0",),
        witness=Case("conv_transpose2d", {**TRANSPOSED, "stride": [1, 2], "padding": [1, 1]}, 0, {"x": CELLS}),
        applies=either(strides_and_crops, taken_for_interpolation),
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="conv_transpose2d",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="ConvTranspose2d with a stride and padding: `failed to legalize operation 'mhlo.convolution'`, an error "
        "like any other of the converter's passes",
        link="https://github.com/google-ai-edge/litert-torch/issues/316",
        versions=("litert-torch<=0.10.0",),
        witness=Case("conv_transpose2d", {**TRANSPOSED, "padding": [1, 1]}, 0, {"x": CELLS}),
        applies=strides_and_crops,
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="resize_nearest",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="Upsample with mode nearest becomes RESIZE_NEAREST_NEIGHBOR with half_pixel_centers, which is what "
        "nearest-exact does: 4 pixels to 5 are 0, 1, 2, 2, 3 instead of 0, 0, 1, 2, 3",
        link="none found: litert-torch upsample_nearest2d RESIZE_NEAREST_NEIGHBOR half_pixel_centers wrong pixel",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "resize_nearest",
            {
                "batch": 1,
                "dtype": "float32",
                "channels": 1,
                "size": [1, 4],
                "out_size": [1, 5],
                "centres": "asymmetric",
            },
            0,
            {"x": np.arange(4, dtype=np.float32).reshape(1, 1, 1, 4)},
        ),
        applies=centres_matter,
        # OpenVINO does not read the option that is wrong, and MNN reads it in another way.
        paths="* !*>mnn_from_tflite* !*>openvino_from_tflite*",
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="elu_family",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="elu, celu and selu are written as EXP less 1, which is 0 near 0",
        link="none found: tflite converter expm1 lowered exp minus one precision elu celu small negative",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "elu_family",
            {"batch": 1, "dtype": "float32", "kind": "elu", "alpha": 2.0, "inner": [2]},
            0,
            {"x": np.array([[-1e-8, -1e-6]], np.float32)},
        ),
        applies=row_near_zero(2**-3),
    ),
    *(
        KnownDivergence(
            component="tflite_from_torch",
            layer=layer,
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.UPSTREAM,
            reason="softplus, and in mish, is written as LOG of 1 + EXP, which is 0 from -17 on",
            link="none found: tflite converter softplus lowered log(1 + exp) underflow overflow log1p",
            versions=("litert-torch<=0.10.0",),
            witness=Case(
                layer,
                {"batch": 1, "dtype": "float32", "inner": [2], **keys},
                0,
                {"x": np.array([[-20, -25]], np.float32)},
            ),
            applies=applies,
        )
        for layer, keys, applies in (
            ("softplus", {"beta": 1.0, "threshold": 20.0}, row_below(-1)),
            # Times the entry, the error shows beside numbers that are not as small.
            ("mish", {}, row_below(2, reaching=-1)),
        )
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="remainder",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="torch.fmod of 64-bit integers is lowered with a float64 quotient, and TFLite has no such DIV: it fails "
        "to legalize tfl.div",
        link="none found: litert-torch ai-edge-torch fmod integer wrong result remainder lowering",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "remainder",
            {"batch": 1, "dtype": "float32", "inner": [2], "numbers": "int64", "sign_of": "dividend"},
            0,
            {"x": np.ones((1, 2), np.int64)},
        ),
        applies=config_is(numbers="int64", sign_of="dividend"),
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="*",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.UPSTREAM,
        reason="batch and layer normalisation of half precision are lowered with mean and deviation in float32, which "
        "the operators beside them refuse, or the export of the file does, without a word",
        link="none found: litert-torch batch_norm layer_norm float16 incompatible element type, export of flatbuffer",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "batch_norm",
            {
                "batch": 1,
                "dtype": "float16",
                "channels": 1,
                "spatial": [1, 1],
                "eps": 1e-05,
                "layout": "channels_first",
                "affine": True,
            },
            0,
            {"x": np.ones((1, 1, 1, 1), np.float16)},
        ),
        applies=both(in_half, normalises),
    ),
    KnownDivergence(
        component="tflite_from_torch",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="a model in bfloat16 without weights is computed in float32, and so is its output: behind the input "
        "comes a CAST, before the output none",
        link="none found: litert-torch ai-edge-torch convert bfloat16 output float32",
        versions=("litert-torch<=0.10.0",),
        witness=Case(
            "clip",
            {"batch": 1, "dtype": "bfloat16", "inner": [2], "bounds": [-1.0, 1.0]},
            0,
            {"x": np.ones((1, 2), "bfloat16")},
        ),
        applies=in_bfloat16,
        paths="*litert*",
    ),
)
