"""Runs a table by multiplying with it."""

from __future__ import annotations

import numpy as np

from nnparity.contracts import Arrays, Artifact, Session


class TableSession:
    def __init__(self, factor: np.ndarray) -> None:
        self._factor = factor

    def run(self, inputs: Arrays) -> Arrays:
        return {"y": np.multiply(self._factor, inputs["x"])}


class TableCpu:
    name = "table_cpu"
    environment = "toy"
    accepts = ("table",)

    def load(self, artifact: Artifact) -> Session:
        return TableSession(artifact.model["factor"])


COMPONENT = TableCpu()
