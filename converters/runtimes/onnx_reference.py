"""ONNX's own reference evaluator: every operator in NumPy, written to be read and not to be fast."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, Session, Unsupported


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
    accepts = ("onnx",)

    def load(self, artifact: Artifact) -> Session:
        from onnx.reference import ReferenceEvaluator

        try:
            evaluator = ReferenceEvaluator(artifact.model)
        except NotImplementedError as refusal:
            raise Unsupported(f"onnx.reference: {refusal}") from refusal
        return ReferenceSession(evaluator, artifact.outputs)


COMPONENT = OnnxReference()
