"""A Relax module compiled by TVM: a shared object with its kernels and the program of the virtual machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
LIBRARY = "library.so"
NAMES = "names.json"


class RelaxExecutable:
    name = "relax_executable"
    title = "Relax executable"

    def save(self, model: Any, folder: Path) -> None:
        model.module.export_library(str(folder / LIBRARY))
        names = {"inputs": model.inputs, "outputs": model.outputs}
        (folder / NAMES).write_text(json.dumps(names), encoding="utf-8")

    def load(self, folder: Path) -> Any:
        import tvm

        names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
        return load_file(SUPPORT / "relax_module.py").RelaxModule(
            module=tvm.runtime.load_module(str(folder / LIBRARY)),
            inputs=tuple(names["inputs"]),
            outputs=tuple(names["outputs"]),
        )

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Raise TypeError: the library does not tell its program, which the compiler has to hand."""
        raise TypeError("counting a relax_executable: the runtime that compiles it knows; let it return with_operators")

    def family(self, operator: str) -> Family | None:
        family: Family | None = load_file(SUPPORT / "relax_operators.py").kernel_family(operator)
        return family


REPRESENTATION = RelaxExecutable()
