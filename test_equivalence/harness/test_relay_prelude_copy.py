"""Copying TVM's standard definitions changes no module that its PyTorch front end makes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnparity.loading import load_file

CHILD = Path(__file__).with_name("children") / "relay_prelude_copy.py"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found(interpreter: Callable[[str], Path]) -> Any:
    """Return the child's answer."""
    settings = load_file(ROOT / "converters" / "environments" / "tvm_relay.py").ENVIRONMENT.variables
    command: list[str | Path] = [interpreter("tvm_relay"), CHILD]
    variables = {**os.environ, **settings, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=variables)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("model", ["linear", "LSTM", "transformer", "loop", "list"])
def test_module_is_that_of_the_stock_front_end(found: Any, model: str) -> None:
    assert found["equal"][model]


def test_some_module_uses_the_definitions(found: Any) -> None:
    assert found["with standard definitions"] == ["list"]
