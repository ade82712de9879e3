"""Pairs of equal functions and pairs that differ by a fault: what the budget must let pass and what it must catch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from nnparity.budget import Expectation, expectation
from nnparity.contracts import Arrays
from nnparity.loading import load_file
from nnparity.perturbation import nudged_runs, perturbed_runs
from nnparity.strategies import ORDINARY

orders = load_file(Path(__file__).with_name("orders.py"))

Function = Callable[[Arrays], np.ndarray]

SIZES = (2, 3, 5, 8, 16, 33, 64)
VARIED = ("normal", "small integers", "halves", "wide")
"""Contents whose mean is not farther from zero than a few of their own deviations."""

SIGNIFICANT_BITS = {"float64": 24, "float32": 11}
"""Of the next coarser format. The halves have none: what it adds is within a few of their own units."""


@dataclass(frozen=True)
class Pair:
    """One function of arrays, written several times.

    eager: as the eager root has it; in float64 it is the reference. equal: the same function, computed otherwise.
    gross: other functions, that differ in every dtype. near: other functions, too near for bfloat16. slight: too near
    for float16 as well.
    contents, smallest, limit: contents of x, least size, greatest magnitude for which `equal` is valid.
    """

    name: str
    shapes: Callable[[int], Mapping[str, tuple[int, ...]]]
    eager: Function
    equal: Mapping[str, Function]
    gross: Mapping[str, Function]
    near: Mapping[str, Function] = field(default_factory=dict)
    slight: Mapping[str, Function] = field(default_factory=dict)
    contents: tuple[str, ...] = tuple(ORDINARY)
    smallest: int = 2
    limit: float = 16.0

    def faults(self, dtype: str) -> dict[str, Function]:
        """Return the other functions that this dtype can tell apart."""
        near = {} if dtype == "bfloat16" else self.near
        return {**self.gross, **near, **(self.slight if dtype in SIGNIFICANT_BITS else {})}


def inputs(pair: Pair, *, size: int, content: str, dtype: str, rng: np.random.Generator) -> Arrays:
    """Return inputs in `dtype`: x with this content, everything else standard normal, divided by sqrt(size) for w."""
    drawn = {}
    for name, shape in pair.shapes(size).items():
        array = ORDINARY[content if name == "x" else "normal"](rng, shape, np.dtype(dtype))
        if name == "x":
            array = array * (pair.limit / max(pair.limit, float(np.abs(array).max())))
        drawn[name] = (array / math.sqrt(size) if name == "w" else array).astype(dtype)
    return drawn


def expected(pair: Pair, arrays: Arrays, *, dtype: str, rng: np.random.Generator) -> Expectation:
    """Return what the engine would expect of this pair on these inputs."""
    runs = [arrays, *perturbed_runs(arrays, rng, dtype)]
    return expectation(
        [{"y": pair.eager(_wide(run))} for run in runs],
        [{"y": pair.eager(run)} for run in runs],
        dtype,
        nudged_runs=[{"y": pair.eager(_wide(run))} for run in nudged_runs(arrays, rng, dtype)],
    )


def _wide(arrays: Arrays) -> dict[str, np.ndarray]:
    return {name: array.astype(np.float64) for name, array in arrays.items()}


def coarse(arrays: Arrays, name: str) -> Arrays:
    """Return the arrays with this one rounded to the significand of the next coarser format."""
    array = arrays[name]
    significand, exponent = np.frexp(array)
    unit = 2.0 ** SIGNIFICANT_BITS[array.dtype.name]
    return {**arrays, name: np.ldexp(np.round(significand * unit) / unit, exponent).astype(array.dtype)}


def _on_x(function: Callable[[np.ndarray], np.ndarray]) -> Function:
    return lambda arrays: function(arrays["x"])


def _rows(size: int) -> dict[str, tuple[int, ...]]:
    return {"x": (3, size)}


def _affine(size: int) -> dict[str, tuple[int, ...]]:
    return {"x": (3, size), "w": (size, size), "b": (size,)}


def _normed(size: int) -> dict[str, tuple[int, ...]]:
    return {"x": (3, size), "g": (size,), "b": (size,)}


PAIRS = (
    Pair(
        "sum",
        _rows,
        eager=_on_x(orders.in_pairs),
        equal={"one after another": _on_x(orders.in_order), "in halves": _on_x(orders.in_halves)},
        gross={"last term dropped": lambda a: orders.in_pairs(a["x"][:, :-1])},
    ),
    Pair(
        "mean",
        _rows,
        eager=_on_x(orders.mean),
        equal={"times 1 / n": _on_x(orders.mean_by_inverse)},
        gross={},
        slight={"over n - 1": lambda a: orders.in_pairs(a["x"]) / a["x"].dtype.type(a["x"].shape[-1] - 1)},
    ),
    Pair(
        "linear",
        _affine,
        eager=lambda a: orders.product(a["x"], a["w"]) + a["b"],
        equal={
            "permuted inner axis": lambda a: orders.permuted_product(a["x"], a["w"]) + a["b"],
            "one after another": lambda a: orders.ordered_product(a["x"], a["w"]) + a["b"],
            "bias first": orders.bias_first,
        },
        gross={
            "term dropped": lambda a: orders.product(a["x"][:, :-1], a["w"][:-1]) + a["b"],
            "weights transposed": lambda a: orders.product(a["x"], a["w"].T) + a["b"],
            "no bias": lambda a: orders.product(a["x"], a["w"]),
        },
        slight={"coarser weights": lambda a: orders.product(a["x"], coarse(a, "w")["w"]) + a["b"]},
    ),
    Pair(
        "softmax",
        _rows,
        eager=_on_x(orders.softmax),
        equal={"without shift": _on_x(orders.softmax_unshifted), "by logarithm": _on_x(orders.softmax_by_logarithm)},
        gross={
            "over the other axis": _on_x(partial(orders.softmax, axis=0)),
            "base 2": lambda a: orders.softmax(a["x"] * a["x"].dtype.type(math.log(2))),
        },
        slight={"coarser input": lambda a: orders.softmax(coarse(a, "x")["x"])},
        limit=8.0,
    ),
    Pair(
        "layer norm",
        _normed,
        eager=orders.layer_norm,
        equal={"folded": orders.layer_norm_folded},
        gross={"no offset": lambda a: orders.layer_norm({**a, "b": a["b"] * 0})},
        slight={
            "variance over n - 1": partial(orders.layer_norm, variance=orders.unbiased),
            "epsilon 1e-3": partial(orders.layer_norm, epsilon=1e-3),
        },
    ),
    Pair(
        "layer norm of varied rows",
        _normed,
        eager=orders.layer_norm,
        equal={"one pass": partial(orders.layer_norm, variance=orders.one_pass)},
        gross={},
        slight={"coarser input": lambda a: orders.layer_norm(coarse(a, "x"))},
        contents=VARIED,
        smallest=8,
    ),
    Pair(
        "root mean square norm",
        _normed,
        eager=orders.root_mean_square_norm,
        equal={"times the inverse": orders.root_mean_square_norm_by_inverse},
        gross={},
        near={"mean of magnitudes": partial(orders.root_mean_square_norm, square=np.abs)},
    ),
    Pair(
        "batch norm",
        lambda size: {"x": (3, size), "w": (size, 4), "m": (4,), "s": (4,), "g": (4,), "b": (4,)},
        eager=orders.batch_norm,
        equal={"folded into the weights": orders.batch_norm_folded},
        gross={"no mean": lambda a: orders.batch_norm({**a, "m": a["m"] * 0})},
        slight={"epsilon 1e-3": partial(orders.batch_norm, epsilon=1e-3)},
    ),
    Pair(
        "gelu",
        _rows,
        eager=_on_x(orders.gelu),
        equal={"factor last": _on_x(orders.gelu_factor_last)},
        gross={},
        slight={"tanh approximation": _on_x(orders.gelu_tanh)},
    ),
    Pair(
        "sigmoid",
        _rows,
        eager=_on_x(orders.sigmoid),
        equal={"exp over 1 + exp": _on_x(orders.sigmoid_rising)},
        gross={"hard": _on_x(orders.sigmoid_hard)},
        limit=8.0,
    ),
    Pair(
        "power",
        lambda size: {"x": (3, size), "e": (size,)},
        eager=orders.power,
        equal={"exp of log": orders.power_by_logarithm},
        gross={"negative exponent": lambda a: orders.power({**a, "e": -a["e"]})},
        slight={"coarser exponent": lambda a: orders.power(coarse(a, "e"))},
    ),
    Pair(
        "attention",
        lambda size: {"x": (3, size), "k": (5, size), "v": (5, 4)},
        eager=orders.attention,
        equal={"scaled before": orders.attention_scaled_before},
        gross={"scaled by size": partial(orders.attention, root=1.0)},
        slight={"coarser values": lambda a: orders.attention(coarse(a, "v"))},
        limit=8.0,
    ),
    Pair(
        "convolution",
        lambda size: {"x": (3, size), "w": (3,)},
        eager=orders.convolution,
        equal={"shifted sums": orders.convolution_by_shifts},
        gross={
            "kernel backwards": partial(orders.convolution, step=-1),
            "padded on one side": partial(orders.convolution, shift=1),
        },
    ),
    Pair(
        "recurrent",
        lambda size: {"x": (3, size), "w": (size, size)},
        eager=orders.recurrent,
        equal={"one after another": partial(orders.recurrent, product=orders.ordered_product)},
        gross={},
        slight={"a step short": partial(orders.recurrent, steps=5)},
    ),
)
