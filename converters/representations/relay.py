"""A Relay module: JSON text, the weights it takes as arguments, and the names of what goes in and out."""

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
PARAMS = "params.bin"
NAMES = "names.json"


class Relay:
    name = "relay"
    title = "Relay"

    def save(self, model: Any, folder: Path) -> None:
        import tvm

        (folder / MODULE).write_text(tvm.ir.save_json(model.module), encoding="utf-8")
        (folder / PARAMS).write_bytes(tvm.runtime.save_param_dict(model.params))
        names = {"inputs": dict(model.inputs), "outputs": model.outputs}
        (folder / NAMES).write_text(json.dumps(names), encoding="utf-8")

    def load(self, folder: Path) -> Any:
        load_file(SUPPORT / "tvm_quiet.py").relay()
        import tvm

        names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
        return load_file(SUPPORT / "relay_module.py").RelayModule(
            module=tvm.ir.load_json((folder / MODULE).read_text(encoding="utf-8")),
            params=dict(tvm.runtime.load_param_dict((folder / PARAMS).read_bytes())),
            inputs=names["inputs"],
            outputs=tuple(names["outputs"]),
        )

    def count(self, artifact: Artifact) -> Mapping[str, int]:
        """Return the calls in every function of the module, once each however often their value is used.

        A call of something else than an operator is "call" (of a function, as loops are made of) or "constructor" (of
        an algebraic data type, as lists are made of); a choice is "If" or "Match".
        """
        from tvm import relay

        return calls(relay.transform.InferType()(artifact.model.module))

    def family(self, operator: str) -> Family | None:
        families: Mapping[str, Family] = load_file(SUPPORT / "relay_operators.py").FAMILIES
        return families.get(operator)


def calls(module: Any) -> Counter[str]:
    """Return how often each operator and construct is in an IRModule."""
    import tvm
    from tvm import relay

    counter: Counter[str] = Counter()

    def visit(node: Any) -> None:
        if isinstance(node, (relay.If, relay.Match)):
            counter[type(node).__name__] += 1
        elif isinstance(node, relay.Call) and isinstance(node.op, tvm.ir.Op):
            counter[node.op.name] += 1
        elif isinstance(node, relay.Call):
            counter["constructor" if isinstance(node.op, relay.adt.Constructor) else "call"] += 1

    for function in module.functions.values():
        relay.analysis.post_order_visit(function, visit)
    return counter


REPRESENTATION = Relay()
