"""ONNX's reference evaluator and optimisers of ONNX models, as somebody calls them who has no nnparity."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def onnx_reference(source: Path, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    import onnx
    from onnx.reference import ReferenceEvaluator

    results = ReferenceEvaluator(onnx.load(source / "model.onnx")).run(outputs, inputs)
    return dict(zip(outputs, results, strict=True))


def onnx_simplified(source: Path, target: Path) -> None:
    import onnx
    import onnxsim

    model, sound = onnxsim.simplify(onnx.load(source / "model.onnx"))
    if not sound:
        raise RuntimeError("onnxsim: the simplified model did not pass its own check")
    onnx.save(model, target / "model.onnx")


def onnx_slimmed(source: Path, target: Path) -> None:
    import onnx
    import onnxslim

    onnx.save(onnxslim.slim(onnx.load(source / "model.onnx")), target / "model.onnx")
