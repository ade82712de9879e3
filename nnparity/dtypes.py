"""Floating-point dtypes, bfloat16 among them, which NumPy knows from ml_dtypes only.

Runs on Python 3.8. Without ml_dtypes NumPy says that it does not understand 'bfloat16'.
"""

from __future__ import annotations

import contextlib
from typing import Any, Union

import numpy as np

with contextlib.suppress(ImportError):
    import ml_dtypes

BFLOAT16 = "bfloat16"
DISTRIBUTION = {BFLOAT16: "ml-dtypes"}
"""What must be installed for NumPy to have a dtype."""

DtypeLike = Union[str, "np.dtype[Any]"]


def is_float(dtype: np.dtype[Any]) -> bool:
    """Return whether it is a real floating-point dtype."""
    return dtype.kind == "f" or dtype.name == BFLOAT16


def named(name: str) -> np.dtype[Any]:
    """Return the dtype of this name. Raises TypeError for one that NumPy does not understand here."""
    return np.dtype(name)


def name_of(dtype: np.dtype[Any]) -> str:
    """Return what `named` takes: with the byte order, where NumPy has one."""
    return dtype.name if dtype.name == BFLOAT16 else dtype.str


def limits(dtype: DtypeLike) -> Any:
    """Return its finfo, as NumPy has it for its own dtypes. Raises ValueError for a dtype that is no float."""
    return ml_dtypes.finfo(np.dtype(dtype))  # type: ignore[no-untyped-call]


def widened(array: np.ndarray) -> np.ndarray:
    """Return the same numbers in float32 where they are in bfloat16, which few libraries take from NumPy."""
    return array.astype(np.float32) if array.dtype.name == BFLOAT16 else array


def read_back(array: np.ndarray) -> np.ndarray:
    """Return an array from an .npy file with its dtype: NumPy writes bfloat16 as two bytes without a name."""
    return array.view(BFLOAT16) if array.dtype == np.dtype("V2") else array
