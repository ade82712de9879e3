"""Perturbations move every float by at most one unit of rounding, and neighbours never together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnparity.dtypes import limits, named
from nnparity.perturbation import PERTURBATIONS, nudged_runs, perturbed, perturbed_runs

DTYPES = ("bfloat16", "float16", "float32", "float64")
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6)
SEEDS = st.integers(0, 2**32 - 1)
OFTEN = settings(max_examples=50)
"""In every profile: what decides "pass" costs microseconds, and a fault of it would hide all others."""


def any_floats(dtype: str) -> st.SearchStrategy[np.ndarray]:
    if dtype == "bfloat16":
        return hnp.arrays("uint16", SHAPES).map(lambda bits: bits.view(named(dtype)))
    return hnp.arrays(dtype, SHAPES)


@pytest.mark.parametrize("dtype", DTYPES)
@OFTEN
@given(data=st.data(), seed=SEEDS)
@np.errstate(invalid="ignore")
def test_a_float_moves_by_at_most_one_unit_and_specials_stay(dtype: str, data: st.DataObject, seed: int) -> None:
    x = data.draw(any_floats(dtype))
    smallest, rng = limits(dtype).smallest_normal, np.random.default_rng(seed)
    for run in (perturbed({"x": x}, rng, dtype), *perturbed_runs({"x": x}, rng, dtype)):
        moved = run["x"]
        assert (moved.dtype, moved.shape) == (x.dtype, x.shape)
        stays = ~np.isfinite(x) | (x == 0)
        assert np.array_equal(moved[stays], x[stays], equal_nan=True)
        subnormal = ~stays & (np.abs(x) < smallest)
        assert not moved[subnormal].any()
        np.testing.assert_array_equal(np.signbit(moved), np.signbit(x))
        normal = np.isfinite(x) & (np.abs(x) >= smallest)
        with np.errstate(over="ignore"):
            low, high = np.nextafter(x, x.dtype.type(-np.inf)), np.nextafter(x, x.dtype.type(np.inf))
        assert ((moved >= low) & (moved <= high) & np.isfinite(moved))[normal].all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_perturbed_run_moves_every_normal_float_both_ways(dtype: str) -> None:
    x = np.ones(200, dtype)
    moved = perturbed({"x": x}, np.random.default_rng(0), dtype)["x"]
    assert (moved != x).all()
    assert 50 < (moved > x).sum() < 150


@OFTEN
@given(hnp.arrays(st.sampled_from(["int8", "int64", "bool"]), SHAPES), SEEDS)
def test_integers_and_booleans_stay(x: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    runs = (perturbed({"x": x}, rng, "float32"), *perturbed_runs({"x": x}, rng, "float32"))
    for run in (*runs, *nudged_runs({"x": x}, rng, "float32")):
        np.testing.assert_array_equal(run["x"], x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_empty_arrays_stay_empty(dtype: str) -> None:
    x, rng = {"x": np.zeros((2, 0, 3), dtype)}, np.random.default_rng(0)
    runs = (perturbed(x, rng, dtype), *perturbed_runs(x, rng, dtype), *nudged_runs(x, rng, dtype))
    assert {run["x"].shape for run in runs} == {(2, 0, 3)}


@OFTEN
@given(st.integers(2, 10), SEEDS)
def test_no_two_neighbours_move_alike_or_against_each_other_in_every_run(size: int, seed: int) -> None:
    x = np.ones(size, np.float32)
    runs = perturbed_runs({"x": x}, np.random.default_rng(seed), "float32")
    ways = np.sign([run["x"] - x for run in runs])
    assert len(runs) == PERTURBATIONS
    assert (np.abs(ways).sum(axis=0) >= 2).all()
    for one, other in itertools.combinations(ways.T, 2):
        assert (one != other).any()
        assert (one != -other).any()


@OFTEN
@given(SEEDS)
def test_the_same_seed_gives_the_same_runs(seed: int) -> None:
    x = {"x": np.linspace(-1, 1, 23, dtype=np.float32)}
    one, other = (perturbed_runs(x, np.random.default_rng(seed), "float32") for _ in range(2))
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine["x"], theirs["x"])


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
@OFTEN
@given(x=st.floats(0.5, 2.0), seed=SEEDS)
def test_nudges_go_both_ways_by_far_less_than_a_unit(dtype: str, x: float, seed: int) -> None:
    array = np.full((2, 3), x).astype(dtype)
    there, back = (run["x"] for run in nudged_runs({"x": array}, np.random.default_rng(seed), dtype))
    exact, unit = array.astype(np.float64), float(limits(dtype).eps)
    assert there.dtype == back.dtype == np.float64
    assert ((there - exact) * (back - exact) < 0).all()
    assert (np.abs(there - exact) < unit * 2.0**-14).all()


def test_float64_has_no_nudges() -> None:
    assert nudged_runs({"x": np.ones(2)}, np.random.default_rng(0), "float64") == ()
