"""Functions in several valid orders of operations, and with faults: what the budget must let pass and must catch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from nnparity.budget import Expectation, expectation
from nnparity.contracts import Arrays
from nnparity.perturbation import nudged, perturbed
from nnparity.strategies import ORDINARY

Function = Callable[[Arrays], np.ndarray]

EPSILON = 1e-5
SIGNIFICANT_BITS = {"float64": 24, "float32": 11}
"""Of the next coarser format, through which a fault leads a value. None for float16: what rounding to bfloat16 adds
there is within a few of float16's own units of rounding."""


@dataclass(frozen=True)
class Pair:
    """One function of arrays, written several times.

    eager: as the eager root has it; in float64 it is the reference. equal: the same function, computed otherwise.
    faults: another function. shapes: of the inputs, from a size of at least 2.
    """

    name: str
    shapes: Callable[[int], Mapping[str, tuple[int, ...]]]
    eager: Function
    equal: Mapping[str, Function]
    faults: Mapping[str, Function] = field(default_factory=dict)


def inputs(pair: Pair, *, size: int, content: str, dtype: str, rng: np.random.Generator) -> Arrays:
    """Return inputs in `dtype`: x with this content, everything else standard normal, divided by sqrt(size) for w."""
    drawn = {}
    for name, shape in pair.shapes(size).items():
        fill = ORDINARY[content if name == "x" else "normal"]
        scale = math.sqrt(size) if name == "w" else 1.0
        drawn[name] = (fill(rng, shape, np.dtype(dtype)) / scale).astype(dtype)
    return drawn


def expected(pair: Pair, arrays: Arrays, *, dtype: str, rng: np.random.Generator) -> Expectation:
    """Return what the engine would expect of this pair on these inputs."""
    runs = [arrays, *perturbed(arrays, rng, dtype)]
    return expectation(
        [{"y": pair.eager(_wide(run))} for run in runs],
        [{"y": pair.eager(run)} for run in runs],
        dtype,
        nudged_runs=[{"y": pair.eager(_wide(run))} for run in nudged(arrays, rng, dtype)],
    )


def _wide(arrays: Arrays) -> dict[str, np.ndarray]:
    """Return the arrays in the widest float that NumPy has here, at least float64."""
    return {name: array.astype(np.float64) for name, array in arrays.items()}


def coarser(array: np.ndarray) -> np.ndarray:
    """Return the array rounded to the significand of the next coarser format; float16 is left as it is."""
    bits = SIGNIFICANT_BITS.get(array.dtype.name)
    if bits is None:
        return array
    significand, exponent = np.frexp(array)
    return np.asarray(np.ldexp(np.round(significand * 2.0**bits) * 2.0**-bits, exponent).astype(array.dtype))


def _one(array: np.ndarray) -> np.floating:
    return array.dtype.type(1)


def _in_order(terms: np.ndarray) -> np.ndarray:
    """Return the sum over the last axis, one term after another."""
    return np.asarray(np.add.accumulate(terms, axis=-1)[..., -1])


def _halves(terms: np.ndarray) -> np.ndarray:
    """Return the sum over the last axis, even places and odd places apart."""
    return np.asarray(_in_order(terms[..., ::2]) + _in_order(terms[..., 1::2]))


def _erf(array: np.ndarray) -> np.ndarray:
    flat = [math.erf(value) for value in array.astype(np.float64).ravel()]
    return np.array(flat).reshape(array.shape).astype(array.dtype)


def _terms(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return x[i, k] * w[k, j] with k last."""
    return np.asarray(x[:, None, :] * w.T[None, :, :])


def _permuted_matmul(a: Arrays) -> np.ndarray:
    order = np.random.default_rng(0).permutation(a["x"].shape[1])
    return np.asarray(np.ascontiguousarray(a["x"][:, order]) @ np.ascontiguousarray(a["w"][order]) + a["b"])


def _softmax(x: np.ndarray) -> np.ndarray:
    shifted = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def _within(x: np.ndarray, limit: float) -> np.ndarray:
    """Return x scaled into the range in which every way to write the function is valid."""
    return np.asarray(x * x.dtype.type(limit / max(limit, float(np.abs(x).max(initial=0.0)))))


def _softmax_unshifted(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x)
    return np.asarray(powers * (_one(x) / _in_order(powers)[..., None]))


def _softmax_by_logarithm(x: np.ndarray) -> np.ndarray:
    top = x.max(axis=-1, keepdims=True)
    return np.asarray(np.exp(x - top - np.log(np.exp(x - top).sum(axis=-1, keepdims=True))))


def _layer_norm(a: Arrays, *, variance: Callable[[np.ndarray], np.ndarray], epsilon: float = EPSILON) -> np.ndarray:
    x = a["x"]
    centred = x - x.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt(variance(x) + x.dtype.type(epsilon)) * a["g"] + a["b"])


def _two_pass(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.square(x - x.mean(axis=-1, keepdims=True)).mean(axis=-1, keepdims=True))


def _one_pass(x: np.ndarray) -> np.ndarray:
    mean = x.mean(axis=-1, keepdims=True)
    return np.asarray(np.maximum(np.square(x).mean(axis=-1, keepdims=True) - np.square(mean), 0))


def _folded_layer_norm(a: Arrays) -> np.ndarray:
    x, size = a["x"], a["x"].dtype.type(a["x"].shape[-1])
    mean = _in_order(x)[..., None] * (_one(x) / size)
    rate = _one(x) / np.sqrt(_in_order(np.square(x - mean))[..., None] * (_one(x) / size) + x.dtype.type(EPSILON))
    return np.asarray(x * (rate * a["g"]) + (a["b"] - mean * (rate * a["g"])))


def _gelu_tanh(x: np.ndarray) -> np.ndarray:
    inner = x.dtype.type(math.sqrt(2 / math.pi)) * (x + x.dtype.type(0.044715) * x**3)
    return np.asarray(x.dtype.type(0.5) * x * (_one(x) + np.tanh(inner)))


def _phi(x: np.ndarray) -> np.ndarray:
    return np.asarray(_one(x) + _erf(x * x.dtype.type(math.sqrt(0.5))))


def _attention(a: Arrays, *, scale: float = 0.5, early: bool = False) -> np.ndarray:
    x, size = a["x"], a["x"].shape[-1]
    factor = x.dtype.type(size**-scale)
    scores = (x * factor) @ a["k"].T if early else (x @ a["k"].T) * factor
    return np.asarray(_softmax(scores) @ a["v"])


def _convolution(a: Arrays, *, kernel: slice = slice(None), shift: int = 0) -> np.ndarray:
    window = np.lib.stride_tricks.sliding_window_view(np.pad(a["x"], ((0, 0), (1 + shift, 1 - shift))), 3, axis=1)
    return np.asarray(window @ a["w"][kernel])


def _shifted_sums(a: Arrays) -> np.ndarray:
    padded, length = np.pad(a["x"], ((0, 0), (1, 1))), a["x"].shape[1]
    parts = [padded[:, place : place + length] * a["w"][place] for place in (2, 0, 1)]
    return np.asarray(parts[0] + parts[1] + parts[2])


def _batch_norm(a: Arrays, *, epsilon: float = EPSILON) -> np.ndarray:
    deviation = np.sqrt(np.square(a["s"]) + a["x"].dtype.type(epsilon))
    return np.asarray((a["x"] @ a["w"] - a["m"]) / deviation * a["g"] + a["b"])


def _folded_batch_norm(a: Arrays) -> np.ndarray:
    rate = a["g"] / np.sqrt(np.square(a["s"]) + a["x"].dtype.type(EPSILON))
    return np.asarray(a["x"] @ (a["w"] * rate) + (a["b"] - a["m"] * rate))


def _recurrent(a: Arrays, *, product: Callable[[np.ndarray, np.ndarray], np.ndarray], steps: int = 6) -> np.ndarray:
    state = np.zeros_like(a["x"])
    for _ in range(steps):
        state = np.tanh(product(a["x"], a["w"]) + product(state, a["w"].T))
    return state


def _ordered_product(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return _in_order(_terms(x, w))


def _rows(size: int) -> dict[str, tuple[int, ...]]:
    return {"x": (3, size)}


def _affine(size: int) -> dict[str, tuple[int, ...]]:
    return {"x": (3, size), "w": (size, size), "b": (size,)}


PAIRS = (
    Pair(
        "sum",
        _rows,
        eager=lambda a: a["x"].sum(axis=-1),
        equal={"one after another": lambda a: _in_order(a["x"]), "in halves": lambda a: _halves(a["x"])},
        faults={"last term dropped": lambda a: a["x"][:, :-1].sum(axis=-1)},
    ),
    Pair(
        "mean",
        _rows,
        eager=lambda a: a["x"].mean(axis=-1),
        equal={"times 1 / n": lambda a: _in_order(a["x"]) * (_one(a["x"]) / a["x"].dtype.type(a["x"].shape[-1]))},
        faults={"over n - 1": lambda a: a["x"].sum(axis=-1) / a["x"].dtype.type(a["x"].shape[-1] - 1)},
    ),
    Pair(
        "linear",
        _affine,
        eager=lambda a: a["x"] @ a["w"] + a["b"],
        equal={
            "permuted inner axis": _permuted_matmul,
            "one after another": lambda a: _in_order(_terms(a["x"], a["w"])) + a["b"],
            "bias first": lambda a: (a["x"][:, 1:] @ a["w"][1:] + a["b"]) + a["x"][:, :1] * a["w"][:1],
        },
        faults={
            "term dropped": lambda a: a["x"][:, :-1] @ a["w"][:-1] + a["b"],
            "weights transposed": lambda a: a["x"] @ a["w"].T + a["b"],
            "no bias": lambda a: a["x"] @ a["w"],
            "coarser weights": lambda a: a["x"] @ coarser(a["w"]) + a["b"],
        },
    ),
    Pair(
        "softmax",
        _rows,
        eager=lambda a: _softmax(_within(a["x"], 8.0)),
        equal={
            "without shift": lambda a: _softmax_unshifted(_within(a["x"], 8.0)),
            "by logarithm": lambda a: _softmax_by_logarithm(_within(a["x"], 8.0)),
        },
        faults={
            "over the wrong axis": lambda a: _softmax(_within(a["x"], 8.0).T).T,
            "coarser input": lambda a: _softmax(coarser(_within(a["x"], 8.0))),
            "base 2": lambda a: _softmax(_within(a["x"], 8.0) * a["x"].dtype.type(math.log(2))),
        },
    ),
    Pair(
        "layer norm",
        lambda size: {"x": (3, size), "g": (size,), "b": (size,)},
        eager=lambda a: _layer_norm(a, variance=_two_pass),
        equal={"one pass": lambda a: _layer_norm(a, variance=_one_pass), "folded": _folded_layer_norm},
        faults={
            "variance over n - 1": lambda a: _layer_norm(a, variance=lambda x: x.var(axis=-1, ddof=1, keepdims=True)),
            "epsilon 1e-3": lambda a: _layer_norm(a, variance=_two_pass, epsilon=1e-3),
            "coarser input": lambda a: _layer_norm({**a, "x": coarser(a["x"])}, variance=_two_pass),
        },
    ),
    Pair(
        "gelu",
        _rows,
        eager=lambda a: a["x"].dtype.type(0.5) * a["x"] * _phi(a["x"]),
        equal={"factor last": lambda a: a["x"] * (a["x"].dtype.type(0.5) * _phi(a["x"]))},
        faults={"tanh approximation": lambda a: _gelu_tanh(a["x"])},
    ),
    Pair(
        "sigmoid",
        _rows,
        eager=lambda a: _one(a["x"]) / (_one(a["x"]) + np.exp(-_within(a["x"], 8.0))),
        equal={
            "exp over 1 + exp": lambda a: 1 - _one(a["x"]) / (_one(a["x"]) + np.exp(_within(a["x"], 0.5)))
            if np.abs(a["x"]).max() < 0.5
            else np.exp(_within(a["x"], 8.0)) / (_one(a["x"]) + np.exp(_within(a["x"], 8.0)))
        },
        faults={"hard": lambda a: np.clip(_within(a["x"], 8.0) / a["x"].dtype.type(6) + a["x"].dtype.type(0.5), 0, 1)},
    ),
    Pair(
        "power",
        lambda size: {"x": (3, size), "e": (size,)},
        eager=lambda a: np.power(np.abs(a["x"]) + _one(a["x"]), a["e"]),
        equal={"exp of log": lambda a: np.exp(a["e"] * np.log(np.abs(a["x"]) + _one(a["x"])))},
        faults={"coarser exponent": lambda a: np.power(np.abs(a["x"]) + _one(a["x"]), coarser(a["e"]))},
    ),
    Pair(
        "attention",
        lambda size: {"x": (3, size), "k": (5, size), "v": (5, 4)},
        eager=lambda a: _attention({**a, "x": _within(a["x"], 8.0)}),
        equal={"scaled before": lambda a: _attention({**a, "x": _within(a["x"], 8.0)}, early=True)},
        faults={
            "scaled by size": lambda a: _attention({**a, "x": _within(a["x"], 8.0)}, scale=1.0),
            "coarser values": lambda a: _attention({**a, "x": _within(a["x"], 8.0), "v": coarser(a["v"])}),
        },
    ),
    Pair(
        "convolution",
        lambda size: {"x": (3, size), "w": (3,)},
        eager=_convolution,
        equal={"shifted sums": _shifted_sums},
        faults={
            "kernel flipped": lambda a: _convolution(a, kernel=slice(None, None, -1)),
            "padded on one side": lambda a: _convolution(a, shift=1),
        },
    ),
    Pair(
        "batch norm",
        lambda size: {"x": (3, size), "w": (size, 4), "m": (4,), "s": (4,), "g": (4,), "b": (4,)},
        eager=_batch_norm,
        equal={"folded into the weights": _folded_batch_norm},
        faults={"epsilon 1e-3": lambda a: _batch_norm(a, epsilon=1e-3)},
    ),
    Pair(
        "recurrent",
        lambda size: {"x": (3, size), "w": (size, size)},
        eager=lambda a: _recurrent(a, product=np.matmul),
        equal={"one after another": lambda a: _recurrent(a, product=_ordered_product)},
        faults={"a step short": lambda a: _recurrent(a, product=np.matmul, steps=5)},
    ),
    Pair(
        "root mean square norm",
        lambda size: {"x": (3, size), "g": (size,)},
        eager=lambda a: a["x"] / np.sqrt(np.square(a["x"]).mean(axis=-1, keepdims=True) + a["x"].dtype.type(EPSILON)) * a["g"],
        equal={
            "times the inverse": lambda a: a["x"]
            * (_one(a["x"]) / np.sqrt(_in_order(np.square(a["x"]))[:, None] / a["x"].dtype.type(a["x"].shape[1]) + a["x"].dtype.type(EPSILON)))
            * a["g"]
        },
        faults={
            "about the mean": lambda a: a["x"] / np.sqrt(_two_pass(a["x"]) + a["x"].dtype.type(EPSILON)) * a["g"],
        },
    ),
)
