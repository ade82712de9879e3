"""Relay operators that NumPy computes to the same bits as TVM 0.19 on a CPU, as far as it does.

Each takes the call's attributes and its arguments' values (a tuple is a list), and returns the value (a list for a
tuple), or None for "leave this one to TVM". Moving data is exact for every dtype. So is arithmetic on integers, and
on float32 and float64 where IEEE 754 rounds correctly: add, subtract, multiply, divide, sqrt, conversion. Left to TVM
are results with a NaN, whose sign and payload nobody promises, conversions of floats that do not fit the integer,
division by zero, indices out of range, and empty results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Values = np.ndarray | list[np.ndarray] | None
Operator = Callable[..., Values]

FLOATS = ("float32", "float64")
INTEGERS = tuple(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64))
SLICE_TO_END = "end"


def _elementwise(function: Callable[..., Any], *, dtypes: tuple[str, ...]) -> Operator:
    """Return an operator on arguments that share one of these dtypes; its result must be without NaN."""

    def evaluate(attributes: Any, *arguments: np.ndarray) -> Values:
        if any(argument.dtype.name not in dtypes or not argument.size for argument in arguments):
            return None
        with np.errstate(all="ignore"):
            result = np.asarray(function(*arguments))
        return None if result.dtype.kind == "f" and np.isnan(result).any() else result

    return evaluate


def _by_nonzero(function: Callable[..., Any]) -> Operator:
    evaluate = _elementwise(function, dtypes=INTEGERS)

    def guarded(attributes: Any, dividend: np.ndarray, divisor: np.ndarray) -> Values:
        # The least integer divided by -1 does not fit either, and ends the process on x86.
        if not divisor.all() or (divisor.dtype.kind == "i" and (divisor == -1).any()):
            return None
        return evaluate(attributes, dividend, divisor)

    return guarded


def _divide(attributes: Any, dividend: np.ndarray, divisor: np.ndarray) -> Values:
    """Divide floats; divide integers towards zero, as TVM does, where NumPy goes down."""
    evaluate = _by_nonzero(_truncated) if dividend.dtype.kind in "iu" else _elementwise(np.divide, dtypes=FLOATS)
    return evaluate(attributes, dividend, divisor)


def _truncated(dividend: np.ndarray, divisor: np.ndarray) -> np.ndarray:
    quotient, remainder = np.divmod(dividend, divisor)
    return np.asarray(quotient + ((remainder != 0) & (quotient < 0)).astype(quotient.dtype))


def _cast(attributes: Any, x: np.ndarray) -> Values:
    target = np.dtype(attributes.dtype)
    known = (*FLOATS, *INTEGERS, "bool")
    if x.dtype.name not in known or target.name not in known or not x.size:
        return None
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        return None
    if x.dtype.kind == "f" and target.kind in "iu":
        limits = np.iinfo(target)
        if (x < limits.min).any() or (x >= limits.max).any():
            return None
    with np.errstate(over="ignore"):
        return x.astype(target)


def _where(attributes: Any, condition: np.ndarray, x: np.ndarray, y: np.ndarray) -> Values:
    if condition.dtype != bool or x.dtype != y.dtype:
        return None
    return _filled(np.where(condition, x, y))


def _concatenate(attributes: Any, fields: list[np.ndarray]) -> Values:
    return _filled(np.concatenate(fields, axis=int(attributes.axis)))


def _strided_slice(attributes: Any, x: np.ndarray, *given: np.ndarray) -> Values:
    if given or attributes.slice_mode != SLICE_TO_END:
        return None
    begin, end, strides = _integers(attributes.begin), _integers(attributes.end), _integers(attributes.strides)
    if begin is None or end is None or len(begin) != len(end) or any(stride != 1 for stride in strides or ()):
        return None
    axes = _integers(attributes.axes) or list(range(len(begin)))
    cut = [slice(None)] * x.ndim
    for axis, first, last in zip(axes, begin, end, strict=True):
        cut[axis] = slice(first, last)
    return _filled(x[tuple(cut)])


def _split(attributes: Any, x: np.ndarray) -> Values:
    places, axis = attributes.indices_or_sections, int(attributes.axis)
    sections = [int(place) for place in places] if hasattr(places, "__len__") else int(places)
    if isinstance(sections, int) and x.shape[axis] % sections:
        return None
    parts = np.split(x, sections, axis=axis)
    return parts if all(part.size for part in parts) else None


def _take(attributes: Any, x: np.ndarray, indices: np.ndarray) -> Values:
    axis = None if attributes.axis is None else int(attributes.axis)
    count = x.size if axis is None else x.shape[axis]
    inside = indices.dtype.kind in "iu" and ((indices >= 0) & (indices < count)).all()
    if int(attributes.batch_dims) or not inside:
        return None
    return _filled(np.take(x, indices, axis=axis))


def _reshape(attributes: Any, x: np.ndarray) -> Values:
    shape = _integers(attributes.newshape)
    # 0 and the numbers below -1 are codes of Relay's own.
    if shape is None or any(size < -1 or size == 0 for size in shape) or shape.count(-1) > 1:
        return None
    return _filled(x.reshape(shape))


def _expand_dims(attributes: Any, x: np.ndarray) -> Values:
    first = int(attributes.axis) % (x.ndim + 1)
    return _filled(np.expand_dims(x, tuple(range(first, first + int(attributes.num_newaxis)))))


def _squeeze(attributes: Any, x: np.ndarray) -> Values:
    axes = _integers(attributes.axis)
    return _filled(np.squeeze(x, axis=None if axes is None else tuple(axes)))


def _transpose(attributes: Any, x: np.ndarray) -> Values:
    # No axes and an empty list of axes both reverse the order.
    return _filled(np.transpose(x, _integers(attributes.axes) or None))


def _broadcast_to(attributes: Any, x: np.ndarray) -> Values:
    shape = _integers(attributes.shape)
    return None if shape is None else _filled(np.broadcast_to(x, shape))


def _full(attributes: Any, fill: np.ndarray) -> Values:
    shape = _integers(attributes.shape)
    if shape is None or fill.dtype.name != attributes.dtype:
        return None
    return _filled(np.full(shape, fill))


def _prod(attributes: Any, x: np.ndarray) -> Values:
    if x.dtype.name not in INTEGERS or attributes.exclude:
        return None
    axes = _integers(attributes.axis)
    with np.errstate(all="ignore"):
        product = np.prod(x, axis=tuple(axes) if axes else None, keepdims=bool(attributes.keepdims), dtype=x.dtype)
    return _filled(np.asarray(product))


def _shape_of(attributes: Any, x: np.ndarray) -> Values:
    # TVM reads memory that it has not written for the shape of a scalar.
    return np.array(x.shape, dtype=attributes.dtype) if x.ndim else None


def _filled(x: np.ndarray) -> Values:
    return np.ascontiguousarray(x).reshape(x.shape) if x.size else None


def _integers(values: Any) -> list[int] | None:
    return None if values is None else [int(value) for value in values]


OPERATORS: Mapping[str, Operator] = {
    "add": _elementwise(np.add, dtypes=(*INTEGERS, *FLOATS)),
    "subtract": _elementwise(np.subtract, dtypes=(*INTEGERS, *FLOATS)),
    "multiply": _elementwise(np.multiply, dtypes=(*INTEGERS, *FLOATS)),
    "divide": _divide,
    "sqrt": _elementwise(np.sqrt, dtypes=FLOATS),
    "maximum": _elementwise(np.maximum, dtypes=INTEGERS),
    "minimum": _elementwise(np.minimum, dtypes=INTEGERS),
    "floor_divide": _by_nonzero(np.floor_divide),
    "floor_mod": _by_nonzero(np.mod),
    "equal": _elementwise(np.equal, dtypes=INTEGERS),
    "not_equal": _elementwise(np.not_equal, dtypes=INTEGERS),
    "less": _elementwise(np.less, dtypes=INTEGERS),
    "less_equal": _elementwise(np.less_equal, dtypes=INTEGERS),
    "greater": _elementwise(np.greater, dtypes=INTEGERS),
    "greater_equal": _elementwise(np.greater_equal, dtypes=INTEGERS),
    "logical_and": _elementwise(np.logical_and, dtypes=("bool",)),
    "logical_or": _elementwise(np.logical_or, dtypes=("bool",)),
    "logical_not": _elementwise(np.logical_not, dtypes=("bool",)),
    "cast": _cast,
    "where": _where,
    "concatenate": _concatenate,
    "strided_slice": _strided_slice,
    "split": _split,
    "take": _take,
    "reshape": _reshape,
    "expand_dims": _expand_dims,
    "squeeze": _squeeze,
    "transpose": _transpose,
    "broadcast_to": _broadcast_to,
    "full": _full,
    "prod": _prod,
    "shape_of": _shape_of,
}
