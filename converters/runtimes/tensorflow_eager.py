"""TensorFlow itself, operator by operator and as the graph of a tf.function."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


@dataclass(frozen=True)
class TensorFlowSession:
    call: Any
    inputs: tuple[str, ...]

    def run(self, inputs: Arrays) -> Arrays:
        import tensorflow as tf

        outputs = self.call(*(tf.constant(inputs[name]) for name in self.inputs))
        return {name: np.asarray(output) for name, output in outputs.items()}


@dataclass(frozen=True)
class TensorFlowRuntime:
    name: str
    traced: bool
    environment: str = "tensorflow"
    accepts: tuple[str, ...] = ("tensorflow",)

    def load(self, artifact: Artifact) -> TensorFlowSession:
        support = load_file(SUPPORT / "tensorflow_function.py")
        call = support.as_function(artifact) if self.traced else artifact.model
        return TensorFlowSession(call, tuple(spec.name for spec in artifact.inputs))


COMPONENTS = (
    TensorFlowRuntime("tensorflow_eager", traced=False),
    TensorFlowRuntime("tensorflow_function", traced=True),
)
