"""Constants that NumPy folds while TVM imports a model are those that TVM folds, and so is the module."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnparity.loading import load_file

CHILD = Path(__file__).with_name("children") / "relay_numpy_folding.py"
ROOT = Path(__file__).parents[2]
SUPPORT = ROOT / "converters" / "support"
FOLDED = sorted(load_file(SUPPORT / "relay_numpy_operators.py").OPERATORS)
MODELS = (
    "LSTM",
    "TFLite matrix product that broadcasts",
    "TorchScript transformer",
    "branch",
    "layer normalisation",
    "matrix product that broadcasts",
    "matrix product with one matrix",
    "padding",
    "resize",
    "scale from a depth",
    "shape computed from the input",
    "slice from the end",
)
NOTHING_TO_FOLD = "layer normalisation"


@pytest.fixture(scope="module")
def compare(interpreter: Callable[[str], Path]) -> Callable[..., Any]:
    """Return a function that runs the child and gives its answer."""

    settings = load_file(ROOT / "converters" / "environments" / "tvm_relay.py").ENVIRONMENT.variables

    def run(*arguments: str) -> Any:
        command: list[str | Path] = [interpreter("tvm_relay"), CHILD, *arguments]
        variables = {**os.environ, **settings, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=variables)
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def operators(compare: Callable[..., Any]) -> Any:
    return compare("operators")


@pytest.fixture(scope="module")
def models(compare: Callable[..., Any]) -> Any:
    return compare("models")


@pytest.mark.parametrize("operator", FOLDED)
def test_numpy_and_tvm_compute_the_same_bits(operators: Any, operator: str) -> None:
    found = operators["operators"][operator]

    assert found["different"] == []
    assert found["taken"] > 0


def test_every_folded_operator_is_drawn(operators: Any) -> None:
    assert operators["without draws"] == []


@pytest.mark.parametrize("model", MODELS)
def test_imported_module_is_that_of_the_stock_front_end(models: Any, model: str) -> None:
    assert models[model]["equal"]


def test_models_have_constants_to_fold(models: Any) -> None:
    assert {name for name, found in models.items() if not found["taken"]} == {NOTHING_TO_FOLD}


def test_all_models_are_tested(models: Any) -> None:
    assert set(models) == set(MODELS)


def test_wrong_operator_is_noticed(compare: Callable[..., Any]) -> None:
    assert compare("operators", "maximum")["operators"]["maximum"]["different"]


def test_wrong_constant_is_noticed_in_the_module(compare: Callable[..., Any]) -> None:
    found = compare("models", "sqrt")

    assert {name for name, one in found.items() if not one["equal"]} == {"scale from a depth"}
