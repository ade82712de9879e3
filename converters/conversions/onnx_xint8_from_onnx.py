"""ONNX to ONNX quantised for Vitis AI, by AMD Quark's configuration XINT8."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, NotHere, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
# ONNX Runtime's words, which it passes on, for an operator that nobody has told it of, for one that it has in other
# dtypes only, and for an array of bfloat16, of which its interface for NumPy has none.
REFUSED = ("is not a registered function/op", "NOT_IMPLEMENTED", "can't be converted to MLDataType")
LOGGER = "quark.onnx.quantization.quantize_screen"


class OnnxXint8FromOnnx:
    name = "onnx_xint8_from_onnx"
    environment = "quark"
    source = "onnx"
    target = "onnx_xint8"
    on_demand = True

    def convert(self, artifact: Artifact) -> Artifact:
        """Return the model quantised on drawn inputs.

        Raises RuntimeError if a scale is no power of two, ValueError if the quantiser only logs an error.
        """
        if shutil.which("g++") is None:
            raise NotHere("AMD Quark compiles a library of its own when it is first imported; supply g++")
        import onnx
        from quark.onnx import ModelQuantizer
        from quark.onnx.quantization.config.config import Config
        from quark.onnx.quantization.config.custom_config import get_default_config

        support = load_file(SUPPORT / "xint8.py")
        reader = Sets(support.calibration_inputs(artifact))
        # It writes tables of what it has done into the folder where it is.
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            quantiser = ModelQuantizer(Config(global_quant_config=get_default_config("XINT8")))
            source, target = Path(folder, "model.onnx"), Path(folder, "quantised.onnx")
            source.write_bytes(artifact.model.SerializeToString())
            with _refusals(), _errors_said() as said:
                quantiser.quantize_model(str(source), str(target), reader)
                if not target.exists():
                    raise ValueError(f"no model was written: {'; '.join(said) or 'no word why'}")
            model = onnx.load(target)
        scales = support.scales(model)
        odd = support.odd_scales(scales)
        if odd:
            raise RuntimeError(f"XINT8 with scales that are no powers of two: {'; '.join(odd[:5])}")
        return artifact.converted(self.target, model).with_steps(support.steps(scales, artifact.outputs))


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Re-raise as Unsupported what AMD Quark passes on of ONNX Runtime's refusals."""
    try:
        yield
    except ValueError as refusal:
        if not any(words in str(refusal) for words in REFUSED):
            raise
        raise Unsupported(f"AMD Quark: {refusal}") from refusal


@contextlib.contextmanager
def _errors_said() -> Iterator[list[str]]:
    """Yield the errors that are logged meanwhile: where the model does not run, the quantiser says so and returns."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    listener = Listener(logging.ERROR)
    logger = logging.getLogger(LOGGER)
    logger.addHandler(listener)
    try:
        yield said
    finally:
        logger.removeHandler(listener)


class Sets:
    """The sets of inputs, one after the other, as the quantiser asks for them."""

    def __init__(self, sets: list[dict[str, Any]]) -> None:
        self._sets = sets
        self.rewind()

    def __len__(self) -> int:
        return len(self._sets)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._left, None)

    def rewind(self) -> None:
        self._left = iter(self._sets)


COMPONENT = OnnxXint8FromOnnx()
