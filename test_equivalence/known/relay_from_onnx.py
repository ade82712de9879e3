"""What TVM's ONNX front end is known to get wrong in TVM 0.19, the last version with Relay."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnparity.conditions import (
    beyond,
    both,
    config_is,
    either,
    empty,
    in_bfloat16,
    in_half,
    infinite,
    row_below,
    row_near_zero,
    spread_along_axis,
)
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.outcome import Stage, Status

VERSIONS = ("xtc-tvm-python-bindings<=0.19.0.12",)
TORCHSCRIPT = load_file(Path(__file__).with_name("relay_from_torchscript.py"))


def least_first(case: Case) -> bool:
    """Whether the layer asks for the least entries of rows."""
    return case.config.get("largest") is False or case.config.get("descending") is False


def short_vector(case: Case) -> bool:
    """Whether some vector is shorter than the lower bound of its length."""
    x = case.inputs["x"].astype(np.float64)
    lengths = np.sqrt(np.square(x).sum(axis=tuple(case.config["axes"])))
    return bool((lengths < case.config["eps"]).any())


INDEX = {
    "batch": 1,
    "dtype": "float32",
    "lookup": "index",
    "vocabulary": 2,
    "embed": 2,
    "inner": [],
    "padding": 0,
    "ids_dtype": "int64",
}
DAMPED = {"batch": 1, "dtype": "float32", "stop": "small", "most": 1, "length": 1, "width": 1}
ONE_STEP = np.array([[[2]]], dtype=np.float32)


def from_the_end(case: Case) -> bool:
    """Whether some id is below zero."""
    return bool((case.inputs["ids"] < 0).any())


KNOWN: tuple[KnownDivergence, ...] = (
    KnownDivergence(
        component="relay_from_onnx",
        layer="*",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "the operator Gelu becomes erf whatever its attribute `approximate` says (relay/frontend/onnx.py, Gelu); "
            "Relax, which had the same fault, has it no more, but TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/18750",
        versions=VERSIONS,
        witness=Case(
            "gelu",
            {"batch": 1, "dtype": "float32", "inner": [], "approximate": "tanh"},
            seed=0,
            inputs={"x": np.array([1.0], dtype=np.float32)},
        ),
        applies=TORCHSCRIPT.tanh_gelu,
        # The other two exporters write the formula out.
        paths="torch>onnx_from_torch>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="round",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "Round of an infinity is NaN: it is written as a rounding up plus a correction for odd numbers, and "
            "infinity modulo 2 is NaN (relay/frontend/onnx.py, Round); TVM 0.20 has no Relay"
        ),
        link="none found: tvm onnx frontend Round infinity NaN bankers rounding",
        versions=VERSIONS,
        witness=Case(
            "round",
            {"batch": 1, "dtype": "float32", "inner": [], "mode": "round"},
            seed=0,
            inputs={"x": np.array([np.inf], dtype=np.float32)},
        ),
        applies=both(config_is(mode="round"), infinite),
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="*",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "TopK of the least entries is written as a sort and a slice whose ends are int64 and whose begins are int32"
            ": the greatest int64, which stands for an axis that is not cut, does not go into the static slice "
            "(relay/frontend/onnx.py, TopK); TVM 0.20 has no Relay"
        ),
        link="none found: tvm onnx frontend TopK largest=0 literal value exceeds maximum of int32",
        versions=VERSIONS,
        witness=Case(
            "sort",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1, "descending": False},
            seed=0,
            inputs={"x": np.array([[2.0, 1.0]], dtype=np.float32)},
        ),
        applies=least_first,
        # tf2onnx asks for the greatest of the negated entries.
        paths="torch>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="l2_normalize",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "Clip with a constant min, and with max left out as an empty name, does nothing: the min is taken off the "
            "inputs and never applied (relay/frontend/onnx.py, Clip, _impl_v11); TVM 0.20 has no Relay"
        ),
        link="none found: tvm onnx frontend Clip min only empty max input ignored clamp_min",
        versions=VERSIONS,
        witness=Case(
            "l2_normalize",
            {"batch": 1, "dtype": "float32", "inner": [2], "axes": [-1], "eps": 2.0},
            seed=0,
            inputs={"x": np.array([[1.0, 0.0]], dtype=np.float32)},
        ),
        applies=short_vector,
        paths="torch>onnx_from_torch_legacy>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="elu_family",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "Elu, Celu and Selu are written with exp(x) - 1, which is 0 near 0 (relay/frontend/onnx.py, Elu, Celu, "
            "Selu); TVM 0.20 has no Relay"
        ),
        link="none found: tvm relay elu selu celu expm1 exp(x) - 1 small negative input zero",
        versions=VERSIONS,
        witness=Case(
            "elu_family",
            {"batch": 1, "dtype": "float32", "kind": "elu", "alpha": 2.0, "inner": [2]},
            seed=0,
            inputs={"x": np.array([[-1e-8, -1e-6]], dtype=np.float32)},
        ),
        applies=row_near_zero(2**-3),
        # TensorFlow's own Elu and Selu are as imprecise.
        paths="torch>*",
    ),
    *(
        KnownDivergence(
            component="relay_from_onnx",
            layer=layer,
            stage=Stage.COMPARE,
            status=Status.MISMATCH,
            fix=Fix.NEVER,
            reason=(
                "Softplus, and in Mish, is log(exp(x) + 1), which is 0 from -17 on and infinite from 89 on "
                "(relay/frontend/onnx.py, Softplus, Mish); TVM 0.20 has no Relay"
            ),
            link="https://github.com/apache/tvm/issues/1768",
            versions=VERSIONS,
            witness=Case(
                layer,
                {"batch": 1, "dtype": "float32", "inner": [2], **keys},
                seed=0,
                inputs={"x": np.array([[-20.0, -25.0]], dtype=np.float32)},
            ),
            applies=applies,
        )
        for layer, keys, applies in (
            (
                "softplus",
                {"beta": 1.0, "threshold": 20.0},
                either(row_below(-1), either(beyond(29), both(in_half, beyond(10)))),
            ),
            # Times the entry, the error shows beside numbers that are not as small.
            ("mish", {}, row_below(2, reaching=-1)),
        )
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="log_softmax",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "LogSoftmax is the logarithm of Softmax, which is 0 from 104 below the greatest entry on, 17 in half "
            "precision: -infinity "
            "(relay/frontend/onnx.py, LogSoftmax); TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/pull/11141",
        versions=VERSIONS,
        witness=Case(
            "log_softmax",
            {"batch": 1, "dtype": "float32", "inner": [2], "axis": -1},
            seed=0,
            inputs={"x": np.array([[0.0, -200.0]], dtype=np.float32)},
        ),
        applies=spread_along_axis(80, half=8),
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="clip",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "Clip with a single constant bound clips nothing: the bound is taken from the inputs into the attributes, "
            "which are used only if there are two (relay/frontend/onnx.py, Clip); TVM 0.20 has no Relay"
        ),
        link="none found: TVM ONNX frontend Clip min only without max ignored",
        versions=VERSIONS,
        witness=Case(
            "clip",
            {"batch": 1, "dtype": "float32", "inner": [], "bounds": [-0.5, None]},
            seed=0,
            inputs={"x": np.array([-2.0], dtype=np.float32)},
        ),
        applies=lambda case: None in case.config["bounds"],
        # tf2onnx writes Max and Min.
        paths="torch>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="embedding_lookup",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "GatherND becomes gather_nd, which does not count indices below zero from the end but reads what lies "
            "before the table (relay/frontend/onnx.py, GatherND); TVM 0.20 has no Relay"
        ),
        link="none found: tvm onnx frontend GatherND negative indices out of bounds",
        versions=VERSIONS,
        witness=Case("embedding_lookup", INDEX, seed=0, inputs={"ids": np.array([-1], dtype=np.int64)}),
        applies=both(config_is(lookup="index"), from_the_end),
        # The other exporters write Gather, whose indices the front end puts right.
        paths="torch>onnx_from_torch>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="relative_position_attention",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.NEVER,
        reason=(
            "Clip with a constant maximum and without a minimum does nothing: the maximum is taken off the inputs and "
            "used only together with a minimum (relay/frontend/onnx.py, Clip); TVM 0.20 has no Relay"
        ),
        link="none found: tvm onnx frontend Clip max only no min ignored",
        versions=VERSIONS,
        witness=Case(
            "relative_position_attention",
            {
                "batch": 1,
                "dtype": "float32",
                "both_ways": False,
                "buckets": 4,
                "max_distance": 7,
                "heads": 1,
                "query_length": 1,
                "key_length": 2,
                "depth": 1,
            },
            seed=0,
            inputs={
                "q": np.ones((1, 1, 1, 1), dtype=np.float32),
                "k": np.ones((1, 1, 2, 1), dtype=np.float32),
                "v": np.array([1, 2], dtype=np.float32).reshape(1, 1, 2, 1),
            },
        ),
        applies=config_is(both_ways=False),
        # The other two exporters write Min.
        paths="torch>onnx_from_torch_legacy>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="elu_family",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "the constants of Elu and Selu are float32 whatever the input is, and Relay multiplies no float32 with "
            "half precision (relay/frontend/onnx.py, Elu, Selu); TVM 0.20 has no Relay"
        ),
        link="none found: tvm relay frontend onnx Elu Selu float16 constant float32 type mismatch",
        versions=VERSIONS,
        witness=Case(
            "elu_family",
            {"batch": 1, "dtype": "float16", "kind": "elu", "alpha": 1.0, "inner": [1]},
            seed=0,
            inputs={"x": np.ones((1, 1), dtype=np.float16)},
        ),
        applies=both(either(in_half, in_bfloat16), either(config_is(kind="elu"), config_is(kind="selu"))),
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="data_dependent_loop",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "Loop without a greatest number of steps ends in an InternalError: the type of that input is asked for "
            "before whether it is there (relay/frontend/onnx.py, Loop); TVM 0.20 has no Relay"
        ),
        link="none found: tvm relay onnx frontend Loop empty trip count M infer_type None InternalError null pointer",
        versions=VERSIONS,
        witness=Case("data_dependent_loop", {**DAMPED, "writing": "operator"}, seed=0, inputs={"x": ONE_STEP}),
        applies=lambda case: not config_is(writing="python", stop="small")(case),
        # The legacy exporter writes no Loop.
        paths="*>onnx_from_*[hw]>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="data_dependent_loop",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "AutoGraph makes an If of `and`, of which one branch is a ReduceSum over all axes, the other a scalar; the "
            "front end reduces over the first axis only, so the branches differ in rank, for which it takes the first "
            "entry of a constant condition: that is a scalar, and an IndexError (relay/frontend/onnx.py, Reduce and "
            "If); TVM 0.20 has no Relay"
        ),
        link="https://github.com/apache/tvm/issues/14435",
        versions=VERSIONS,
        witness=Case("data_dependent_loop", {**DAMPED, "writing": "python"}, seed=0, inputs={"x": ONE_STEP}),
        applies=config_is(writing="python", stop="small"),
        paths="tensorflow>onnx_from_tensorflow>relay_from_onnx>*",
    ),
    KnownDivergence(
        component="relay_from_onnx",
        layer="einsum",
        stage=Stage.CONVERT,
        status=Status.ERROR,
        fix=Fix.NEVER,
        reason=(
            "MatMul by a matrix flattens the other operand to (-1, size of the inner axis), and where that size is 0 "
            "Relay makes 0 rows of the -1, whose product cannot be brought back into shape (relay/frontend/onnx.py, "
            "flatten_to_nd); TVM 0.20 has no Relay"
        ),
        link="none found: tvm relay frontend onnx MatMul empty tensor zero dimension reshape not compatible",
        versions=VERSIONS,
        witness=Case(
            "einsum",
            {
                "batch": 1,
                "dtype": "float32",
                "equation": "bij,jk->bik",
                "d": 1,
                "h": 1,
                "i": 1,
                "j": 0,
                "k": 1,
            },
            seed=0,
            inputs={"left": np.ones((1, 1, 0), dtype=np.float32), "right": np.ones((0, 1), dtype=np.float32)},
        ),
        applies=both(config_is(equation="bij,jk->bik"), empty),
        # PyTorch's exporters write Einsum.
        paths="tensorflow>*",
    ),
)
