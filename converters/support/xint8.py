"""What holds of a model quantised to XINT8, and the inputs that it is calibrated on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from nnparity.contracts import Artifact
from nnparity.dtypes import is_float, named

SETS = 8
SEED = 8


def calibration_inputs(artifact: Artifact) -> list[dict[str, np.ndarray]]:
    """Return the same sets every time: floats are normal, twice as wide in every second set, booleans fair.

    Integers are 0 and 1, which are in range wherever an index has a choice.
    """
    rng = np.random.default_rng(SEED)
    return [{spec.name: _drawn(spec, artifact, rng, place) for spec in artifact.inputs} for place in range(SETS)]


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
