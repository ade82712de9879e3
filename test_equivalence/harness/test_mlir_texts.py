"""What is read out of compilers' texts: dispatches, instructions, weights."""

from __future__ import annotations

from pathlib import Path

import pytest

import nnparity
from nnparity.loading import load_file

CONVERTERS = Path(nnparity.__file__).parents[1] / "converters"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("main$async_dispatch_0_matmul_Dx3x4_f32", "matmul"),
        ("main$async_dispatch_12_matmul_transpose_b_2x3_f32", "matmul_transpose_b"),
        ("main$async_dispatch_1_softmax_Dx3xf32_dispatch_tensor_store", "softmax"),
        ("main$async_dispatch_3_conv_2d_nchw_fchw_2x3x4x4x3x3x3_f32", "conv_2d_nchw_fchw"),
        ("main$async_dispatch_4_elementwise_D_f32", "elementwise"),
        ("main$async_dispatch_5_slow_memcpy", "slow_memcpy"),
        ("main$async_dispatch_6", "other"),
    ],
)
def test_dispatch_is_counted_by_the_operator_at_its_root(name: str, kind: str) -> None:
    runtime = load_file(CONVERTERS / "runtimes" / "iree_cpu.py")
    line = f"    %2:2 = flow.dispatch @{name}::@{name}[%0](%1, %0) : (tensor<?x4xf32>{{%0}}) -> tensor<?x3xf32>{{%0}}\n"
    assert runtime.dispatched(line * 3) == {f"dispatch.{kind}": 3}


def test_definition_of_a_dispatch_is_none() -> None:
    runtime = load_file(CONVERTERS / "runtimes" / "iree_cpu.py")
    assert (
        runtime.dispatched("  flow.executable private @main_dispatch_0 {\n    %1 = flow.dispatch.tie_shape %a\n") == {}
    )
