"""Builds the translation table of PyTorch's ONNX exporter once an opset, instead of at every export.

torch.onnx.export(dynamo=True) calls ONNXRegistry.from_torchlib each time, which derives the signatures of some 500
translation functions anew: 0.35 s of an export that otherwise takes 0.15 to 0.3 s, for the same table each time.
Measured on torch 2.13.0 with onnxscript 0.7.2; as of those versions no option of the exporter takes a ready table:
https://github.com/pytorch/pytorch/blob/v2.13.0/torch/onnx/_internal/exporter/_registration.py
It can go when the exporter keeps the table itself. test_onnx_registry_cache.py compares exports with and without it.
"""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def install() -> None:
    """Make every later export in this process share one table per opset.

    Each export gets a registry of its own with lists of its own, as custom translations are added to them.
    """
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    build = ONNXRegistry.from_torchlib

    @functools.cache
    def table(*arguments: Any, **options: Any) -> Any:
        return build(*arguments, **options)

    def from_torchlib(cls: type[Any], *arguments: Any, **options: Any) -> Any:
        built = table(*arguments, **options)
        registry = cls()
        registry._opset_version = built.opset_version
        registry.functions = {target: list(translations) for target, translations in built.functions.items()}
        return registry

    ONNXRegistry.from_torchlib = classmethod(from_torchlib)
