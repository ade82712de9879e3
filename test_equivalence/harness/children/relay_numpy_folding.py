"""Compares constants folded by NumPy with those that TVM computes; prints what it found as JSON.

Runs in the environment "tvm_relay": python relay_numpy_folding.py operators | models [BROKEN_OPERATOR]...
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.loading import load_file

HERE = Path(__file__).resolve()
SUPPORT = HERE.parents[3] / "converters" / "support"
CALLS: Any = load_file(HERE.with_name("relay_calls.py"))
ONNX: Any = load_file(HERE.with_name("onnx_models.py"))
TFLITE: Any = load_file(HERE.with_name("tflite_models.py"))
DRAWS = 15


def compared_operators(evaluate: dict[str, Callable[..., Any]], broken: list[str]) -> dict[str, Any]:
    """Return how many calls NumPy took and left, and those that TVM computes otherwise, by operator."""
    folder = load_file(SUPPORT / "relay_numpy_folding.py").Folder
    report: dict[str, Any] = {}
    for place, (name, draw) in enumerate(sorted(CALLS.DRAWS.items())):
        if broken and name not in broken:
            continue
        rng = np.random.default_rng(place)
        calls = [draw(rng) for _ in range(DRAWS)]
        taken = [(call, folded) for call in calls if (folded := folder().folded(call)) is not call]
        different = [
            f"{call}: NumPy {ours!r}, TVM {theirs!r}"
            for (call, folded), theirs in zip(taken, CALLS.computed([call for call, _ in taken]), strict=True)
            if not identical(ours := CALLS.arrays(folded), theirs)
        ]
        report[name] = {"taken": len(taken), "left": len(calls) - len(taken), "different": different}
    return {"operators": report, "without draws": sorted(set(evaluate) - set(CALLS.DRAWS))}


def identical(ours: list[np.ndarray], theirs: list[np.ndarray]) -> bool:
    """Say whether both are the same arrays in the same order, to the bit."""
    return [(x.dtype, x.shape, x.tobytes()) for x in ours] == [(x.dtype, x.shape, x.tobytes()) for x in theirs]


def compared_models(evaluate: dict[str, Callable[..., Any]], broken: list[str]) -> dict[str, Any]:
    """Return for each model whether the imported modules are equal, and how many calls NumPy took."""
    tvm: Any = importlib.import_module("tvm")
    folding = load_file(SUPPORT / "relay_numpy_folding.py").folding
    taken: Counter[str] = Counter()
    for name, function in dict(evaluate).items():
        evaluate[name] = _counted(name, function, taken)
    front_end = tvm.relay.frontend
    imports = {name: partial(front_end.from_onnx, *model) for name, model in ONNX.models().items()}
    for name, file in TFLITE.models().items():
        imports[name] = partial(front_end.from_tflite, TFLITE.tflite.Model.GetRootAsModel(file, 0))
    for name, (script, shape) in torchscript_models().items():
        imports[name] = partial(front_end.from_pytorch, script, [("x", shape)])
    report = {}
    for name, imported in imports.items():
        modules, params = [], []
        taken.clear()
        for context in (folding(), contextlib.nullcontext()):
            with context:
                module, weights = imported()
            modules.append(module)
            params.append({key: value.numpy().tobytes() for key, value in weights.items()})
        equal = tvm.ir.structural_equal(*modules) and params[0] == params[1]
        report[name] = {"equal": bool(equal), "taken": sum(taken.values())}
    return report


def torchscript_models() -> dict[str, tuple[Any, tuple[int, ...]]]:
    """Return TorchScript modules with one input, and its shape."""
    torch: Any = importlib.import_module("torch")
    block = torch.nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return {"TorchScript transformer": (torch.jit.trace(block, torch.zeros(2, 3, 4), check_trace=False), (2, 3, 4))}


def _counted(name: str, function: Callable[..., Any], taken: Counter[str]) -> Callable[..., Any]:
    def evaluate(*arguments: Any) -> Any:
        value = function(*arguments)
        taken[name] += value is not None
        return value

    return evaluate


def _broken(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the operator with another first element in its value."""

    def evaluate(*arguments: Any) -> Any:
        value = function(*arguments)
        if value is None:
            return None
        wrong = np.array(value)
        wrong.flat[0] = wrong.flat[0] == 0
        return wrong

    return evaluate


def main() -> None:
    load_file(SUPPORT / "tvm_quiet.py").relay()
    load_file(SUPPORT / "onnx_mapping.py").provide()
    evaluate = load_file(SUPPORT / "relay_numpy_operators.py").OPERATORS
    what, *broken = sys.argv[1:]
    for name in broken:
        evaluate[name] = _broken(evaluate[name])
    compare = {"operators": compared_operators, "models": compared_models}[what]
    sys.stdout.write(json.dumps(compare(evaluate, broken)))


if __name__ == "__main__":
    main()
