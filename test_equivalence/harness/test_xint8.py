"""What AMD Quark is calibrated with, and what is made of the words it ends with."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nnparity.contracts import Unsupported
from nnparity.loading import load_file

CHILD = Path(__file__).with_name("children") / "xint8_calibration.py"
CONVERTERS = Path(__file__).parents[2] / "converters"
CONVERSION = load_file(CONVERTERS / "conversions" / "onnx_xint8_from_onnx.py")


def test_no_index_is_beyond_a_table_of_one_row_or_of_a_model_that_does_not_run(
    interpreter: Callable[[str], Path],
) -> None:
    command = [interpreter("onnxruntime"), CHILD, CONVERTERS]
    variables = {**os.environ, "PYTHONPATH": str(CONVERTERS.parent)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=variables)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == {"one row": 0, "two rows": 1, "not run": 0}


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("9 : NOT_IMPLEMENTED : Could not find an implementation for MatMul(13)", Unsupported),
        ("no model was written: Numpy_type 256 can't be converted to MLDataType", Unsupported),
        ("10 : INVALID_GRAPH : This is an invalid model", ValueError),
    ],
)
def test_only_a_refusal_is_unsupported(words: str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"NOT_IMPLEMENTED|Numpy_type|INVALID_GRAPH"), CONVERSION._refusals():
        raise ValueError(words)


def test_errors_that_the_quantiser_logs_are_heard_and_warnings_are_not() -> None:
    logger = logging.getLogger(CONVERSION.LOGGER)
    with CONVERSION._errors_said() as said:
        logger.warning("the opset is old")
        logger.error("Run the float model failed")
    logger.error("after the model")
    assert said == ["Run the float model failed"]
