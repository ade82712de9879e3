"""A library compiled by TVM: the shared object of its kernels, with the executor's plan inside."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
LIBRARY = "library.so"
NAMES = "names.json"
FUSED = re.compile(r"fused(_[A-Za-z0-9]+)+(_?\.\.\.)?")
SHAPE_FUNCTION = re.compile(r"shape_func(_[A-Za-z0-9]+)+(_?\.\.\.)?")


class TvmLibraryFile:
    name = "tvm_library"
    title = "TVM library"

    def save(self, model: Any, folder: Path) -> None:
        model.module.export_library(str(folder / LIBRARY))
        names = {"inputs": dict(model.inputs), "outputs": model.outputs, "virtual_machine": model.virtual_machine}
        (folder / NAMES).write_text(json.dumps(names), encoding="utf-8")

    def load(self, folder: Path) -> Any:
        import tvm

        names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
        return load_file(SUPPORT / "tvm_library.py").TvmLibrary(
            module=tvm.runtime.load_module(str(folder / LIBRARY)),
            inputs=names["inputs"],
            outputs=tuple(names["outputs"]),
            virtual_machine=names["virtual_machine"],
        )

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Raise TypeError: how often a kernel is called is in the plan, which only the compiler has to hand."""
        raise TypeError("counting a tvm_library: the runtime that compiles it knows; let it return with_operators(...)")

    def family(self, operator: str) -> Family | None:
        """Return the family of the one operator that a kernel computes, or FUSED if it computes several."""
        alone = _kernels_of_one_operator().get(operator)
        if alone is not None:
            return alone
        if FUSED.fullmatch(operator):
            return Family.FUSED
        return Family.LAYOUT if SHAPE_FUNCTION.fullmatch(operator) else None


@cache
def _kernels_of_one_operator() -> Mapping[str, Family]:
    families = load_file(SUPPORT / "relay_operators.py").FAMILIES
    return {"fused_" + operator.replace(".", "_"): family for operator, family in families.items()}


REPRESENTATION = TvmLibraryFile()
