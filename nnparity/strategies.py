"""Hypothesis strategies for configs and inputs that are valid by construction.

A tensor is drawn as a kind of content and a seed, and filled by NumPy, so that a draw costs microseconds
and shrinks to a simpler kind and a smaller seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from nnparity.contracts import Arrays, Config
from nnparity.dtypes import limits

Fill = Callable[[np.random.Generator, tuple[int, ...], np.dtype[Any]], np.ndarray]

SearchStrategy = st.SearchStrategy
composite = st.composite
sampled_from = st.sampled_from
booleans = st.booleans
integers = st.integers
just = st.just
# Hypothesis 6.170 mixes into a wide range of integers the constants (100 or more) of whatever source files happen to be
# loaded, so that the same seed draws otherwise on another machine; below 100 it does not.
SEEDS = st.tuples(st.integers(0, 99), st.integers(0, 99)).map(lambda digits: 100 * digits[0] + digits[1])


def configs(**keys: SearchStrategy[Any]) -> SearchStrategy[Config]:
    """Draw a config with these keys; `batch` (1 to 5) and `dtype` (float32) are added unless given."""
    defaults = {"batch": sizes(5), "dtype": st.just("float32")}
    return st.fixed_dictionaries({**defaults, **keys})


def sizes(largest: int = 9, *, smallest: int = 1) -> SearchStrategy[int]:
    """Draw the size of an axis; 1 and odd sizes come up often."""
    if smallest > largest:
        raise ValueError(f"sizes: smallest={smallest} is greater than largest={largest}; swap or widen them")
    return st.integers(smallest, largest)


def shapes(*, ranks: tuple[int, int] = (1, 4), largest: int = 7) -> SearchStrategy[list[int]]:
    """Draw a shape as a list (a JSON value) with a rank in the closed range `ranks`."""
    return st.lists(sizes(largest), min_size=ranks[0], max_size=ranks[1])


def same_padding(window: Mapping[str, list[int]]) -> list[int]:
    """Return the padding with which a window has ceil(size / stride) places on every axis, the odd cell after.

    window: as `windows` draws it. Source: TensorFlow, tf.nn, section "Notes on padding", SAME.
    """
    before, after = [], []
    keys = ("kernel", "stride", "dilation", "size")
    for kernel, stride, dilation, size in zip(*(window[key] for key in keys), strict=True):
        reach = (kernel - 1) * dilation + 1
        total = max(0, (-(-size // stride) - 1) * stride + reach - size)
        before.append(total // 2)
        after.append(total - total // 2)
    return before + after


@composite
def windows(
    draw: st.DrawFn, *, axes: int, kernel: int = 3, stride: int = 3, dilation: int = 2, slack: int = 5
) -> dict[str, list[int]]:
    """Draw a sliding window and an input, up to `slack` cells larger than need be, in which it has a place.

    Keys: kernel, stride, dilation, size: one number an axis. padding: cells before every axis, then after every axis
    (top, left, bottom, right): none, `same_padding`, or any counts below the window's reach.
    """
    window = {
        key: draw(st.lists(sizes(largest), min_size=axes, max_size=axes))
        for key, largest in (("kernel", kernel), ("stride", stride), ("dilation", dilation))
    }
    reach = [(each - 1) * step + 1 for each, step in zip(window["kernel"], window["dilation"], strict=True)]
    kind = draw(st.sampled_from(["none", "same", "any"]))
    if kind == "same":
        window["size"] = draw(st.lists(sizes(slack + 1), min_size=axes, max_size=axes))
        return {**window, "padding": same_padding(window)}
    padding = [draw(st.integers(0, cells - 1)) if kind == "any" else 0 for cells in reach * 2]
    least = [
        max(1, cells - before - after)
        for cells, before, after in zip(reach, padding[:axes], padding[axes:], strict=True)
    ]
    window["size"] = [cells + draw(st.integers(0, slack)) for cells in least]
    return {**window, "padding": padding}


def _normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    return rng.standard_normal(shape)


def _small_integers(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    return rng.integers(-3, 4, shape).astype(np.float64)


def _ones(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    return np.ones(shape)


def _signed_zeros(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    return np.where(rng.random(shape) < 0.5, -0.0, 0.0)


def _constant_rows(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    return np.broadcast_to(rng.standard_normal((*shape[:-1], 1)), shape) if shape else rng.standard_normal(())


def _halves(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    return rng.integers(-9, 10, shape) + 0.5


def _ties(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    return rng.choice(rng.standard_normal(2), shape)


def _wide(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    return rng.standard_normal(shape) * 10.0 ** rng.uniform(-4, 2, shape)


def _large(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    return rng.standard_normal(shape) * 50


def _tiny(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    return rng.standard_normal(shape) * float(limits(dtype).tiny) * 2.0**20


def _subnormal(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    return rng.integers(-64, 65, shape) * float(limits(dtype).smallest_subnormal)


def _huge(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    # Beyond this, products of two entries overflow, and which order of operations does so decides every result:
    # NaN and infinity there say nothing about a converter. Witnesses of known divergences go farther where they must.
    return rng.uniform(-1, 1, shape) * (math.sqrt(float(limits(dtype).max)) / 16)


def _one_place(value: float) -> Fill:
    def fill(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
        array = rng.standard_normal(shape)
        if array.size:
            array.flat[rng.integers(array.size)] = value
        return array

    return fill


ORDINARY: Mapping[str, Fill] = {
    "normal": _normal,
    "small integers": _small_integers,
    "ones": _ones,
    "signed zeros": _signed_zeros,
    "constant rows": _constant_rows,
    "halves": _halves,
    "ties": _ties,
    "wide": _wide,
}
EXTREME: Mapping[str, Fill] = {"large": _large, "tiny": _tiny, "subnormal": _subnormal, "huge": _huge}
NON_FINITE: Mapping[str, Fill] = {
    "one NaN": _one_place(np.nan),
    "one +inf": _one_place(np.inf),
    "one -inf": _one_place(-np.inf),
}


@composite
def _filled(
    draw: st.DrawFn, shape: tuple[int, ...], dtype: np.dtype[Any], fills: Mapping[str, Fill], labels: list[str]
) -> np.ndarray:
    fill = fills[draw(st.sampled_from(labels))]
    rng = np.random.default_rng(draw(SEEDS))
    with np.errstate(over="ignore", under="ignore"):
        return np.array(fill(rng, shape, dtype), dtype=dtype, order="C")


def tensors(
    shape: tuple[int, ...] | list[int], dtype: str, *, extreme: bool = True, non_finite: bool = True
) -> SearchStrategy[np.ndarray]:
    """Draw a float tensor: ordinary content in two draws of three, else extreme or with one NaN or infinity."""
    fills = {**ORDINARY, **(EXTREME if extreme else {}), **(NON_FINITE if non_finite else {})}
    ordinary, special = list(ORDINARY), [label for label in fills if label not in ORDINARY]
    weighted = ordinary * max(1, 2 * len(special) // len(ordinary)) + special
    return _filled(tuple(shape), np.dtype(dtype), fills, weighted)


@composite
def masks(draw: st.DrawFn, shape: tuple[int, ...] | list[int]) -> np.ndarray:
    """Draw a boolean mask, True where a key may be attended to: all, some, and with a wholly masked row."""
    kind = draw(st.sampled_from(["all", "some", "masked row", "none"]))
    rng = np.random.default_rng(draw(SEEDS))
    mask = np.ones(shape, dtype=bool) if kind == "all" else rng.random(shape) < 0.6
    if kind == "some" and mask.size:
        mask[..., 0] = True
    if kind == "masked row" and mask.size:
        rows = mask.reshape(-1, mask.shape[-1])
        rows[rng.integers(len(rows))] = False
    if kind == "none":
        mask[...] = False
    return mask


@composite
def indices(draw: st.DrawFn, shape: tuple[int, ...] | list[int], *, bound: int, dtype: str = "int64") -> np.ndarray:
    """Draw integers in [0, bound): token ids, positions."""
    kind = draw(st.sampled_from(["any", "zeros", "last", "repeated"]))
    rng = np.random.default_rng(draw(SEEDS))
    if kind == "zeros":
        return np.zeros(shape, dtype=dtype)
    if kind == "last":
        return np.full(shape, bound - 1, dtype=dtype)
    if kind == "repeated":
        return np.full(shape, rng.integers(bound), dtype=dtype)
    return rng.integers(0, bound, shape).astype(dtype)


def named(**arrays: SearchStrategy[np.ndarray]) -> SearchStrategy[Arrays]:
    """Draw every input of a layer by its name, in the order given; Hypothesis by itself shuffles them.

    Inputs that come out the same, as the simplest ones do, are turned around: one taken for another would not show.
    """

    def ordered(drawn: Arrays) -> Arrays:
        apart: dict[str, np.ndarray] = {}
        for name in arrays:
            versions = [drawn[name], *(turn(drawn[name]) for turn in _TURNS)]
            apart[name] = next((one for one in versions if not _any_same(one, apart.values())), drawn[name])
        return apart

    return st.fixed_dictionaries(arrays).map(ordered)


_TURNS: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda array: np.asarray(np.flip(array), order="C"),
    lambda array: np.roll(array, 1),
)


def _any_same(array: np.ndarray, others: Iterable[np.ndarray]) -> bool:
    return any(array.shape == other.shape and array.tobytes() == other.tobytes() for other in others)
