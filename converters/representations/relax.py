"""A Relax module with its weights as constants: JSON text, and the names of what goes in and out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Family
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
MODULE = "module.json"
NAMES = "names.json"
PREFIX = "relax."


class Relax:
    name = "relax"
    title = "Relax"

    def save(self, model: Any, folder: Path) -> None:
        import tvm

        (folder / MODULE).write_text(tvm.ir.save_json(model.module), encoding="utf-8")
        names = {"inputs": model.inputs, "outputs": model.outputs}
        (folder / NAMES).write_text(json.dumps(names), encoding="utf-8")

    def load(self, folder: Path) -> Any:
        import tvm
        from tvm import relax  # noqa: F401 the operators that the text names

        names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
        return load_file(SUPPORT / "relax_module.py").RelaxModule(
            module=tvm.ir.load_json((folder / MODULE).read_text(encoding="utf-8")),
            inputs=tuple(names["inputs"]),
            outputs=tuple(names["outputs"]),
        )

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return the calls in every function of the module, branches once each.

        A call of something else than an operator is "call"; a choice is "If".
        """
        import tvm
        from tvm import relax

        counter: Counter[str] = Counter()

        def visit(node: Any) -> None:
            if isinstance(node, relax.If):
                counter["If"] += 1
            elif isinstance(node, relax.Call):
                operator = node.op.name.removeprefix(PREFIX) if isinstance(node.op, tvm.ir.Op) else "call"
                counter[operator] += 1

        for function in artifact.model.module.functions.values():
            if isinstance(function, relax.Function):
                relax.analysis.post_order_visit(function, visit)
        return dict(counter)

    def family(self, operator: str) -> Family | None:
        families: Mapping[str, Family] = load_file(SUPPORT / "relax_operators.py").FAMILIES
        return families.get(operator)


REPRESENTATION = Relax()
