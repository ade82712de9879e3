"""Tengine on the CPU in float32, through its C library, which the user supplies."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nnparity.contracts import Arrays, Artifact, Session
from nnparity.loading import load_file

TENGINE = load_file(Path(__file__).parents[1] / "support" / "tengine_library.py")


class TengineSession:
    def __init__(self, artifact: Artifact) -> None:
        self._model = artifact.model
        self._outputs = artifact.outputs

    def run(self, inputs: Arrays) -> Arrays:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.tmfile"
            file.write_bytes(self._model)
            found = TENGINE.run(file, inputs)
        if set(self._outputs) <= set(found):
            return {name: found[name] for name in self._outputs}
        if len(found) == len(self._outputs) == 1:  # the converter names an output after the last node that it kept
            return dict(zip(self._outputs, found.values(), strict=True))
        raise RuntimeError(f"Tengine gave {sorted(found)}; expected {sorted(self._outputs)}")


class TengineCpu:
    name = "tengine_cpu"
    environment = "native_tools"
    accepts = ("tengine",)
    on_demand = True

    def missing(self) -> str:
        return str(TENGINE.SUPPLIED.missing(TENGINE.WANTED))

    def supplied(self) -> str:
        return str(TENGINE.SUPPLIED.identity(TENGINE.WANTED))

    def load(self, artifact: Artifact) -> Session:
        TENGINE.library()
        return TengineSession(artifact)


COMPONENT = TengineCpu()
