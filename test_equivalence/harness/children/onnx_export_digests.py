"""Exports small modules with PyTorch's own registry and with the cached one; prints SHA-256 of each model as JSON.

Runs in the environment "torch": python onnx_export_digests.py converters/support/onnx_registry_cache.py
"""

from __future__ import annotations

import hashlib
import importlib
import json
import runpy
import sys
from collections.abc import Callable
from typing import Any

torch: Any = importlib.import_module("torch")
nn = torch.nn

OPEN = ({0: torch.export.Dim("batch")},)
CASES: dict[str, tuple[Callable[[], Any], tuple[tuple[int, ...], ...], Any]] = {
    "softmax": (lambda: nn.Softmax(dim=1), ((2, 3, 5),), None),
    "mlp": (lambda: nn.Sequential(nn.Linear(5, 7), nn.GELU(), nn.LayerNorm(7), nn.Linear(7, 3)), ((2, 5),), None),
    "mlp, open batch": (lambda: nn.Sequential(nn.Linear(5, 7), nn.ReLU()), ((2, 5),), OPEN),
    "convolution": (
        lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.MaxPool2d(2)),
        ((1, 2, 8, 8),),
        None,
    ),
    "attention": (lambda: nn.MultiheadAttention(8, 2, batch_first=True), ((2, 5, 8),) * 3, None),
    "lstm": (lambda: nn.LSTM(4, 3), ((5, 2, 4),), None),
}


def model(name: str, **options: Any) -> bytes:
    """Return the bytes of the ONNX model of one case; equal weights each time."""
    build, shapes, dynamic = CASES[name]
    torch.manual_seed(0)
    example = tuple(torch.zeros(shape) for shape in shapes)
    program = torch.onnx.export(build().eval(), example, dynamic_shapes=dynamic, verbose=False, **options)
    serialized: bytes = program.model_proto.SerializeToString()
    return serialized


def digests() -> dict[str, str]:
    return {name: hashlib.sha256(model(name)).hexdigest() for name in CASES}


def translations() -> tuple[int, ...]:
    """Return the identities of the translations in a fresh registry: equal only if the table is shared."""
    registry = importlib.import_module("torch.onnx._internal.exporter._registration").ONNXRegistry
    table = registry.from_torchlib(opset_version=20).functions
    return tuple(id(translation) for target in table for translation in table[target])


def doubled(x: Any) -> Any:
    """Translate relu wrongly, and recognisably: x + x."""
    opset = importlib.import_module("onnxscript").opset20
    return opset.Add(x, x)


def main() -> None:
    before, stock = (translations(), translations()), digests()
    runpy.run_path(sys.argv[1])["install"]()
    after, cached = (translations(), translations()), digests()
    wrong = model("mlp, open batch", custom_translation_table={torch.ops.aten.relu.default: doubled})
    answer = {
        "stock": stock,
        "cached": cached,
        "cached after a custom translation": digests(),
        "custom": {"mlp, open batch": hashlib.sha256(wrong).hexdigest()},
        "shared": {"before": before[0] == before[1], "after": after[0] == after[1]},
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
