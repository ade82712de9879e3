"""Kernels of a library compiled by TVM are counted under names that say what they compute and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnparity.contracts import Family
from nnparity.loading import load_file

CONVERTERS = Path(__file__).parents[2] / "converters"
NAMES = load_file(CONVERTERS / "support" / "tvm_library.py")
LIBRARY = load_file(CONVERTERS / "representations" / "tvm_library.py").REPRESENTATION
LONG = "fused_" + "reshape_" * 9 + "mu"  # 80 characters, where TVM cuts a name


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("tvmgen_default_fused_nn_dense_add_nn_relu", "fused_nn_dense_add_nn_relu"),
        ("tvmgen_default_fused_nn_dense_add_nn_relu_12", "fused_nn_dense_add_nn_relu"),
        ("vm_mod_fused_add_1", "fused_add"),
        ("tvmgen_default_fused_nn_conv2d", "fused_nn_conv2d"),
        ("tvmgen_default_fused_log2", "fused_log2"),
        (f"tvmgen_default_{LONG}_9f86d081884c7d65_", f"{LONG}..."),
        (f"tvmgen_default_{LONG}_9f86d081884c7d6__3", f"{LONG}..."),
    ],
)
def test_name_is_stable(symbol: str, name: str) -> None:
    assert NAMES.kernel_name(symbol) == name


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("fused_nn_dense", Family.MATMUL),
        ("fused_nn_contrib_conv2d_NCHWc", Family.CONV),
        ("fused_nn_dense_add_nn_relu", Family.FUSED),
        (f"{LONG}...", Family.FUSED),
        (f"{LONG[:78]}...", Family.FUSED),
        ("shape_func_dyn_broadcast_to", Family.LAYOUT),
        ("nn_dense", None),
        ("fused", None),
        ("", None),
    ],
)
def test_family_is_that_of_the_one_operator_or_fused(name: str, family: Family | None) -> None:
    assert LIBRARY.family(name) is family
