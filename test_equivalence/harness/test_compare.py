"""The comparison flags whatever differs beyond what is allowed, in every way in which outputs can differ."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnparity.budget import CONSTANT, Expectation, expectation
from nnparity.compare import Comparison, Rule, compare, ulps
from nnparity.dtypes import is_float, limits

FLOATS = st.sampled_from(sorted(CONSTANT))
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=5)
SEEDS = st.integers(0, 2**32 - 1)
OFTEN = settings(max_examples=50)
"""In every profile: what decides "pass" costs microseconds, and a fault of it would hide all others."""
SPECIAL = st.sampled_from([math.nan, math.inf, -math.inf])


def right(values: np.ndarray) -> Expectation:
    """Return an expectation of exactly these values, in their own dtype."""
    runs: list[Mapping[str, np.ndarray]] = [{"y": values.astype(np.float64) if is_float(values.dtype) else values}]
    return expectation(runs, [{"y": values}], values.dtype.name if is_float(values.dtype) else "float32")


def rules(comparison: Comparison) -> list[Rule]:
    return [problem.rule for problem in comparison.problems]


@st.composite
def outputs(draw: st.DrawFn) -> np.ndarray:
    """Draw a float array with at least one element, magnitudes 2**-4 to 2**4, both signs."""
    shape, dtype = draw(SHAPES, label="shape"), draw(FLOATS, label="dtype")
    rng = np.random.default_rng(draw(SEEDS, label="seed"))
    signs = np.where(rng.random(shape) < 0.5, -1.0, 1.0)
    return np.asarray(signs * 2.0 ** rng.uniform(-4, 4, shape)).astype(dtype)


@st.composite
def places(draw: st.DrawFn, array: np.ndarray) -> tuple[int, ...]:
    return tuple(draw(st.integers(0, size - 1), label="place") for size in array.shape)


def changed(array: np.ndarray, place: tuple[int, ...], value: Any) -> np.ndarray:
    copy = array.copy()
    copy[place] = value
    return copy


@OFTEN
@given(outputs())
def test_the_same_arrays_match(values: np.ndarray) -> None:
    comparison = compare({"y": values.copy()}, right(values))
    assert comparison.matches
    assert (comparison.wrong, comparison.max_ulp, comparison.elements) == (0, 0, values.size)
    assert comparison.detail == ""


@OFTEN
@given(st.data(), outputs(), st.floats(1.01, 1e6), st.sampled_from([-1, 1]))
def test_an_element_beyond_its_budget_is_always_flagged(
    data: st.DataObject, values: np.ndarray, times: float, sign: int
) -> None:
    place, expected = data.draw(places(values)), right(values)
    with np.errstate(over="ignore"):
        moved = np.asarray(values[place] + sign * times * expected.budget["y"][place]).astype(values.dtype)
    assume(np.isfinite(moved) and abs(float(moved) - float(values[place])) > expected.budget["y"][place])
    comparison = compare({"y": changed(values, place, moved)}, expected)
    assert rules(comparison) == [Rule.VALUE]
    assert comparison.wrong == 1
    assert comparison.error_over_budget > 1
    assert comparison.worst is not None
    assert comparison.worst.index == place


@OFTEN
@given(st.data(), outputs(), st.floats(-0.99, 0.99))
def test_an_element_within_its_budget_is_never_flagged(data: st.DataObject, values: np.ndarray, times: float) -> None:
    place, expected = data.draw(places(values)), right(values)
    moved = (float(values[place]) + times * float(expected.budget["y"][place]),)
    inside = np.asarray(moved[0]).astype(values.dtype)
    assume(abs(float(inside) - float(values[place])) <= expected.budget["y"][place])
    assert compare({"y": changed(values, place, inside)}, expected).matches


@OFTEN
@given(st.data(), outputs(), st.sampled_from([0.0, -1.0, 2.0]))
def test_a_negated_zeroed_or_doubled_element_is_always_flagged(
    data: st.DataObject, values: np.ndarray, factor: float
) -> None:
    place = data.draw(places(values))
    assert not compare({"y": changed(values, place, values[place] * values.dtype.type(factor))}, right(values)).matches


@OFTEN
@given(st.data(), outputs(), SPECIAL)
def test_nan_and_infinity_are_flagged_on_either_side(data: st.DataObject, values: np.ndarray, special: float) -> None:
    place = data.draw(places(values))
    with_special = changed(values, place, special)
    for actual, expected in ((with_special, values), (values, with_special)):
        comparison = compare({"y": actual}, right(expected))
        assert (rules(comparison), comparison.wrong) == ([Rule.NON_FINITE], 1)
        assert comparison.error_over_budget == math.inf
        assert comparison.contested == 0
    assert compare({"y": with_special}, right(with_special)).matches


@OFTEN
@given(st.data(), outputs(), SPECIAL, SPECIAL)
def test_one_kind_of_non_finite_does_not_stand_for_another(
    data: st.DataObject, values: np.ndarray, one: float, other: float
) -> None:
    place = data.draw(places(values))
    comparison = compare({"y": changed(values, place, one)}, right(changed(values, place, other)))
    assert comparison.matches == (str(one) == str(other))


@OFTEN
@given(outputs(), FLOATS)
def test_another_dtype_is_always_flagged_even_with_equal_values(values: np.ndarray, dtype: str) -> None:
    assume(dtype != values.dtype.name)
    exact = np.asarray(np.exp2(np.round(np.log2(np.abs(values.astype(np.float64))))))
    comparison = compare({"y": exact.astype(dtype)}, right(exact.astype(values.dtype)))
    assert rules(comparison) == [Rule.DTYPE]


@pytest.mark.parametrize("dtype", [">f4", "complex64", "int32", "bool"])
def test_a_dtype_that_is_no_native_float_is_flagged(dtype: str) -> None:
    values = np.ones(3, dtype=np.float32)
    assert Rule.DTYPE in rules(compare({"y": values.astype(dtype)}, right(values)))


@OFTEN
@given(outputs())
def test_another_shape_is_always_flagged(values: np.ndarray) -> None:
    expected = right(values)
    for other in (values[None], np.append(values, values.flat[0]), values.ravel()[1:], np.zeros(0, values.dtype)):
        if other.shape != values.shape:
            comparison = compare({"y": other}, expected)
            assert rules(comparison) == [Rule.SHAPE]
            assert (comparison.wrong_share, comparison.error_over_budget) == (1.0, math.inf)


@OFTEN
@given(st.integers(2, 5), FLOATS, SEEDS)
def test_a_transposed_layout_is_flagged_square_or_not(size: int, dtype: str, seed: int) -> None:
    square = np.random.default_rng(seed).permutation(size * size).reshape(size, size).astype(dtype)
    assert not compare({"y": square.T}, right(square)).matches
    assert not compare({"y": square[1:].T}, right(square[1:])).matches
    assert compare({"y": np.asfortranarray(square)}, right(square)).matches


@OFTEN
@given(outputs(), outputs())
def test_names_decide_and_not_positions(one: np.ndarray, other: np.ndarray) -> None:
    dtype = one.dtype.name
    first, second = one, np.asarray(other.astype(one.dtype) + one.dtype.type(64))
    runs = {"a": first, "b": second}
    expected = expectation([{name: array.astype(np.float64) for name, array in runs.items()}], [runs], dtype)
    assert compare({"b": second, "a": first}, expected).matches
    assert not compare({"a": second, "b": first}, expected).matches


@OFTEN
@given(outputs())
def test_missing_and_extra_outputs_are_flagged_first(values: np.ndarray) -> None:
    wide = values.astype(np.float64)
    expected = expectation([{"a": wide, "b": wide}], [{"a": values, "b": values}], values.dtype.name)
    comparison = compare({"a": np.full_like(values, np.nan), "c": values}, expected)
    assert rules(comparison) == [Rule.MISSING, Rule.EXTRA, Rule.NON_FINITE]
    assert [problem.output for problem in comparison.problems] == ["b", "c", "a"]
    assert comparison.wrong == comparison.elements
    assert rules(compare({"a": values, "b": values, "c": values}, expected)) == [Rule.EXTRA]


@pytest.mark.parametrize("given_outputs", [None, [np.ones(2)], (np.ones(2),), np.ones(2), "y", 3])
def test_what_is_not_a_mapping_is_a_problem_and_no_exception(given_outputs: object) -> None:
    comparison = compare(given_outputs, right(np.ones(2, np.float32)))
    assert rules(comparison) == [Rule.CONTAINER, Rule.MISSING]
    assert type(given_outputs).__name__ in comparison.detail


@pytest.mark.parametrize(
    "value",
    [None, [1.0, 1.0], 1.0, np.float32(1), "1", np.array([1.0, None]), np.array(["1", "1"]), np.ones(2, "M8[s]")],
    ids=lambda value: f"{type(value).__name__}-{getattr(value, 'dtype', '')}",
)
def test_what_is_not_an_array_of_numbers_is_a_problem_and_no_exception(value: object) -> None:
    comparison = compare({"y": value}, right(np.ones(2, np.float32)))
    assert rules(comparison) == [Rule.ARRAY]
    assert (comparison.wrong, comparison.error_over_budget) == (2, math.inf)


def test_a_number_where_overflow_is_certain_is_of_the_wrong_kind_and_counted_once() -> None:
    expected = expectation([{"y": np.array([1e39])}], [{"y": np.array([np.inf], np.float32)}], "float32")
    comparison = compare({"y": np.array([3.0], np.float32)}, expected)
    assert (rules(comparison), comparison.wrong, comparison.error_over_budget) == ([Rule.NON_FINITE], 1, math.inf)


def test_names_that_are_no_strings_are_problems_and_no_exception() -> None:
    comparison = compare({0: np.ones(2), None: np.ones(2)}, right(np.ones(2, np.float32)))
    assert rules(comparison) == [Rule.MISSING, Rule.EXTRA, Rule.EXTRA]


def test_a_mask_hides_nothing() -> None:
    values = np.ones(3, np.float32)
    masked = np.ma.masked_array(np.array([1, 9, 1], np.float32), mask=[False, True, False])
    assert rules(compare({"y": masked}, right(values))) == [Rule.VALUE]


@OFTEN
@given(hnp.arrays(st.sampled_from([np.int8, np.int32, np.int64, np.uint8, np.bool_]), SHAPES), st.data())
def test_integers_and_booleans_are_exact(values: np.ndarray, data: st.DataObject) -> None:
    expected, place = right(values), data.draw(places(values))
    assert compare({"y": values.copy()}, expected).matches
    comparison = compare({"y": changed(values, place, values[place] ^ values.dtype.type(1))}, expected)
    assert (rules(comparison), comparison.wrong) == ([Rule.VALUE], 1)
    assert comparison.error_over_budget == math.inf


def test_integers_beyond_float64_are_told_apart() -> None:
    values = np.array([2**62], np.int64)
    assert not compare({"y": values + 1}, right(values)).matches


@OFTEN
@given(outputs(), st.integers(-6, 6), SEEDS)
def test_the_verdict_does_not_change_with_a_power_of_two(values: np.ndarray, exponent: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    factor = values.dtype.type(2.0**exponent)
    error = rng.standard_normal(values.shape) * 40 * float(limits(values.dtype).eps)
    actual, eager = values * (1 + error), values * (1 + 0.02 * error)
    runs = [values.astype(np.float64), values.astype(np.float64) * (1 + 0.01 * rng.standard_normal(values.shape))]

    def judged(scale: np.floating) -> Comparison:
        judge = expectation([{"y": np.asarray(run * scale)} for run in runs], [{"y": eager * scale}], values.dtype.name)
        return compare({"y": np.asarray(actual * scale)}, judge)

    assume(min(np.abs(values * factor).min(), np.abs(values).min()) > 64 * limits(values.dtype).smallest_normal)
    plain, scaled = judged(values.dtype.type(1)), judged(factor)
    assert rules(plain) == rules(scaled)
    assert plain.error_over_budget == pytest.approx(scaled.error_over_budget, rel=1e-12)


@OFTEN
@given(FLOATS, st.data())
def test_ulps_count_the_numbers_in_between(dtype: str, data: st.DataObject) -> None:
    bits = st.integers(-(2 ** (np.dtype(dtype).itemsize * 8 - 2)), 2 ** (np.dtype(dtype).itemsize * 8 - 2))
    start, steps = data.draw(bits, label="start"), data.draw(st.integers(-9, 9), label="steps")
    one, other = numbered(start, dtype), numbered(start + steps, dtype)
    assume(np.isfinite(one) and np.isfinite(other))
    assert ulps(actual=one, expected=other) == ulps(actual=other, expected=one) == abs(steps)


def numbered(number: int, dtype: str) -> np.ndarray:
    """Return the float that is so many steps above zero, or below it."""
    width = np.dtype(dtype).itemsize
    magnitude = np.array([abs(number)], dtype=f"i{width}").view(dtype)
    return magnitude if number >= 0 else -magnitude


@pytest.mark.parametrize("dtype", sorted(CONSTANT))
def test_ulps_at_the_ends(dtype: str) -> None:
    ends = limits(dtype)
    greatest, infinite = np.array([ends.max]), np.array([np.inf], dtype)
    zero, least = np.zeros(1, dtype), np.array([ends.smallest_subnormal])
    assert ulps(actual=-zero, expected=zero) == 0
    assert ulps(actual=-least, expected=least) == 2
    assert ulps(actual=infinite, expected=greatest) == 1
    assert ulps(actual=-greatest, expected=greatest) == 2 * int(ulps(actual=greatest, expected=zero)[0])


def test_a_mismatch_says_what_where_and_what_was_allowed() -> None:
    values = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    comparison = compare({"y": changed(values, (1, 0), 3.5)}, right(values))
    for words in ("output y", "1 of 4 elements (25.0%)", "absolute error 0.5", "ULP of float32", "[1, 0]", "allowed"):
        assert words in comparison.detail
    assert (comparison.max_abs, comparison.max_ulp, comparison.wrong_share) == (0.5, 2**21, 0.25)
    worst = comparison.worst
    assert worst is not None
    assert (worst.expected, worst.actual, worst.allowed) == (3.0, 3.5, float(right(values).budget["y"][1, 0]))


def test_empty_outputs_match_only_empty_outputs() -> None:
    expected = right(np.zeros((0, 3), np.float32))
    assert compare({"y": np.zeros((0, 3), np.float32)}, expected).matches
    assert not compare({"y": np.zeros((0, 2), np.float32)}, expected).matches
    assert not compare({}, expected).matches


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_opposite_ends_of_float64_are_far_apart(sign: float) -> None:
    values = np.array([sign * np.finfo(np.float64).max * 0.9])
    comparison = compare({"y": -values}, right(values))
    assert rules(comparison) == [Rule.VALUE]
    assert comparison.error_over_budget > 1
