"""From the toy framework to a table."""

from __future__ import annotations

from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


class TableFromToy:
    name = "table_from_toy"
    environment = "toy"
    source = "toy"
    target = "table"

    def convert(self, artifact: Artifact) -> Artifact:
        factor = load_file(SUPPORT / "toy_factor.py").factor_of(artifact.model)
        return artifact.converted(self.target, {"factor": factor})


COMPONENT = TableFromToy()
