"""ONNX's own reference evaluator: every operator in NumPy, written to be read and not to be fast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, Session, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class ReferenceSession:
    def __init__(self, evaluator: Any, outputs: tuple[str, ...]) -> None:
        self._evaluator = evaluator
        self._outputs = outputs

    def run(self, inputs: Arrays) -> Arrays:
        try:
            # NaN and infinity are answers here, and no accident that NumPy need warn of.
            with np.errstate(all="ignore"):
                results = self._evaluator.run(list(self._outputs), dict(inputs))
        except NotImplementedError as refusal:
            raise Unsupported(f"onnx.reference: {refusal}") from refusal
        return dict(zip(self._outputs, results, strict=True))


class OnnxReference:
    name = "onnx_reference"
    environment = "onnx"
    accepts = ("onnx", "onnx_explicit")

    def load(self, artifact: Artifact) -> Session:
        from onnx.reference import ReferenceEvaluator

        try:
            evaluator = ReferenceEvaluator(artifact.model, new_ops=custom_operators())
        except NotImplementedError as refusal:
            raise Unsupported(f"onnx.reference: {refusal}") from refusal
        return ReferenceSession(evaluator, artifact.outputs)


def custom_operators() -> list[type[Any]]:
    """Return what the evaluator takes for every custom operator: a class that computes one node."""
    from onnx.reference.op_run import OpRun

    custom = load_file(SUPPORT / "custom_operator.py")

    def computing(operator: Any) -> type[Any]:
        class Operator(OpRun):
            op_domain = custom.NAMESPACE

            def _run(self, x: np.ndarray, **attributes: float) -> tuple[np.ndarray]:
                # The evaluator gives attributes as float32, and what is computed of two of them would be one too.
                return (operator.numpy(x, *(float(attributes[name]) for name in operator.attributes)),)

        return type(operator.symbol, (Operator,), {})

    return [computing(operator) for operator in custom.operators()]


COMPONENT = OnnxReference()
