"""One message between parent and worker: a JSON line, then the raw bytes of its arrays.

Runs on Python 3.8 with nothing but NumPy.
"""

from __future__ import annotations

import json
import math
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

import numpy as np

from nnparity.dtypes import name_of, named

Header = Dict[str, Any]
Read = Callable[[int], bytes]
ARRAYS = "arrays"


def joined(sets: Sequence[Mapping[str, np.ndarray]]) -> Dict[str, np.ndarray]:
    """Return the arrays of several sets as those of one, each named "<set>/<name>"."""
    return {f"{index}/{name}": array for index, one in enumerate(sets) for name, array in one.items()}


def split(arrays: Mapping[str, np.ndarray], count: int) -> List[Dict[str, np.ndarray]]:
    """Return the `count` sets that `joined` made one of. Raises ValueError or IndexError for other names."""
    sets: List[Dict[str, np.ndarray]] = [{} for _ in range(count)]
    for key, array in arrays.items():
        index, _, name = key.partition("/")
        sets[int(index)][name] = array
    return sets


class BadFrame(Exception):
    """The bytes are no message."""


def encode(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> List[bytes]:
    """Return the message as byte strings to be written one after the other."""
    described = []
    chunks = [b""]
    for name, array in arrays.items():
        packed = np.ascontiguousarray(array).reshape(np.shape(array))
        described.append([name, name_of(packed.dtype), packed.shape])
        chunks.append(packed.tobytes())
    line = json.dumps({**header, ARRAYS: described}, separators=(",", ":"))
    chunks[0] = line.encode() + b"\n"
    return chunks


def decode(line: bytes, read: Read) -> Tuple[Header, Dict[str, np.ndarray]]:
    """Return header and arrays; `read(n)` gives the n bytes that follow the line. Raises BadFrame."""
    try:
        header = json.loads(line)
        described = [(str(name), named(dtype), tuple(map(int, shape))) for name, dtype, shape in header.pop(ARRAYS)]
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise BadFrame(f"expected a JSON line with {ARRAYS!r}, got {line[:80]!r}") from problem
    arrays = {}
    for name, dtype, shape in described:
        if dtype.hasobject or not dtype.itemsize or min(shape, default=0) < 0:
            raise BadFrame(f"array {name!r} has dtype {dtype} and shape {shape}; expected plain numbers")
        data = read(math.prod(shape) * dtype.itemsize)
        if len(data) != math.prod(shape) * dtype.itemsize:
            raise BadFrame(f"array {name!r} ends after {len(data)} bytes")
        arrays[name] = np.frombuffer(data, dtype=dtype).reshape(shape).copy()
    return header, arrays
