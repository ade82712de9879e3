"""An optimiser of tables that finds nothing to do."""

from __future__ import annotations

from nnparity.contracts import Artifact


class TableTidied:
    name = "table_tidied"
    environment = "toy"
    source = "table"
    target = "table"

    def convert(self, artifact: Artifact) -> Artifact:
        return artifact.converted(self.target, dict(artifact.model))


COMPONENT = TableTidied()
