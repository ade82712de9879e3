"""Known divergences of litert-torch."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, either, non_finite, wholly_masked
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ONE = np.ones((1, 1, 1, 1), np.float32)


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
        layer="embedding_positional",
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
        applies=config_is(ids_dtype="int64"),
        paths="*>litert_*",
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
        layer="conv_transpose2d",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.UPSTREAM,
        reason="ConvTranspose2d with a stride on one axis and padding becomes RESIZE_BILINEAR, and its "
        "weights are gone",
        link="none found: litert-torch ConvTranspose2d RESIZE_BILINEAR lhs_dilation wrong result",
        versions=("litert-torch<=0.10.0",),
        witness=Case("conv_transpose2d", {**TRANSPOSED, "stride": [1, 2], "padding": [1, 1]}, 0, {"x": CELLS}),
        applies=strides_and_crops,
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
    ),
)
