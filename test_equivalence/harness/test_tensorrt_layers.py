"""The layers of an engine are read off TensorRT's log."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnparity.contracts import Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[2] / "converters" / "support"
LAYERS = load_file(SUPPORT / "tensorrt_layers.py")
ENGINE = """Layers:
Name: __myl_MulAdd_myl0_0, LayerType: kgen, Inputs: [ { Name: x, Dimensions: [2,3] }], TacticName: __myl_MulAdd_0x93
Name: /MatMul, one_2, LayerType: gemm, Inputs: [ { Name: y, Dimensions: [2,3] }]
Name: __myl_MulAdd_myl0_2, LayerType: kgen, Inputs: [ { Name: z, Dimensions: [2,3] }]
Name: __mye23_0_myl0_3, LayerType: shape_call, Inputs: [], Constants: [], Outputs: []

I/O Tensors:
 Name: x, IOMode: Input, DataType: Float, LayerType: none
"""


def test_generated_kernels_go_by_their_operators_and_others_by_their_type() -> None:
    assert LAYERS.counts(["Graph optimization took 1 s", ENGINE]) == {"MulAdd": 2, "gemm": 1, "shape_call": 1}


def test_layers_of_the_latest_build_count() -> None:
    assert LAYERS.counts([ENGINE, "Layers:\nName: a, LayerType: memset, Inputs: []"]) == {"memset": 1}


def test_a_build_that_logs_no_layers_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="logged no layers"):
        LAYERS.counts(["Name: a, LayerType: gemm"])


@pytest.mark.parametrize(
    ("layer", "family"),
    [("MulAdd", Family.FUSED), ("Mul", Family.ELEMENTWISE), ("gemm", Family.MATMUL), ("Fcadd", None), ("myl", None)],
)
def test_a_kernel_of_several_operators_is_fused_and_an_unknown_one_is_unclaimed(
    layer: str, family: Family | None
) -> None:
    assert LAYERS.family(layer) is family
