"""The toy framework, running its own model."""

from __future__ import annotations

from typing import Any

from nnparity.contracts import Arrays, Artifact, Session


class EagerSession:
    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact

    def run(self, inputs: Arrays) -> Arrays:
        results: Any = self._artifact.model(*(inputs[spec.name] for spec in self._artifact.inputs))
        return dict(zip(self._artifact.outputs, (results,), strict=True))


class ToyEager:
    name = "toy_eager"
    environment = "toy"
    accepts = ("toy",)

    def load(self, artifact: Artifact) -> Session:
        return EagerSession(artifact)


COMPONENT = ToyEager()
