"""What a reader sees of a layer is its code as written, with all that it uses of its file and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from nnparity.code import code_of
from nnparity.loading import load_file
from nnparity.options import load_content

FILE = """
import math
from functools import cache

SCALE = 2.0
UNUSED = 3
LOW, HIGH = 0, 1
weights: int = 4


def helper(x):
    # a comment that stays
    return other(x) * SCALE


def other(x):
    return helper(x) if x > HIGH + LOW else math.pi


@cache
def build(config, weights):
    SCALED = 1
    return helper(weights)


def made():
    def inner():
        return SCALE

    return inner


short = lambda x: x
"""


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    (tmp_path / "layer.py").write_text(FILE)
    return load_file(tmp_path / "layer.py")


def test_what_a_function_uses_stands_before_it(module: ModuleType) -> None:
    text = code_of(module.build.__wrapped__)
    places = [text.index(part) for part in ("SCALE = ", "LOW, HIGH", "def helper", "def other", "@cache\ndef build")]
    assert places == sorted(places)
    assert "# a comment that stays" in text
    for part in ("UNUSED", "weights: int", "def made", "import"):
        assert part not in text


def test_what_has_no_definition_of_its_own_has_no_code(module: ModuleType) -> None:
    assert [code_of(one) for one in (module.made(), module.short, partial(module.helper, 1), len)] == [""] * 4


def test_every_layer_has_code_that_parses() -> None:
    for layer in load_content((), ()).layers.values():
        written: list[Callable[..., object]] = [layer.reference, *layer.build.values()]
        for function in written:
            assert ast.parse(code_of(function)).body, layer.name
