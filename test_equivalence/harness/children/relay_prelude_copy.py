"""Imports TorchScript modules before and after the standard definitions are copied; prints as JSON what differs.

Runs in the environment "tvm_relay": python relay_prelude_copy.py
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nnparity.loading import load_file

relay: Any = importlib.import_module("tvm.relay")
torch: Any = importlib.import_module("torch")
SUPPORT = Path(__file__).resolve().parents[3] / "converters" / "support"


class Doubling(torch.nn.Module):  # type: ignore[misc]
    """A loop, for which TVM keeps definitions of its own."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        while bool(x.sum() < 100.0):
            x = x * 2 + 1
        return x


class Stacking(torch.nn.Module):  # type: ignore[misc]
    """A list that grows in a loop, for which TVM keeps standard definitions."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: list[torch.Tensor] = []
        for i in range(x.size(0)):
            found += [x[i] * 2]
        return torch.stack(found)


def models() -> dict[str, tuple[Any, tuple[int, ...]]]:
    """Return TorchScript modules with one input, and its shape."""
    nn = torch.nn
    traced: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
        "linear": (lambda: nn.Linear(3, 4), (2, 3)),
        "LSTM": (lambda: nn.LSTM(3, 4), (2, 1, 3)),
        "transformer": (lambda: nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval(), (2, 3, 4)),
    }
    found = {
        name: (torch.jit.trace(build(), torch.zeros(shape), check_trace=False), shape)
        for name, (build, shape) in traced.items()
    }
    return found | {"loop": (torch.jit.script(Doubling()), (2, 3)), "list": (torch.jit.script(Stacking()), (2, 3))}


def imported(script: Any, shape: tuple[int, ...]) -> Any:
    """Return the module; two of them are compared as text, because TVM compares data types by identity."""
    return relay.frontend.from_pytorch(script, [("x", shape)])[0]


def main() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)
    scripts = models()
    before = {name: imported(*model) for name, model in scripts.items()}
    load_file(SUPPORT / "relay_prelude_copy.py").install()
    rounds = [{name: imported(*model) for name, model in scripts.items()} for _ in range(2)]
    equal = {name: all(module.astext() == after[name].astext() for after in rounds) for name, module in before.items()}
    used = [name for name, module in before.items() if len(module.functions) > 1]
    sys.stdout.write(json.dumps({"equal": equal, "with standard definitions": used}))


if __name__ == "__main__":
    main()
