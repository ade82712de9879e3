"""Stands in for TNN's TnnConverter: its options, its words, and code 0 where it fails; the graph is one ReLU."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

stand_in: Any = importlib.import_module("stand_in")


def main() -> int:
    fault = stand_in.start()
    options = stand_in.options(())
    stand_in.misbehave(fault)
    assert options["-mt"] == "TFLITE"
    assert options["-od"].endswith("/")
    content = Path(options["-mp"]).read_bytes()
    stand_in.keep("model.tflite", content)
    if fault == "unsupported":
        sys.stderr.write("E/tnn: Convert2Tnn [File tflite_converter.cc][Line 119] Unsupport tflite op type: 101\n")
        return 0
    lines = (
        "1 2 1 4206624772",
        "serving_default_x_0 4 3 5 6 1 0",
        "serving_default_x_0 PartitionedCall_0",
        "PartitionedCall_0",
        "1",
        "ReLU PartitionedCall_0 1 1 serving_default_x_0 PartitionedCall_0",
    )
    text = "".join(f'"{line} ,"\n' for line in lines).encode()
    stem = options["-od"] + Path(options["-mp"]).stem
    Path(f"{stem}.tnnproto").write_bytes(b"" if fault == "empty" else text)
    Path(f"{stem}.tnnmodel").write_bytes(b"weights")
    return 0


if __name__ == "__main__":
    sys.exit(main())
