"""What holds of a model quantised to XINT8, and the inputs that it is calibrated on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from nnparity.contracts import Artifact
from nnparity.dtypes import BFLOAT16, is_float, named

SETS = 8
SEED = 8
NOTHING = 4


def calibration_inputs(artifact: Artifact) -> list[dict[str, np.ndarray]]:
    """Return the same sets every time: floats are normal, twice as wide in every second set, booleans fair.

    Integers are 0 and 1, which are in range wherever an index has a choice, and 0 where the model does not run so.
    """
    rng = np.random.default_rng(SEED)
    sets = [{spec.name: _drawn(spec, artifact, rng, place) for spec in artifact.inputs} for place in range(SETS)]
    if not _has_indices(artifact) or _runs(artifact.model, sets):
        return sets
    return [{name: _without_ones(array) for name, array in inputs.items()} for inputs in sets]


def _without_ones(array: np.ndarray) -> np.ndarray:
    return np.zeros_like(array) if array.dtype.kind == "i" else array


def _has_indices(artifact: Artifact) -> bool:
    """Whether the model takes integers, and nothing that ONNX Runtime has no NumPy arrays for."""
    dtypes = {spec.dtype for spec in artifact.inputs}
    return any(named(dtype).kind == "i" for dtype in dtypes) and BFLOAT16 not in dtypes


def _runs(model: Any, sets: Iterable[dict[str, np.ndarray]]) -> bool:
    """Whether ONNX Runtime runs the model on every set. It has no public names for its errors."""
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    options = onnxruntime.SessionOptions()
    options.log_severity_level = NOTHING
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        for inputs in sets:
            session.run(None, inputs)
    except (errors.Fail, errors.InvalidArgument, errors.InvalidGraph, errors.NotImplemented, errors.RuntimeException):
        return False
    return True


def _drawn(spec: Any, artifact: Artifact, rng: np.random.Generator, place: int) -> np.ndarray:
    shape, dtype = spec.sized(artifact.sizes), named(spec.dtype)
    if is_float(dtype):
        return np.asarray(rng.standard_normal(shape) * (1 + place % 2)).astype(dtype)
    return np.asarray(rng.integers(0, 2, shape)).astype(dtype)


def scales(model: Any) -> dict[str, np.ndarray]:
    """Return the scale of every QuantizeLinear and DequantizeLinear, by the name of its output."""
    from onnx import numpy_helper

    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    quantising = [node for node in model.graph.node if node.op_type in {"QuantizeLinear", "DequantizeLinear"}]
    return {node.output[0]: numpy_helper.to_array(constants[node.input[1]]) for node in quantising}


def odd_scales(found: dict[str, np.ndarray]) -> list[str]:
    """Return the scales that are no powers of two, described."""
    mantissas = {name: np.frexp(scale)[0] for name, scale in found.items()}
    return [f"{name}: {found[name]}" for name, mantissa in mantissas.items() if not (mantissa == 0.5).all()]


def steps(found: dict[str, np.ndarray], outputs: Iterable[str]) -> dict[str, float]:
    """Return the size of a step of each output that is quantised."""
    return {name: float(np.max(found[name])) for name in outputs if name in found}
