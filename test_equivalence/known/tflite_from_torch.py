"""Known divergences of litert-torch."""

from __future__ import annotations

import numpy as np

from nnparity.conditions import both, config_is, either, non_finite, row_below, row_near_zero, wholly_masked
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

ONE = np.ones((1, 1, 1, 1), np.float32)

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
)
