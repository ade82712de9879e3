"""Stands in for TNN's model_check: its options, files of several blobs, and code 255 where the reference differs."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

stand_in: Any = importlib.import_module("stand_in")
tiny_onnx: Any = importlib.import_module("tiny_onnx")
DIFFERS = 255


def blobs(file: str) -> dict[str, np.ndarray]:
    lines = iter(Path(file).read_text(encoding="utf-8").splitlines())
    found = {}
    for _ in range(int(next(lines))):
        name, rank, *sizes, kind = next(lines).split()
        assert len(sizes) == int(rank)
        shape = [int(size) for size in sizes]
        values = [next(lines) for _ in range(int(np.prod(shape)))]
        found[name] = np.array(values, {"0": np.float32, "3": np.int32}[kind]).reshape(shape)
    assert next(lines, None) is None
    return found


def main() -> int:
    fault = stand_in.start()
    options = stand_in.options(("-e",))
    stand_in.misbehave(fault)
    assert "-e" in options
    assert options["-d"] in {"NAIVE", "X86"}
    assert Path(options["-p"]).is_file()
    stand_in.keep("in.txt", Path(options["-i"]).read_bytes())
    model = tiny_onnx.model_of(Path(options["-m"]).read_bytes())
    reference = blobs(options["-f"])
    outputs = tiny_onnx.computed(model, blobs(options["-i"]))
    assert {name: one.shape for name, one in reference.items()} == {name: one.shape for name, one in outputs.items()}
    for name, value in outputs.items():
        for device, content in (("device", value), ("cpu", reference[name])):
            text = "".join(f"{one:.6f}\n" for one in content.ravel())
            Path(options["-do"], f"{device}_{name}.txt").write_bytes(stand_in.cut(fault, text.encode()))
    return DIFFERS


if __name__ == "__main__":
    sys.exit(main())
