"""SNPE's CPU runtime, through snpe-net-run, which the user supplies; written from its documentation, not run here."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np

from nnparity.contracts import Arrays, Artifact, Session, Unsupported
from nnparity.loading import load_file

SNPE = load_file(Path(__file__).parents[1] / "support" / "snpe_tools.py")
PLACE = "Result_0"


class SnpeSession:
    def __init__(self, artifact: Artifact) -> None:
        self._model = artifact.model
        self._inputs = [spec.name for spec in artifact.inputs]
        self._outputs = artifact.outputs
        self._shapes = SNPE.shapes(SNPE.layers(artifact.model))

    def run(self, inputs: Arrays) -> Arrays:
        for name in self._inputs:
            if inputs[name].dtype != np.float32:
                raise Unsupported(f"snpe-net-run reads files of float32; {name} is {inputs[name].dtype}")
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            (folder / "model.dlc").write_bytes(self._model)
            given = []
            for number, name in enumerate(self._inputs):
                file = folder / f"in{number}.raw"
                file.write_bytes(np.ascontiguousarray(inputs[name]).tobytes())
                given.append(f"{name}:={file}")
            # The first line chooses the tensors to write, and each other line is one inference.
            lines = [f"%{' '.join(self._outputs)}", " ".join(given)]
            (folder / "list.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
            options = ["--container", folder / "model.dlc", "--input_list", folder / "list.txt"]
            said = SNPE.call(SNPE.RUNNER, [*options, "--output_dir", folder / "out"], folder=folder)
            said.demand()
            outputs = {}
            for output in self._outputs:
                content = said.demand_file(folder / "out" / PLACE / f"{output}.raw", empty=True).read_bytes()
                shape = self._shapes.get(output)
                if shape is None:
                    raise RuntimeError(f"snpe-dlc-info tells no sizes of {output}; it does of {sorted(self._shapes)}")
                if len(content) != math.prod(shape) * 4:
                    raise RuntimeError(f"snpe-net-run wrote {len(content)} bytes of {output}; it has the shape {shape}")
                outputs[output] = np.frombuffer(content, np.float32).reshape(shape)
        return outputs


class SnpeCpu:
    name = "snpe_cpu"
    environment = "native_tools"
    accepts = ("dlc",)
    on_demand = True

    def missing(self) -> str:
        return str(SNPE.missing(SNPE.RUNNER, SNPE.DESCRIBER))

    def supplied(self) -> str:
        return str(SNPE.identity(SNPE.RUNNER, SNPE.DESCRIBER))

    def load(self, artifact: Artifact) -> Session:
        return SnpeSession(artifact)


COMPONENT = SnpeCpu()
