"""What is sent is what arrives, to the bit; and bytes that are no message are refused."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnparity.dtypes import named
from nnparity.frames import BadFrame, decode, encode
from nnparity.remote import ProcessWorker

DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
    hnp.complex_number_dtypes(endianness="?"),
    st.just(named("bfloat16")),
)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


@st.composite
def bit_patterns(draw: st.DrawFn) -> np.ndarray:
    """Draw an array of any plain dtype with any bits in it, NaN payloads too, laid out in memory in any way."""
    dtype, shape = draw(DTYPES), draw(SHAPES)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    if dtype.kind == "b":
        array = rng.integers(0, 2, shape).astype(dtype)
    else:
        array = rng.integers(0, 256, (*shape, dtype.itemsize), dtype=np.uint8).view(dtype)[..., 0]
    layout = draw(st.sampled_from(["as it is", "transposed", "every second", "reversed", "broadcast", "read only"]))
    if layout == "transposed":
        return array.T
    if layout == "every second":
        return array[..., ::2] if array.ndim else array
    if layout == "reversed":
        return array[::-1] if array.ndim else array
    if layout == "broadcast":
        return np.broadcast_to(array, (2, *array.shape))
    array.flags.writeable = layout != "read only"
    return array


MESSAGES = st.dictionaries(st.text(max_size=8), bit_patterns(), max_size=4)


def same(sent: dict[str, np.ndarray], arrived: Any) -> None:
    assert list(arrived) == list(sent)
    for name, array in sent.items():
        assert (arrived[name].dtype, arrived[name].shape) == (array.dtype, array.shape)
        assert arrived[name].tobytes() == array.tobytes()
        assert arrived[name].flags.writeable


def received(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    stream = io.BytesIO(data)
    return decode(stream.readline(), stream.read)


@settings(max_examples=200)
@given(MESSAGES, st.dictionaries(st.text(max_size=5).filter(lambda key: key != "arrays"), st.integers()))
def test_message_round_trips_to_the_bit(arrays: dict[str, np.ndarray], header: dict[str, int]) -> None:
    got, arrived = received(b"".join(encode(header, arrays)))
    assert got == header
    same(arrays, arrived)


@pytest.fixture(scope="module")
def echo() -> Iterator[ProcessWorker]:
    """Yield a worker; what it is sent with `ping`, it sends back."""
    worker = ProcessWorker(
        Path(sys.executable), components={}, representations={}, variables={}, memory_bytes=2**33
    )  # fmt: skip
    yield worker
    worker.close()


@settings(max_examples=60)
@given(MESSAGES)
@example({"": np.zeros((0, 3), np.float16), "a/b": np.array(True), "line\nend": np.float64(-0.0).reshape(())})
def test_arrays_round_trip_through_a_process(echo: ProcessWorker, arrays: dict[str, np.ndarray]) -> None:
    same(arrays, echo.call({"op": "ping"}, arrays, seconds=60)[1])


@settings(max_examples=100)
@given(MESSAGES.filter(lambda arrays: any(array.nbytes for array in arrays.values())), st.data())
def test_message_that_ends_early_is_refused(arrays: dict[str, np.ndarray], data: st.DataObject) -> None:
    line, *chunks = encode({}, arrays)
    body = b"".join(chunks)
    kept = data.draw(st.integers(0, len(body) - 1), label="bytes kept")
    with pytest.raises(BadFrame):
        received(line + body[:kept])


@settings(max_examples=200)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
@example(b"[]")
@example(b"null")
@example(b"{}")
@example(b'{"arrays": 3}')
@example(b'{"arrays": [["x", "no dtype", [1]]]}')
@example(b'{"arrays": [["x", "<f4", "12"]]}')
@example(b'{"arrays": [["x", "<f4", [1.5]]]}')
@example(b'{"arrays": [["x", "O", [1]]]}')
@example(b'{"arrays": [["x", "V0", [1]]]}')
@example(b'{"arrays": [["x", "<f4", [-1]]]}')
@example(b'{"arrays": [["x", "<f4", [-1, -1]]]}')
def test_bytes_that_are_no_message_are_refused(line: bytes) -> None:
    with pytest.raises(BadFrame):
        decode(line, lambda size: b"")


def test_objects_are_never_sent() -> None:
    with pytest.raises(BadFrame):
        received(b"".join(encode({}, {"x": np.array([object()])})))
