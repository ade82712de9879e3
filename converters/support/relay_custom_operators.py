"""How TVM's front ends are told of the custom operators."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


def torchscript_converters() -> Mapping[str, Callable[..., Any]]:
    """Return what relay.frontend.from_pytorch takes as `custom_convert_map`."""
    custom = load_file(SUPPORT / "custom_operator.py")

    def converter(operator: Any) -> Callable[..., Any]:
        return lambda inputs, types: operator.relay(*inputs)

    return {f"{custom.NAMESPACE}::{operator.name}": converter(operator) for operator in custom.operators()}


@functools.cache
def install_in_onnx_front_end() -> None:
    """Add every custom operator to the table that relay.frontend.from_onnx looks nodes up in.

    TVM 0.19 takes such a table as an argument for PyTorch only. The node's domain is not looked at.
    """
    from tvm.relay.frontend import onnx

    own = onnx._get_convert_map
    operators = load_file(SUPPORT / "custom_operator.py").operators()

    def converter(operator: Any) -> Callable[..., Any]:
        return lambda inputs, attributes, params: operator.relay(
            inputs[0], *(attributes[name] for name in operator.attributes)
        )

    added = {operator.symbol: converter(operator) for operator in operators}
    onnx._get_convert_map = lambda opset: {**own(opset), **added}
