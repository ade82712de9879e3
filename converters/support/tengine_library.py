"""Tengine's C interface, as far as running a model on the CPU takes it, and where the user's build has its parts."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import NotHere, Unsupported
from nnparity.loading import load_file

SUPPLIED = load_file(Path(__file__).with_name("user_files.py"))
HOME = "TENGINE_HOME"
ROOTS = ("", "build/", "install/", "build/install/")
CONVERTER = SUPPLIED.Wanted(
    HOME,
    "a build of Tengine with its program convert_tool",
    tuple(f"{root}{place}convert_tool" for root in ROOTS for place in ("bin/", "tools/convert_tool/", "")),
)
LIBRARY = SUPPLIED.Wanted(
    HOME,
    "a build of Tengine with libtengine-lite.so",
    tuple(f"{root}{place}libtengine-lite.so" for root in ROOTS for place in ("lib/", "source/", "")),
    library=True,
)
WANTED = (CONVERTER, LIBRARY)
DTYPES = {0: "float32", 1: "float16", 2: "int8", 3: "uint8", 4: "int32", 5: "int16"}
NOT_OPERATORS = frozenset(("Const", "InputOp"))
MOST_AXES = 8
# Where a build with its online report on is to send it: to nothing, since no port is open there.
SILENT = {"tengine_report_host": "127.0.0.1", "tengine_report_port": "9"}
FORM = b"tengine"


class Options(ctypes.Structure):
    """How to run: number of threads, cluster of cores, precision (0 is float32), affinity of threads to cores."""

    _fields_ = (
        ("num_thread", ctypes.c_int),
        ("cluster", ctypes.c_int),
        ("precision", ctypes.c_int),
        ("affinity", ctypes.c_uint64),
    )


HANDLE, NUMBER, TEXT = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
SIZES = ctypes.POINTER(ctypes.c_int)
# Result, then arguments; what takes a variable number of them is called with the first three.
FUNCTIONS: Mapping[str, tuple[Any, list[Any] | None]] = {
    "init_tengine": (NUMBER, []),
    "create_graph": (HANDLE, None),
    "destroy_graph": (NUMBER, [HANDLE]),
    "get_graph_input_node_number": (NUMBER, [HANDLE]),
    "get_graph_output_node_number": (NUMBER, [HANDLE]),
    "get_graph_input_tensor": (HANDLE, [HANDLE, NUMBER, NUMBER]),
    "get_graph_output_tensor": (HANDLE, [HANDLE, NUMBER, NUMBER]),
    "get_graph_output_node": (HANDLE, [HANDLE, NUMBER]),
    "get_node_output_number": (NUMBER, [HANDLE]),
    "get_graph_node_num": (NUMBER, [HANDLE]),
    "get_graph_node_by_idx": (HANDLE, [HANDLE, NUMBER]),
    "get_node_op": (TEXT, [HANDLE]),
    "get_tensor_name": (TEXT, [HANDLE]),
    "get_tensor_shape": (NUMBER, [HANDLE, SIZES, NUMBER]),
    "set_tensor_shape": (NUMBER, [HANDLE, SIZES, NUMBER]),
    "set_tensor_buffer": (NUMBER, [HANDLE, HANDLE, NUMBER]),
    "get_tensor_buffer": (HANDLE, [HANDLE]),
    "get_tensor_buffer_size": (NUMBER, [HANDLE]),
    "get_tensor_data_type": (NUMBER, [HANDLE]),
    "prerun_graph_multithread": (NUMBER, [HANDLE, Options]),
    "run_graph": (NUMBER, [HANDLE, NUMBER]),
    "postrun_graph": (NUMBER, [HANDLE]),
}


@cache
def library() -> Any:
    """Return the library with its functions declared, initialised. Raises NotHere if the file is another library."""
    path = LIBRARY.needed()
    os.environ.update(SILENT)
    try:
        loaded = ctypes.CDLL(str(path))
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(loaded, name)
            function.restype = result
            if arguments is not None:
                function.argtypes = arguments
    except (OSError, AttributeError) as problem:
        raise NotHere(f"{path} is not Tengine's library: {problem}; see {SUPPLIED.DOCUMENT}") from problem
    if loaded.init_tengine() != 0:
        raise RuntimeError("Tengine: init_tengine failed")
    return loaded


@contextmanager
def graph(file: Path) -> Iterator[Any]:
    """Yield the graph of a .tmfile."""
    tengine = library()
    made = HANDLE(tengine.create_graph(None, FORM, str(file).encode()))
    if not made:
        raise RuntimeError(f"Tengine: create_graph cannot read {file.name}")
    try:
        yield made
    finally:
        tengine.destroy_graph(made)


def operators(file: Path) -> dict[str, int]:
    """Return how many of each operator a .tmfile has, by Tengine's names."""
    tengine = library()
    counts: dict[str, int] = {}
    with graph(file) as made:
        for place in range(tengine.get_graph_node_num(made)):
            name = (tengine.get_node_op(tengine.get_graph_node_by_idx(made, place)) or b"").decode()
            if name not in NOT_OPERATORS:
                counts[name] = counts.get(name, 0) + 1
    return counts


def run(file: Path, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the graph's outputs by Tengine's names, in its order, computed in float32 by one thread."""
    tengine = library()
    with graph(file) as made:
        # The graph reads the arrays' own memory, so they must live until it has run.
        given = [_give(tengine, made, place, inputs) for place in range(tengine.get_graph_input_node_number(made))]
        if tengine.prerun_graph_multithread(made, Options(1, 0, 0, 0)) != 0:
            raise RuntimeError("Tengine: prerun_graph_multithread failed")
        if tengine.run_graph(made, 1) < 0:
            raise RuntimeError("Tengine: run_graph failed")
        outputs = dict(_outputs(tengine, made))
        tengine.postrun_graph(made)
        del given
    return outputs


def _give(tengine: Any, made: Any, place: int, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    tensor = tengine.get_graph_input_tensor(made, place, 0)
    name = tengine.get_tensor_name(tensor).decode()
    if name not in inputs:
        raise RuntimeError(f"Tengine: the graph asks for {name!r}; expected one of {sorted(inputs)}")
    array = np.ascontiguousarray(inputs[name])
    dtype = DTYPES.get(tengine.get_tensor_data_type(tensor), "of an unknown kind")
    if array.dtype.name != dtype:
        raise Unsupported(f"Tengine: the graph's input {name} is {dtype}, not {array.dtype.name}")
    sizes = (ctypes.c_int * array.ndim)(*array.shape)
    if tengine.set_tensor_shape(tensor, sizes, array.ndim) < 0:
        raise RuntimeError(f"Tengine: set_tensor_shape of {name} to {array.shape} failed")
    if tengine.set_tensor_buffer(tensor, array.ctypes.data, array.nbytes) < 0:
        raise RuntimeError(f"Tengine: set_tensor_buffer of {name} failed")
    return array


def _outputs(tengine: Any, made: Any) -> Iterator[tuple[str, np.ndarray]]:
    for node in range(tengine.get_graph_output_node_number(made)):
        for place in range(tengine.get_node_output_number(tengine.get_graph_output_node(made, node))):
            tensor = tengine.get_graph_output_tensor(made, node, place)
            name = tengine.get_tensor_name(tensor).decode()
            sizes = (ctypes.c_int * MOST_AXES)()
            rank = tengine.get_tensor_shape(tensor, sizes, MOST_AXES)
            shape = list(sizes)[: max(0, rank)]
            dtype = np.dtype(DTYPES[tengine.get_tensor_data_type(tensor)])
            size = tengine.get_tensor_buffer_size(tensor)
            address = tengine.get_tensor_buffer(tensor)
            if not address or size != int(np.prod(shape)) * dtype.itemsize:
                raise RuntimeError(f"Tengine: output {name} has {size} bytes at {address}; expected {dtype} of {shape}")
            yield name, np.frombuffer(ctypes.string_at(address, size), dtype).reshape(shape)
