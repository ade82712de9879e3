"""Layers' functions in several valid orders of operations, in whatever float dtype they are given."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nnparity.contracts import Arrays

Variance = Callable[[np.ndarray], np.ndarray]
Product = Callable[[np.ndarray, np.ndarray], np.ndarray]

EPSILON = 1e-5


def in_order(terms: np.ndarray) -> np.ndarray:
    """Return the sum over the last axis, one term after another."""
    return np.asarray(np.add.accumulate(terms, axis=-1)[..., -1:])


def in_halves(terms: np.ndarray) -> np.ndarray:
    return np.asarray(in_order(terms[..., ::2]) + in_order(terms[..., 1::2]))


def in_pairs(terms: np.ndarray) -> np.ndarray:
    """Return the sum over the last axis as NumPy has it: in blocks, pairwise, float16 by way of float32."""
    return np.asarray(terms.sum(axis=-1, keepdims=True))


def mean(x: np.ndarray) -> np.ndarray:
    return np.asarray(x.mean(axis=-1, keepdims=True))


def mean_by_inverse(x: np.ndarray) -> np.ndarray:
    return np.asarray(in_order(x) * (x.dtype.type(1) / x.dtype.type(x.shape[-1])))


def product(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return x @ w in their dtype; NumPy gives float32 for bfloat16."""
    return np.asarray((x @ w).astype(x.dtype, copy=False))


def ordered_product(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return x @ w, every sum one term after another."""
    return np.asarray(in_order(x[:, None, :] * w.T[None, :, :])[..., 0])


def permuted_product(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return x @ w with the inner axis in another order."""
    order = np.random.default_rng(0).permutation(x.shape[1])
    return product(np.ascontiguousarray(x[:, order]), np.ascontiguousarray(w[order]))


def bias_first(a: Arrays) -> np.ndarray:
    return np.asarray((product(a["x"][:, 1:], a["w"][1:]) + a["b"]) + a["x"][:, :1] * a["w"][:1])


def softmax(x: np.ndarray, *, axis: int = -1) -> np.ndarray:
    shifted = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=axis, keepdims=True))


def softmax_unshifted(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x)
    return np.asarray(powers * (x.dtype.type(1) / in_order(powers)))


def softmax_by_logarithm(x: np.ndarray) -> np.ndarray:
    top = x.max(axis=-1, keepdims=True)
    return np.asarray(np.exp(x - top - np.log(in_pairs(np.exp(x - top)))))


def two_pass(x: np.ndarray) -> np.ndarray:
    return mean(np.square(x - mean(x)))


def one_pass(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(mean(np.square(x)) - np.square(mean(x)), 0))


def unbiased(x: np.ndarray) -> np.ndarray:
    return np.asarray(x.var(axis=-1, ddof=1, keepdims=True))


def layer_norm(a: Arrays, *, variance: Variance = two_pass, epsilon: float = EPSILON) -> np.ndarray:
    x = a["x"]
    return np.asarray((x - mean(x)) / np.sqrt(variance(x) + x.dtype.type(epsilon)) * a["g"] + a["b"])


def layer_norm_folded(a: Arrays) -> np.ndarray:
    """Return scale * x + offset, with scale and offset of each row."""
    x = a["x"]
    centre = mean(x)
    rate = x.dtype.type(1) / np.sqrt(mean_by_inverse(np.square(x - centre)) + x.dtype.type(EPSILON))
    return np.asarray(x * (rate * a["g"]) + (a["b"] - centre * (rate * a["g"])))


def root_mean_square_norm(a: Arrays, *, square: Variance = np.square) -> np.ndarray:
    x = a["x"]
    return np.asarray(x / np.sqrt(mean(square(x)) + x.dtype.type(EPSILON)) * a["g"])


def root_mean_square_norm_by_inverse(a: Arrays) -> np.ndarray:
    x = a["x"]
    rate = x.dtype.type(1) / np.sqrt(mean_by_inverse(np.square(x)) + x.dtype.type(EPSILON))
    return np.asarray(x * rate * a["g"])


def batch_norm(a: Arrays, *, epsilon: float = EPSILON) -> np.ndarray:
    deviation = np.sqrt(np.square(a["s"]) + a["x"].dtype.type(epsilon))
    return np.asarray((product(a["x"], a["w"]) - a["m"]) / deviation * a["g"] + a["b"])


def batch_norm_folded(a: Arrays) -> np.ndarray:
    rate = a["g"] / np.sqrt(np.square(a["s"]) + a["x"].dtype.type(EPSILON))
    return np.asarray(product(a["x"], a["w"] * rate) + (a["b"] - a["m"] * rate))


def _normal_share(x: np.ndarray) -> np.ndarray:
    """Return twice the normal distribution function."""
    scaled = (x * x.dtype.type(math.sqrt(0.5))).astype(np.float64)
    erf = np.array([math.erf(value) for value in scaled.ravel()]).reshape(x.shape).astype(x.dtype)
    return np.asarray(x.dtype.type(1) + erf)


def gelu(x: np.ndarray) -> np.ndarray:
    return np.asarray(x.dtype.type(0.5) * x * _normal_share(x))


def gelu_factor_last(x: np.ndarray) -> np.ndarray:
    return np.asarray(x * _normal_share(x) * x.dtype.type(0.5))


def gelu_tanh(x: np.ndarray) -> np.ndarray:
    """Return the tanh approximation, which is another function."""
    inner = x.dtype.type(math.sqrt(2 / math.pi)) * (x + x.dtype.type(0.044715) * x**3)
    return np.asarray(x.dtype.type(0.5) * x * (x.dtype.type(1) + np.tanh(inner)))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(x.dtype.type(1) / (x.dtype.type(1) + np.exp(-x)))


def sigmoid_rising(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(x) / (x.dtype.type(1) + np.exp(x)))


def sigmoid_hard(x: np.ndarray) -> np.ndarray:
    """Return the piecewise linear approximation, which is another function."""
    line = x / x.dtype.type(6) + x.dtype.type(0.5)
    return np.asarray(np.minimum(np.maximum(line, x.dtype.type(0)), x.dtype.type(1)))


def power(a: Arrays) -> np.ndarray:
    return np.asarray(np.power(np.abs(a["x"]) + a["x"].dtype.type(1), a["e"]))


def power_by_logarithm(a: Arrays) -> np.ndarray:
    return np.asarray(np.exp(a["e"] * np.log(np.abs(a["x"]) + a["x"].dtype.type(1))))


def attention(a: Arrays, *, root: float = 0.5) -> np.ndarray:
    factor = a["x"].dtype.type(a["x"].shape[-1] ** -root)
    return np.asarray(product(softmax(product(a["x"], a["k"].T) * factor), a["v"]))


def attention_scaled_before(a: Arrays) -> np.ndarray:
    factor = a["x"].dtype.type(a["x"].shape[-1] ** -0.5)
    return np.asarray(product(softmax(product(a["x"] * factor, a["k"].T)), a["v"]))


def convolution(a: Arrays, *, step: int = 1, shift: int = 0) -> np.ndarray:
    """Return the correlation with a kernel of 3 (read backwards with step -1), padded by 1 on each side."""
    padded = np.pad(a["x"], ((0, 0), (1 + shift, 1 - shift)))
    return np.asarray(product(np.lib.stride_tricks.sliding_window_view(padded, 3, axis=1), a["w"][::step]))


def convolution_by_shifts(a: Arrays) -> np.ndarray:
    padded, length = np.pad(a["x"], ((0, 0), (1, 1))), a["x"].shape[1]
    last, first, middle = (padded[:, place : place + length] * a["w"][place] for place in (2, 0, 1))
    return np.asarray(last + first + middle)


def recurrent(a: Arrays, *, product: Product = product, steps: int = 6) -> np.ndarray:
    state = np.zeros_like(a["x"])
    for _ in range(steps):
        state = np.tanh(product(a["x"], a["w"]) + product(state, a["w"].T))
    return state
