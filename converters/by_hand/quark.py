"""AMD Quark's XINT8, as somebody calls them who has no nnparity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

Given = dict[str, np.ndarray]


def drawn(place: int, array: np.ndarray, rng: Any) -> np.ndarray:
    whole = array.dtype.kind in "biu"
    numbers = rng.integers(0, 2, array.shape) if whole else rng.standard_normal(array.shape) * (1 + place % 2)
    return np.asarray(numbers).astype(array.dtype)


def runs(source: Path, sets: list[Given]) -> bool:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    try:
        session = onnxruntime.InferenceSession((source / "model.onnx").read_bytes())
        for inputs in sets:
            session.run(None, inputs)
    except (errors.Fail, errors.InvalidArgument, errors.InvalidGraph, errors.NotImplemented, errors.RuntimeException):
        return False
    return True


def calibration(source: Path, example: Given) -> list[Given]:
    rng = np.random.default_rng(8)
    sets = [{name: drawn(place, array, rng) for name, array in example.items()} for place in range(8)]
    whole = {name for name, array in example.items() if array.dtype.kind == "i"}
    if not whole or runs(source, sets):
        return sets
    return [{name: one * (name not in whole) for name, one in inputs.items()} for inputs in sets]


def onnx_xint8_from_onnx(source: Path, example: Given, target: Path) -> None:
    import contextlib
    import logging

    from quark.onnx import ModelQuantizer
    from quark.onnx.quantization.config.config import Config
    from quark.onnx.quantization.config.custom_config import get_default_config

    sets, said = calibration(source, example), []

    class Sets:
        def __init__(self) -> None:
            self.rewind()

        def __len__(self) -> int:
            return len(sets)

        def rewind(self) -> None:
            self.left = iter(sets)

        def get_next(self) -> Given | None:
            return next(self.left, None)

    class Listener(logging.Handler):  # where the model does not run, Quark logs it and returns
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logging.getLogger("quark.onnx.quantization.quantize_screen").addHandler(Listener(logging.ERROR))
    (target / "model.onnx").unlink(missing_ok=True)
    with contextlib.chdir(target):  # where it writes tables of what it has done
        quantiser = ModelQuantizer(Config(global_quant_config=get_default_config("XINT8")))
        quantiser.quantize_model(str(source / "model.onnx"), "model.onnx", Sets())
    if not (target / "model.onnx").exists():
        raise ValueError(f"no model was written: {'; '.join(said)}")
