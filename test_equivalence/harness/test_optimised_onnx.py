"""An optimiser of ONNX graphs that changes what the model is called with is found out."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nnparity.contracts import Artifact, TensorSpec
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[2] / "converters" / "support"
SAME_INTERFACE = load_file(SUPPORT / "optimised_onnx.py").same_interface
FLOAT, HALF = 1, 10


class Axis:
    def __init__(self, size: int | str) -> None:
        self.dim_value = size

    def HasField(self, name: str) -> bool:  # noqa: N802 protobuf's name
        return name == "dim_value" and isinstance(self.dim_value, int)


def value(name: str, *sizes: int | str, dtype: int = FLOAT) -> Any:
    shape = SimpleNamespace(dim=[Axis(size) for size in sizes])
    return SimpleNamespace(name=name, type=SimpleNamespace(tensor_type=SimpleNamespace(elem_type=dtype, shape=shape)))


def model(*inputs: Any, output: Any = None, opset: int = 20, weights: tuple[str, ...] = ()) -> Any:
    graph = SimpleNamespace(
        input=list(inputs),
        output=[output or value("y", "batch", 3)],
        initializer=[SimpleNamespace(name=name) for name in weights],
    )
    return SimpleNamespace(graph=graph, opset_import=[SimpleNamespace(domain="", version=opset)])


X, MASK = value("x", "batch", 3), value("mask", 3)
GIVEN = Artifact("onnx", model(X, MASK), (TensorSpec("x", "float32", ("batch", 3)),), ("y",), {"batch": 2})


@pytest.mark.parametrize(
    "same",
    [
        model(X, MASK),
        model(MASK, value("x", "unk__1", 3)),
        model(X, MASK, value("weight", 3), weights=("weight",)),
    ],
)
def test_model_called_as_before_is_returned(same: Any) -> None:
    assert SAME_INTERFACE(same, GIVEN, tool="tool") is same


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (model(X), "inputs"),
        (model(value("x", 2, 3), MASK), "inputs"),
        (model(value("x", "batch", 3, dtype=HALF), MASK), "inputs"),
        (model(X, MASK, output=value("z", "batch", 3)), "outputs"),
        (model(X, MASK, output=value("y", "batch", 3, dtype=HALF)), "outputs"),
        (model(X, MASK, opset=21), "opset"),
    ],
)
def test_model_called_otherwise_is_refused(changed: Any, what: str) -> None:
    with pytest.raises(RuntimeError, match=f"tool: the {what} are now"):
        SAME_INTERFACE(changed, GIVEN, tool="tool")
