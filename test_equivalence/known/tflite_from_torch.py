"""Known divergences of litert-torch."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, either, non_finite, wholly_masked
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ONE = np.ones((1, 1, 1, 1), np.float32)


def transposes_shared_keys(case: Case) -> bool:
    """Whether several query heads share keys that are a matrix of more than one row and column."""
    return all(case.config[key] > 1 for key in ("heads", "length", "depth"))


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
        layer="embedding_*",
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
        paths="*>litert_*",
    ),
)
