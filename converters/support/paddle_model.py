"""A model as Paddle saves it for inference, and what Paddle Lite makes of it."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Where a program takes its inputs from and puts its outputs: no operators of the model.
PORTS = ("feed", "fetch")


@dataclass(frozen=True)
class PaddleModel:
    """program: the bytes of .pdmodel. parameters: those of .pdiparams.

    feeds: the artifact's inputs to variables. outputs: the artifact's, in the order in which the program gives them.
    """

    program: bytes
    parameters: bytes
    feeds: Mapping[str, str]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class PaddleLiteModel:
    """buffer: the bytes of .nb, Paddle Lite's "naive buffer". feeds and outputs: as of the Paddle program."""

    buffer: bytes
    feeds: Mapping[str, str]
    outputs: tuple[str, ...]


@contextlib.contextmanager
def static_mode() -> Iterator[None]:
    """Let Paddle build and run programs; X2Paddle works in the other mode, in the same process."""
    import paddle

    paddle.enable_static()
    try:
        yield
    finally:
        paddle.disable_static()


def parsed(program: bytes) -> Any:
    """Return the paddle.static.Program."""
    import paddle

    with static_mode():
        return paddle.static.Program.parse_from_string(program)


def operators(program: bytes) -> Counter[str]:
    """Return how many of each operator the program has, the blocks of branches and loops included."""
    blocks = parsed(program).blocks
    return Counter(operator.type for block in blocks for operator in block.ops if operator.type not in PORTS)
