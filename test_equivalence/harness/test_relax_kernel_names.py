"""What a program of Relax's virtual machine calls is counted by what it computes, and nothing else of it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnparity.contracts import Family
from nnparity.loading import load_file

CONVERTERS = Path(__file__).parents[2] / "converters"
OPERATORS = load_file(CONVERTERS / "support" / "relax_operators.py")
PROGRAM = """
@helper:
  call  relu             in: %0, %1       dst: %void
  ret   %1

@main:
  call  vm.builtin.alloc_storage in: %vm, c[3], i0, c[4], c[5] dst: %2
  call  conv2d           in: %0, c[7], %3 dst: %void
  call  conv2d1          in: %3, c[8], %4 dst: %void
  if  %5, 3
  call  fused_matmul1_add_relu2 in: %4, c[8], %6 dst: %void
  goto  2
  call  helper           in: %4           dst: %6
  call  vm.builtin.reshape in: %6, c[19]   dst: %18
  ret   %18

@conv2d packed_func;
"""


@pytest.mark.parametrize(
    ("symbol", "kernel"),
    [
        ("add", "add"),
        ("add12", "add"),
        ("conv2d", "conv2d"),
        ("conv2d1", "conv2d"),
        ("tir_exp", "exp"),
        ("tir_exp3", "exp"),
        ("fused_matmul_add2", "fused_matmul_add"),
        ("no_such_kernel2", "no_such_kernel2"),
    ],
)
def test_kernel_is_named_without_its_number(symbol: str, kernel: str) -> None:
    assert OPERATORS.kernel_name(symbol) == kernel


@pytest.mark.parametrize(
    ("kernel", "family"),
    [
        ("matmul", Family.MATMUL),
        ("transpose", Family.LAYOUT),
        ("resize2d", Family.POOL),
        ("fused_matmul_add", Family.FUSED),
        ("no_such_kernel", None),
    ],
)
def test_kernel_has_the_family_of_its_operator(kernel: str, family: Family | None) -> None:
    assert OPERATORS.kernel_family(kernel) is family


def test_program_is_counted_by_the_kernels_that_it_calls() -> None:
    counts = load_file(CONVERTERS / "runtimes" / "relax_vm.py")._called(PROGRAM)
    assert counts == {"relu": 1, "conv2d": 2, "If": 1, "fused_matmul1_add_relu": 1, "call": 1}
