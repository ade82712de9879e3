"""What an outcome keeps of its numbers is small, is right, and is read back, whatever it was written by."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnparity.budget import expectation
from nnparity.compare import compare
from nnparity.evidence import AT_MOST, Window, around, described, inputs_of
from nnparity.loading import load_file
from nnparity.outcome import Outcome

drawn = load_file(Path(__file__).with_name("drawn_results.py"))
ODD = np.array([[0.1, math.nan], [math.inf, -2]], dtype=np.float32)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=9)


def read_back(kept: Any) -> Any:
    """Return the evidence as a results file holds it."""
    line = json.dumps(drawn.one(evidence=kept).to_json(), allow_nan=False)
    return Outcome.from_json(json.loads(line)).evidence


@settings(deadline=None)
@given(st.data(), SHAPES, st.sampled_from(["float32", "float64", "float16", "bfloat16", "int64", "bool"]))
def test_window_holds_the_worst_element_and_its_neighbours(data: st.DataObject, shape: Any, dtype: str) -> None:
    index = tuple(data.draw(st.integers(0, size - 1)) for size in shape)
    got = np.arange(math.prod(shape)).reshape(shape).astype(np.dtype(dtype))
    kept = around("y", index, expected=got, got=got, allowed=np.zeros(shape))
    window = Window.of(read_back({"window": kept})["window"])
    assert window is not None
    row, column = window.worst
    assert float(window.grids["got"][row][column]) == float(got[index])
    assert len(window.rows) == min(AT_MOST, (1, 1, *shape)[-2])
    assert len(window.columns) == min(AT_MOST, (1, 1, *shape)[-1])
    assert (window.rows[row], window.columns[column]) == (0, 0, *index)[-2:]


def test_comparison_keeps_a_window_where_something_is_wrong() -> None:
    values = np.arange(30, dtype=np.float32).reshape(5, 6)
    right = expectation([{"y": values.astype(np.float64)}], [{"y": values}], "float32")
    assert compare({"y": values}, right).window == {}
    wrong = values.copy()
    wrong[4, 5] = math.nan
    window = compare({"y": wrong}, right).window
    assert (window["index"], window["corner"], window["shape"]) == ([4, 5], [0, 1], [5, 6])
    assert math.isnan(window["got"][4][4])
    assert window["expected"][4] == [25, 26, 27, 28, 29]
    assert compare({"y": values[:2]}, right).window == {}
    assert compare({}, right).window == {}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_digits_tell_neighbours_apart(dtype: str) -> None:
    one = np.ones(1, dtype=dtype)
    next_one = np.nextafter(one, one + 1, dtype=dtype)
    kept = around("y", (0,), expected=one, got=next_one, allowed=one)
    assert np.dtype(dtype).type(kept["got"][0][0]) == next_one[0]
    assert kept["got"] != kept["expected"]


@pytest.mark.parametrize(
    ("array", "kind", "extent", "odd", "first"),
    [
        (ODD, "float32 (2, 2)", "-2.0 to 0.1", "1 NaN, 1 infinite", "0.1, nan, inf, -2.0"),
        (np.array([True, False]), "bool (2)", "0 to 1", "", "1, 0"),
        (np.array([2**60, -7]), "int64 (2)", f"-7 to {2**60}", "", f"{2**60}, -7"),
        (np.zeros((0, 3), dtype=np.float16), "float16 (0, 3)", "", "", ""),
        (np.full(9, math.nan), "float64 (9)", "", "9 NaN", "nan, nan, nan, nan, nan"),
        (np.array(0.5).astype(np.dtype("bfloat16")), "bfloat16 ()", "0.5 to 0.5", "", "0.5"),
    ],
)  # fmt: skip
def test_inputs_are_described(array: np.ndarray, kind: str, extent: str, odd: str, first: str) -> None:
    (said,) = inputs_of(read_back({"inputs": described({"x": array})})["inputs"])
    assert (said.name, said.kind, said.range, said.odd, said.first) == ("x", kind, extent, odd, first)


def test_a_failure_grows_by_little() -> None:
    array = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    kept = {
        "window": around("y", (30, 30), expected=array.astype(np.float64), got=array, allowed=np.abs(array) * 1e-6),
        "inputs": described({"x": array, "weights": array}),
    }
    assert len(json.dumps(kept)) < 1800


def test_a_match_has_no_evidence_in_its_line() -> None:
    assert "evidence" not in drawn.one().to_json()
    assert Outcome.from_json(drawn.one().to_json()).evidence == {}


@given(drawn.evidence())
def test_any_evidence_can_be_read(kept: dict[str, Any]) -> None:
    again = read_back(kept)
    Window.of(again.get("window"))
    inputs_of(again.get("inputs"))
