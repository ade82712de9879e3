"""The budget widens by itself in ill-conditioned cases, and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnparity.budget import CONSTANT, Expectation, expectation
from nnparity.compare import Rule, compare
from nnparity.contracts import Arrays
from nnparity.dtypes import limits
from nnparity.loading import load_file
from nnparity.perturbation import nudged_runs, perturbed_runs
from nnparity.strategies import EXTREME

orders = load_file(Path(__file__).with_name("orders.py"))

DTYPES = sorted(CONSTANT)
SEEDS = st.integers(0, 2**16 - 1)
OFTEN = settings(max_examples=50)
"""In every profile: what decides "pass" costs microseconds, and a fault of it would hide all others."""
Function = Callable[[np.ndarray], np.ndarray]


def judged(function: Function, x: np.ndarray, *, eager: Function | None, seed: int = 0) -> Expectation:
    """Return what is expected of the function at x, the way the engine makes it; eager computes in x's dtype."""
    rng, dtype = np.random.default_rng(seed), x.dtype.name
    runs = [{"x": x}, *perturbed_runs({"x": x}, rng, dtype)]
    with np.errstate(all="ignore"):
        return expectation(
            [{"y": np.asarray(function(run["x"].astype(np.float64)))} for run in runs],
            [{"y": np.asarray(eager(run["x"]))} for run in runs] if eager else [],
            dtype,
            nudged_runs=[{"y": np.asarray(function(run["x"]))} for run in nudged_runs({"x": x}, rng, dtype)],
        )


def given_values(references: Sequence[float], eagers: Sequence[float], dtype: str = "float32") -> Expectation:
    """Return what is expected of one element with these runs."""
    return expectation(
        [{"y": np.array([value], np.float64)} for value in references],
        [{"y": np.array([value], dtype)} for value in eagers],
        dtype,
    )


def accepts(expected: Expectation, value: float, dtype: str = "float32") -> bool:
    return compare({"y": np.array([value], dtype)}, expected).matches


@pytest.mark.parametrize("dtype", DTYPES)
@OFTEN
@given(seed=SEEDS, bits=st.integers(2, 8))
def test_the_budget_widens_with_the_condition(dtype: str, seed: int, bits: int) -> None:
    x = np.array([[1.0, -1.0 + 2.0**-bits]]).astype(dtype)

    def cancelled(x: np.ndarray) -> np.ndarray:
        return np.asarray(x[:, 0] + x[:, 1])

    budget = judged(cancelled, x, eager=cancelled, seed=seed).budget["y"][0]
    unit = float(limits(dtype).eps)
    assert 0.5 * CONSTANT[dtype] * unit <= budget <= 4 * CONSTANT[dtype] * unit


def test_a_well_conditioned_value_has_a_budget_of_its_own_rounding() -> None:
    budget = judged(np.exp, np.array([0.5], np.float32), eager=np.exp).budget["y"][0]
    assert budget <= 2 * CONSTANT["float32"] * limits("float32").eps * math.exp(0.5)


def test_a_luckily_exact_element_is_not_held_to_zero() -> None:
    reference, eager = np.array([1e-9, 1.0, 1.0]), np.array([1e-9, 1.0, 1.0]) + np.array([0.0, 1e-6, 1e-6])
    budget = expectation([{"y": reference}], [{"y": eager.astype(np.float32)}], "float32").budget["y"]
    root_mean_square = math.sqrt(2 / 3) * 1e-6
    assert budget[0] == pytest.approx(CONSTANT["float32"] * root_mean_square, rel=0.1)


def test_the_eager_error_of_a_perturbed_run_counts() -> None:
    lucky = given_values([1.0, 1.0], [1.0, 1.0])
    unlucky = given_values([1.0, 1.0], [1.0, 1.0 + 2.0**-12])
    assert unlucky.budget["y"][0] == CONSTANT["float32"] * 2.0**-12 > lucky.budget["y"][0]


def test_a_root_is_judged_by_the_reference_alone() -> None:
    x = np.array([[0.1, 0.2, 0.7]])
    expected = judged(orders.softmax, x, eager=None)
    assert expected.eager == {}
    assert expected.outputs["y"].dtype == np.dtype(np.float64)
    assert compare({"y": orders.softmax_unshifted(x)}, expected).matches
    assert not compare({"y": orders.softmax(x.astype(np.float32)).astype(np.float64)}, expected).matches


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@OFTEN
@given(seed=SEEDS, positive=st.booleans(), size=st.integers(2, 16))
def test_overflow_in_one_order_and_not_in_another_is_never_flagged(
    dtype: str, seed: int, positive: bool, size: int
) -> None:
    rng = np.random.default_rng(seed)
    with np.errstate(over="ignore"):
        x = EXTREME["huge"](rng, (2, size), np.dtype(dtype)).astype(dtype)
        w = rng.standard_normal((size, 3)).astype(dtype)
        w = np.abs(w) if positive else w
        expected = judged(lambda x: x @ w.astype(x.dtype), x, eager=lambda x: orders.product(x, w), seed=seed)
    with np.errstate(all="ignore"):
        for order in (orders.ordered_product(x, w), orders.ordered_product(x[:, ::-1], w[::-1])):
            assert compare({"y": order}, expected).matches


@pytest.mark.parametrize("dtype", DTYPES)
def test_overflow_is_strict_away_from_the_greatest_number(dtype: str) -> None:
    greatest = float(limits(dtype).max)
    expected = given_values([greatest / 2], [greatest / 2], dtype)
    assert expected.contested == 0
    assert not accepts(expected, math.inf, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_at_the_greatest_number_both_sides_of_overflow_are_right(dtype: str) -> None:
    greatest = float(limits(dtype).max)
    for value in (greatest, greatest * (1 + 1e-8), -greatest):
        expected = given_values([value], [math.copysign(greatest, value)], dtype)
        assert expected.contested == 1
        assert accepts(expected, math.copysign(greatest, value), dtype)
        assert accepts(expected, math.copysign(math.inf, value), dtype)
        assert not accepts(expected, -math.copysign(math.inf, value), dtype)
        assert not accepts(expected, math.nan, dtype)
        assert not accepts(expected, value * 0.5, dtype)


@pytest.mark.parametrize(
    ("dtype", "beyond"), [("float32", 1 + 2.0**-22), ("float16", 1 + 2.0**-10), ("bfloat16", 1 + 2.0**-7)]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_just_beyond_the_greatest_number_that_number_is_right_too(dtype: str, beyond: float, sign: int) -> None:
    greatest = sign * float(limits(dtype).max)
    expected = given_values([greatest * beyond], [sign * math.inf], dtype)
    assert expected.contested == 1
    assert [accepts(expected, value, dtype) for value in (sign * math.inf, greatest, greatest / 2)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(("eager", "right"), [(0.0, [0.0]), (math.nan, [0.0, math.nan])])
def test_on_the_edge_of_a_domain_only_the_case_itself_decides(eager: float, right: list[float]) -> None:
    """As sqrt(x - 1) at 1: NaN is near, but the case is not there."""
    reference, outside = np.array([0.0]), np.array([math.nan])
    expected = expectation(
        [{"y": reference}, {"y": outside}],
        [{"y": np.array([eager], np.float32)}],
        "float32",
        nudged_runs=[{"y": outside}],
    )
    assert [value for value in (0.0, math.nan, math.inf) if accepts(expected, value)] == pytest.approx(
        right, nan_ok=True
    )


def test_perturbed_runs_that_are_all_nan_make_no_edge() -> None:
    """As a product that overflows one unit of rounding farther on: nothing says that the case is a tie."""
    outside = np.array([math.nan])
    expected = expectation(
        [{"y": np.array([2.0])}, {"y": outside}, {"y": outside}],
        [{"y": np.array([2.0], np.float32)}],
        "float32",
        nudged_runs=[{"y": np.array([2.0 + 2.0**-40])}],
    )
    assert [value for value in (2.0, math.nan, math.inf) if accepts(expected, value)] == pytest.approx(
        [2.0, math.nan], nan_ok=True
    )


def test_where_the_reference_is_nan_the_roots_own_rounding_counts() -> None:
    """A small element of a row of ones, which the root makes by cancellation and the reference does not know."""
    unknown, row = np.full((1, 2), math.nan), np.array([[1.0, 2.0**-20]], np.float32)
    moved = row + np.float32(2.0**-23) * np.array([[1, 1]], np.float32)
    for eagers in ([row], [row, moved]):
        expected = expectation([{"y": unknown}, {"y": unknown}], [{"y": one} for one in eagers], "float32")
        assert compare({"y": row + np.float32(2.0**-22)}, expected).matches
        assert not compare({"y": row + np.float32(2.0**-10)}, expected).matches


@pytest.mark.parametrize(
    ("reference", "eager", "right", "wrong"),
    [
        (2.0, math.nan, [2.0, math.nan], [3.0, math.inf, -math.inf]),
        (2.0, -math.inf, [2.0, -math.inf], [3.0, math.nan, math.inf]),
        (math.nan, 2.0, [2.0, math.nan], [3.0, math.inf]),
        (1e39, 3e38, [math.inf, 3e38], [math.nan]),
        (math.inf, math.nan, [math.inf, math.nan], [2.0, -math.inf]),
    ],
)
def test_where_reference_and_root_disagree_either_is_right_and_it_is_counted(
    reference: float, eager: float, right: list[float], wrong: list[float]
) -> None:
    expected = given_values([reference], [eager])
    assert expected.contested == 1
    assert [value for value in right if not accepts(expected, value)] == []
    assert [value for value in wrong if accepts(expected, value)] == []
    comparison = compare({"y": np.array([right[0]], np.float32)}, expected)
    assert comparison.contested == 1
    assert "1 of 1 elements (100.0%) contested" in comparison.detail


def test_a_kind_seen_only_on_a_perturbed_run_is_contested() -> None:
    expected = given_values([2.0, math.nan], [2.0])
    assert (expected.contested, accepts(expected, math.nan), accepts(expected, 2.0)) == (1, True, True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_results_below_the_smallest_normal_number_may_be_flushed_to_zero(dtype: str) -> None:
    tiny = float(limits(dtype).smallest_normal)
    assert accepts(given_values([tiny / 2], [tiny / 2], dtype), 0.0, dtype)
    assert not accepts(given_values([tiny * 16], [tiny * 16], dtype), 0.0, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@OFTEN
@given(seed=SEEDS)
def test_on_a_tie_only_the_right_rounding_passes(dtype: str, seed: int) -> None:
    x = (np.arange(-5, 6) + 0.5).astype(dtype)
    expected = judged(np.round, x, eager=np.round, seed=seed)
    assert compare({"y": np.round(x)}, expected).matches
    assert not compare({"y": np.copysign(np.floor(np.abs(x) + 0.5), x).astype(dtype)}, expected).matches


@OFTEN
@given(seed=SEEDS)
def test_off_a_tie_by_less_than_rounding_either_side_passes(seed: int) -> None:
    x = np.nextafter(np.full(4, 3.5, np.float32), np.float32(0))

    def scaled_then_rounded(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.round(x * x.dtype.type(1.0)))

    expected = judged(scaled_then_rounded, x, eager=scaled_then_rounded, seed=seed)
    assume((expected.budget["y"] > 1).all())
    assert compare({"y": np.full(4, 4, np.float32)}, expected).matches


@OFTEN
@given(seed=SEEDS)
def test_an_integer_is_contested_only_where_rounding_decides_it(seed: int) -> None:
    def first_greatest(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.argmax(x, axis=-1))

    near = np.nextafter(np.float32(1), np.float32(2))
    x = np.array([[3.0, 1.0, 0.0], [1.0, near, 0.0], [2.0, 2.0, 0.0]], np.float32)
    expected = judged(first_greatest, x, eager=first_greatest, seed=seed)
    clear, close, tied = (np.array(answer) for answer in ([0, 1, 0], [0, 0, 0], [0, 1, 1]))
    assert compare({"y": clear}, expected).matches
    assert compare({"y": close}, expected).matches == (expected.contested == 1)
    assert not compare({"y": tied}, expected).matches
    assert not compare({"y": np.array([0, 2, 0])}, expected).matches


def test_an_integer_on_which_the_root_disagrees_is_contested() -> None:
    expected = expectation([{"y": np.array([3, 4])}], [{"y": np.array([3, 5])}], "float32")
    assert expected.contested == 1
    assert [compare({"y": np.array([3, last])}, expected).matches for last in (4, 5, 6)] == [True, True, False]


@pytest.mark.parametrize("dtype", DTYPES)
@OFTEN
@given(seed=SEEDS, exponent=st.integers(-6, 6))
def test_the_budget_scales_with_a_power_of_two(dtype: str, seed: int, exponent: int) -> None:
    x = np.random.default_rng(seed).uniform(0.5, 1.0, (3, 4)).astype(dtype)
    factor = x.dtype.type(2.0**exponent)
    plain = judged(orders.in_pairs, x, eager=orders.in_order, seed=seed).budget["y"]
    scaled = judged(orders.in_pairs, x * factor, eager=orders.in_order, seed=seed).budget["y"]
    np.testing.assert_allclose(scaled, plain * float(factor), rtol=1e-9)


@pytest.mark.parametrize(
    ("references", "eagers", "dtype", "words"),
    [
        ([{"y": np.ones(2)}], [], "float8_e5m2", "no constant for dtype 'float8_e5m2'"),
        ([], [], "float32", "0 reference runs"),
        ([{"y": np.ones(2)}], [{"y": np.ones(2)}] * 2, "float32", "1 reference runs for 2 eager runs"),
        ([{"y": np.ones(2)}], [{"y": np.ones(3)}], "float32", "eager run 0"),
        ([{"y": np.ones(2)}], [{"z": np.ones(2)}], "float32", "eager run 0"),
        ([{"y": np.ones(2)}, {}], [], "float32", "reference run 1"),
    ],
)
def test_runs_that_do_not_go_together_are_refused(
    references: list[Arrays], eagers: list[Arrays], dtype: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        expectation(references, eagers, dtype)


def test_a_value_beyond_its_budget_is_a_value_problem_of_that_output() -> None:
    comparison = compare({"y": np.array([1.001], np.float32)}, given_values([1.0], [1.0]))
    assert [(problem.rule, problem.output) for problem in comparison.problems] == [(Rule.VALUE, "y")]


def test_scale_widens_only_what_it_covers() -> None:
    exact = {"y": np.array([1e-9, 1.0])}
    plain = expectation([exact, exact], [], "float32").budget["y"]
    scaled = expectation([exact, exact], [], "float32", scale={"y": np.array([4.0, 0.5])}).budget["y"]
    assert scaled[0] == CONSTANT["float32"] * float(limits("float32").eps) * 4.0 > plain[0]
    assert scaled[1] == plain[1]
