"""Memory and a stream of the first NVIDIA GPU, through the driver's own library."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import numpy as np

from nnparity.contracts import NotHere

LIBRARY = "libcuda.so.1"
SUPPLY = "supply a machine with an NVIDIA GPU of compute capability 8.0, 8.6, 8.9 or 12.0 and its driver"


@cache
def driver() -> Callable[..., None]:
    """Return what calls a function of the driver by its name, with the GPU's primary context made current.

    Raises NotHere if there is no driver or no GPU; what it returns raises RuntimeError for any other error.
    """
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as missing:
        raise NotHere(f"running needs an NVIDIA GPU, and there is no {LIBRARY}; {SUPPLY}") from missing

    def call(name: str, *arguments: object) -> None:
        error = getattr(library, name)(*arguments)
        if error:
            words = ctypes.c_char_p()
            library.cuGetErrorString(error, ctypes.byref(words))
            raise RuntimeError(f"CUDA driver: {name}: error {error}: {(words.value or b'unknown').decode()}")

    count, device, context = ctypes.c_int(), ctypes.c_int(), ctypes.c_void_p()
    if library.cuInit(0) or library.cuDeviceGetCount(ctypes.byref(count)) or not count.value:
        raise NotHere(f"running needs an NVIDIA GPU, and the driver finds none; {SUPPLY}")
    call("cuDeviceGet", ctypes.byref(device), 0)
    call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    call("cuCtxSetCurrent", context)
    return call


class Memory:
    """A piece of the GPU's memory, freed with this object."""

    def __init__(self, size: int) -> None:
        self._address = ctypes.c_uint64()
        # Nothing cannot be allocated, and every tensor must have an address.
        driver()("cuMemAlloc_v2", ctypes.byref(self._address), ctypes.c_size_t(max(1, size)))

    def __del__(self) -> None:
        if self._address.value:
            driver()("cuMemFree_v2", self._address)

    @property
    def address(self) -> int:
        return self._address.value

    def write(self, array: np.ndarray) -> None:
        """Copy an array here; it must be contiguous, and the memory at least as large."""
        if array.nbytes:
            source = array.ctypes.data_as(ctypes.c_void_p)
            driver()("cuMemcpyHtoD_v2", self._address, source, ctypes.c_size_t(array.nbytes))

    def read(self, array: np.ndarray) -> None:
        """Fill an array from here."""
        if array.nbytes:
            target = array.ctypes.data_as(ctypes.c_void_p)
            driver()("cuMemcpyDtoH_v2", target, self._address, ctypes.c_size_t(array.nbytes))


class Stream:
    """A queue of work for the GPU, gone with this object."""

    def __init__(self) -> None:
        self._handle = ctypes.c_void_p()
        driver()("cuStreamCreate", ctypes.byref(self._handle), ctypes.c_uint(0))

    def __del__(self) -> None:
        if self._handle.value:
            driver()("cuStreamDestroy_v2", self._handle)

    @property
    def handle(self) -> int:
        return self._handle.value or 0

    def wait(self) -> None:
        """Return when everything in the queue is done. Raises RuntimeError if something of it failed."""
        driver()("cuStreamSynchronize", self._handle)
