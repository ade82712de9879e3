"""What X2Paddle prints, hides behind another exception or leaves with is told, and what it declares is told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnparity.contracts import Unsupported
from nnparity.loading import load_file

CONVERSION = load_file(Path(__file__).parents[2] / "converters" / "conversions" / "paddle_from_onnx13.py")
PRINTED = """
========= 2 OPs are not supported yet ===========
========== Trilu ============
========== Einsum ============
"""


def failed_node(cause: Exception) -> Exception:
    """Return what X2Paddle raises where a mapping fails: the cause is only in the context."""
    problem = Exception("convert failed node:y, op_type is MaxPool")
    problem.__context__ = cause
    return problem


@pytest.mark.parametrize(
    ("problem", "printed", "kind", "said"),
    [
        (Exception("Model is not supported yet."), PRINTED, Unsupported, "not supported yet. Einsum, Trilu"),
        (failed_node(AssertionError("only dilations = 0 is supported")), "", Unsupported, "only dilations = 0"),
        (failed_node(IndexError("list index out of range")), "", RuntimeError, "IndexError('list index out"),
        (failed_node(AssertionError("shapes differ")), "", RuntimeError, "shapes differ"),
        (
            SystemExit(0),
            "a\n\n    ValueError: min()\n  [Hint: x]\n",
            RuntimeError,
            "left: ValueError: min()",
        ),
        (SystemExit(0), "", RuntimeError, "left: nothing"),
        (
            MemoryError("In transformed code:\n  f(x)\n\n  MemoryError: bad_alloc\n"),
            "",
            RuntimeError,
            "bad_alloc",
        ),
    ],
)
def test_words_behind_a_problem_are_told(problem: BaseException, printed: str, kind: type, said: str) -> None:
    explained = CONVERSION._explained(problem, printed)
    assert type(explained) is kind
    assert said in str(explained)


@pytest.mark.parametrize("problem", [KeyError(0), MemoryError("of this machine"), ValueError("ambiguous")])
def test_what_says_enough_is_left_alone(problem: Exception) -> None:
    assert CONVERSION._explained(problem, "") is problem
