"""Another order of operations always passes, and a fault does not."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnparity.budget import CONSTANT, Expectation
from nnparity.compare import compare
from nnparity.contracts import Arrays
from nnparity.loading import load_file

pairs = load_file(Path(__file__).with_name("equal_pairs.py"))
calibration = load_file(Path(__file__).parents[2] / "benchmarks" / "calibrate_budget.py")

DTYPES = sorted(CONSTANT)
SEEDS = st.integers(0, 2**16 - 1)
OFTEN = settings(max_examples=50)
"""In every profile: what decides "pass" costs microseconds, and a fault of it would hide all others."""


FAULTS = [
    pytest.param(pair, function, dtype, id=f"{pair.name}-{name}-{dtype}")
    for dtype in DTYPES
    for pair in pairs.PAIRS
    for name, function in pair.faults(dtype).items()
]


def case(pair: Any, *, size: int, content: str, dtype: str, seed: int) -> tuple[Arrays, Expectation]:
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        arrays = pairs.inputs(pair, size=size, content=content, dtype=dtype, rng=rng)
        return arrays, pairs.expected(pair, arrays, dtype=dtype, rng=rng)


@pytest.mark.parametrize("pair", pairs.PAIRS, ids=lambda pair: pair.name)
@OFTEN
@given(data=st.data(), dtype=st.sampled_from(DTYPES), seed=SEEDS)
def test_another_order_of_operations_is_never_flagged(data: st.DataObject, pair: Any, dtype: str, seed: int) -> None:
    size = data.draw(st.integers(pair.smallest, 64), label="size")
    content = data.draw(st.sampled_from(pair.contents), label="content")
    arrays, expected = case(pair, size=size, content=content, dtype=dtype, seed=seed)
    with np.errstate(all="ignore"):
        outputs = {name: function(arrays) for name, function in pair.equal.items()}
    assert not [name for name, output in outputs.items() if not compare({"y": output}, expected).matches]


@pytest.mark.parametrize(("pair", "fault", "dtype"), FAULTS)
def test_a_fault_is_always_flagged_on_ordinary_inputs(pair: Any, fault: Any, dtype: str) -> None:
    for seed in range(8):
        arrays, expected = case(pair, size=8 + seed, content="normal", dtype=dtype, seed=seed)
        assert not compare({"y": fault(arrays)}, expected).matches


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_constant_lies_between_what_equal_functions_need_and_what_faults_give(dtype: str) -> None:
    equal, faults = calibration.measured(dtype, 96)
    assert 1.5 * max(max(values) for values in equal.values()) <= CONSTANT[dtype]
    assert min(statistics.median(values) for values in faults.values()) > 2 * CONSTANT[dtype]
