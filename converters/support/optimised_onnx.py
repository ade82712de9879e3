"""What must stay true of an ONNX model that a tool for graphs has rewritten."""

from __future__ import annotations

from typing import Any

from nnparity.contracts import Artifact


def same_interface(model: Any, artifact: Artifact, *, tool: str) -> Any:
    """Return the model. Raises RuntimeError if its inputs, outputs or opset are no longer the artifact's.

    Who calls the model knows it by these; axes that were open must be so, too.
    """
    for what, read in (("inputs", _inputs), ("outputs", _outputs), ("opset", _opset)):
        before, after = read(artifact.model), read(model)
        if after != before:
            raise RuntimeError(f"{tool}: the {what} are now {after}; expected {before}")
    return model


def _inputs(model: Any) -> list[str]:
    weights = {weight.name for weight in model.graph.initializer}
    return sorted(_written(value) for value in model.graph.input if value.name not in weights)


def _outputs(model: Any) -> list[str]:
    return sorted(f"{value.name}:{value.type.tensor_type.elem_type}" for value in model.graph.output)


def _opset(model: Any) -> int:
    return next((entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"}), 0)


def _written(value: Any) -> str:
    """Return "x:1[batch,3]"; an axis without a size is "?", whatever it is called."""
    tensor = value.type.tensor_type
    sizes = (str(axis.dim_value) if axis.HasField("dim_value") else "?" for axis in tensor.shape.dim)
    return f"{value.name}:{tensor.elem_type}[{','.join(sizes)}]"
