"""MNN on the CPU in float32, its highest precision, as a module."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
CPU = 0


@dataclass(frozen=True)
class MnnSession:
    """module: takes MNN's inputs in the order of `inputs`, gives its outputs in the order of `outputs`.

    stale: inputs that may not go from more elements to one, since MNN then gives what is in memory.
    """

    module: Any
    layout: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    stale: tuple[str, ...]

    def run(self, inputs: Arrays) -> Arrays:
        """Return the outputs by name. Raises RuntimeError where MNN gives none, which is all it does if it fails.

        A model that is run for several sizes is taken to have been run for more than one element before: whether it
        has in this process is a matter of order, and this makes it one failure.
        """
        for name in self.stale:
            if inputs[name].size == 1:
                raise RuntimeError(f"MNN may give what an earlier run left in memory where {name} has one element")
        given = [self._variable(inputs[name]) for name in self.inputs]
        results = self.module.forward(given)
        if len(results) != len(self.outputs):
            raise RuntimeError(
                f"MNN gives {len(results)} outputs, expected {len(self.outputs)}; what it says is on its error stream"
            )
        return {name: self._array(result) for name, result in zip(self.outputs, results, strict=True)}

    def _variable(self, array: np.ndarray) -> Any:
        """Return what a module takes: MNN's variables hold float32 and int32, so floats and integers become that."""
        from MNN import expr

        number = (np.float32, expr.float) if array.dtype.kind not in "biu" else (np.int32, expr.int)
        variable = expr.placeholder(list(array.shape), getattr(expr, self.layout), number[1])
        variable.write(np.array(array, dtype=number[0], order="C"))
        return variable

    def _array(self, result: Any) -> np.ndarray:
        from MNN import expr

        if result.data_format == expr.NC4HW4:
            result = expr.convert(result, getattr(expr, self.layout))
        return np.array(result.read()).reshape(result.shape)


class MnnCpu:
    name = "mnn_cpu"
    environment = "mnn"
    accepts = ("mnn",)
    on_demand = True

    def load(self, artifact: Artifact) -> MnnSession:
        from MNN import nn

        manager = nn.create_runtime_manager(({"backend": CPU, "precision": "high", "numThread": 1},))
        inputs: Mapping[str, str] = artifact.model.inputs
        outputs: Mapping[str, str] = artifact.model.outputs
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "model.mnn")
            file.write_bytes(artifact.model.content)
            module = nn.load_module_from_file(
                str(file), list(inputs.values()), list(outputs.values()), runtime_manager=manager
            )
        return MnnSession(module, artifact.model.layout, tuple(inputs), tuple(outputs), _stale(artifact))


def _stale(artifact: Artifact) -> tuple[str, ...]:
    """Return the inputs of one open axis of a model that MNN runs wrong for one element after more."""
    vectors = tuple(spec.name for spec in artifact.inputs if len(spec.shape) == 1 and isinstance(spec.shape[0], str))
    if not vectors:
        return ()
    text = load_file(SUPPORT / "mnn_converter.py").as_json(artifact.model.content)
    return vectors if load_file(SUPPORT / "mnn_stale.py").unsqueezes_input(text) else ()


COMPONENT = MnnCpu()
