"""What must be true of an ONNX model that an exporter says it has written."""

from __future__ import annotations

from typing import Any

from nnparity.contracts import Artifact


def checked(model: Any, artifact: Artifact, *, exporter: str, opset: int) -> Any:
    """Return the model. Raises RuntimeError if the exporter quietly wrote another opset, or closed an axis left open.

    PyTorch 2.13 writes opset 18 when it cannot reach the one asked for, and gives an open axis the example's size
    when the module reads that size as a number; neither is more than a line in its log.
    """
    written = {entry.domain: entry.version for entry in model.opset_import}
    if written.get("") != opset:
        raise RuntimeError(f"{exporter}: wrote opset {written.get('')}; expected {opset}")
    shapes = {value.name: value.type.tensor_type.shape.dim for value in model.graph.input}
    for spec in artifact.inputs:
        for axis, size in enumerate(spec.shape):
            if isinstance(size, str) and spec.name in shapes and not shapes[spec.name][axis].dim_param:
                fixed = shapes[spec.name][axis].dim_value
                raise RuntimeError(
                    f"{exporter}: fixed axis {axis} of {spec.name} at {fixed}; expected it to stay open ({size})"
                )
    return model
