"""A file with a factor in it, as a user of the toy framework has one."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from nnparity.contracts import Artifact, Reading, Refused, TensorSpec, Unsupported, Wanted


class TableFile:
    name = "table_file"
    title = "a file of the toy framework (.table)"
    representation = "table"
    environment = "toy"
    defined_by = ("table_cpu",)

    def takes(self, path: Path, member: str) -> bool:
        return path.suffix == ".table"

    def read(self, wanted: Wanted, folder: Path) -> Reading:
        try:
            with np.load(wanted.path) as archive:
                factor = archive["factor"]
        except (ValueError, zipfile.BadZipFile) as problem:
            raise Refused("it is no table; write one with np.savez(file, factor=...)") from problem
        if wanted.moved:
            raise Unsupported("a table's factor is not moved")
        dtype = wanted.dtype or factor.dtype.name
        inputs = (TensorSpec("x", dtype, ("batch", *factor.shape)),)
        return Reading(Artifact("table", {"factor": factor.astype(dtype)}, inputs, ("y",), {}), dtype)


START = TableFile()
