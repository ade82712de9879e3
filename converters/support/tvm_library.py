"""What an artifact compiled by TVM holds, and how its kernels are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = re.compile(r"^(tvmgen_default|vm_mod)_")
# TVM cuts a name after 80 characters and puts the hash of the whole one behind; equal names get a number.
CUT = re.compile(r"(?<=^.{80})_[0-9a-f]+_(_\d+)?$")
NUMBER = re.compile(r"_\d+$")


@dataclass(frozen=True)
class TvmLibrary:
    """A tvm.runtime.Module that makes graph executors, or that is a program for the virtual machine.

    inputs: input to the name that the executor knows it by. outputs: for every output in the artifact's order, its
    place in the executor's results. virtual_machine: which it is; a library read from a file does not tell.
    """

    module: Any
    inputs: Mapping[str, str]
    outputs: tuple[int, ...]
    virtual_machine: bool


def kernel_name(symbol: str) -> str:
    """Return the name of a kernel without what only tells it from its likes: "fused_nn_dense_add".

    A name that TVM has cut short ends in three dots.
    """
    name = PREFIX.sub("", symbol)
    cut = CUT.sub("...", name)
    return cut if cut != name else NUMBER.sub("", name)
