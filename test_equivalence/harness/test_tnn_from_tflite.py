"""TnnConverter is given names that its text can hold, and what it writes is taken for what it is."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnparity.contracts import Artifact, TensorSpec
from nnparity.loading import load_file

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STAND_INS, CONVERTERS = HERE / "stand_ins", ROOT / "converters"
# TensorFlow's converter wrote it, of a ReLU: serving_default_x:0 to PartitionedCall:0, both (3, 6, 1, 5).
TINY = (
    "eNqFU71OwmAUvZTyEyCIkSADA4MzIjK5EURCwo9B4lqbULSGFlMKwQkHH8IHcPABHBgcfQqDq0/gbL339pbBkPjBSb+efuf+nN4W"
    "AGBw1j7OQhEKkIcsZCCFXBxU3ANyAI+INeI5BPCKGIQB8A+4xdO0EqwiTQLvUqKrInYQU8OZm/a1NjRG+mzssk6leJ7nKbIn7l6u"
    "dP/143kBv0AoEo+4Neoist9D1Hvdy0b/otXrap3GoHZaG9SwFr+euJwLzlqmrTkz2zUtQ5sbztSc2BBF/h3xhnhBPCFc0dieX8fV"
    "plfyJr2JTdwBs1HmoqID9iHwU2VPPpVlrul+N8PSj8oqgEqpclQqA3xIrgxzVaI2iyKrW/IEuVz0a4EgvzvtVr9Yn9jYn2sMS+xh"
    "lk+lNxVRjLTw9K5uEGPEncS0dNMG8T/Q5ri2FCRFm/dTj/ISw68txrWRNCR9KlJjSKDIlRZ5sZL8lPcWPaDHGfGBnhdpRpHfxeu5"
    "7rimi2/NGNb18fikLLqweElxIxw5x/O8L936K8Y90LGs9CW1KdTDCnMkaZ5m1nRmHeoLcyq6HPsG/8QKySyo/PPn7c/sawuseFu9"
    "wbeUYn/9N04z8+DnWP4CPh1q7w=="
)
CONTENT = zlib.decompress(base64.b64decode("".join(TINY)))


@pytest.fixture
def converted(tmp_path: Path, interpreter: Callable[[str], Path]) -> Callable[[str], dict[str, Any]]:
    """Return a function that takes the file through the conversion with a stand-in that has a fault."""
    program = tmp_path / "TnnConverter"
    lines = (
        f"#!{sys.executable}",
        "import runpy, sys",
        f"sys.path.insert(0, {str(STAND_INS)!r})",
        f"runpy.run_path({str(STAND_INS / 'tnn_converter.py')!r}, run_name='__main__')",
    )
    program.write_text("\n".join(lines) + "\n", encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "kept").mkdir()
    python = interpreter("native_tflite")

    def convert(fault: str) -> dict[str, Any]:
        variables = {"TNN_HOME": str(tmp_path), "NNPARITY_STAND_IN": fault, "PYTHONPATH": str(ROOT)}
        ran = subprocess.run(
            [python, HERE / "children" / "tnn_from_tflite.py", CONVERTERS],
            input=CONTENT,
            capture_output=True,
            check=True,
            env={**os.environ, **variables, "NNPARITY_STAND_IN_KEEPS": str(tmp_path / "kept")},
        )
        answer: dict[str, Any] = json.loads(ran.stdout)
        return answer

    return convert


def test_names_are_plain_and_found_again(converted: Callable[[str], dict[str, Any]], tmp_path: Path) -> None:
    assert converted("right") == {
        "names": {"serving_default_x_0": "x", "PartitionedCall_0": "y"},
        "outputs": {"y": ["float32", [3, 6, 1, 5]]},
        "channels_last": True,
        "operators": {"ReLU": 1},
    }
    kept = (tmp_path / "kept" / "model.tflite").read_bytes()
    assert (b"serving_default_x_0" in kept, b"serving_default_x:0" in kept) == (True, False)
    changed = {(old, new) for old, new in zip(CONTENT, kept, strict=True) if old != new}
    assert changed == {(ord(":"), ord("_")), (ord("/"), ord("_"))}


@pytest.mark.parametrize(
    ("fault", "raised", "words"),
    [
        ("nothing", "RuntimeError", "TnnConverter left no model.tnnproto, with code 0"),
        ("empty", "RuntimeError", "TnnConverter left empty model.tnnproto, with code 0"),
        ("crash", "RuntimeError", "crashed (signal 11, SIGSEGV)"),
        ("unsupported", "Unsupported", "Unsupport tflite op type: 101"),
    ],
)
def test_failure_is_told_as_what_it_is(
    converted: Callable[[str], dict[str, Any]], fault: str, raised: str, words: str
) -> None:
    answer = converted(fault)
    assert (answer["raised"], words in answer["text"]) == (raised, True), answer


def test_images_go_to_tnn_with_their_channels_behind_the_batch_and_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = load_file(CONVERTERS / "runtimes" / "tnn_cpu.py")
    proto = b'"1 2 1 4206624772 ,"\n"a 4 2 5 3 4 0 ,"\n'
    model = runtime.TNN.TnnModel(
        proto, b"", {"y": ("float32", (2, 3, 4, 5))}, names={"a": "x", "b": "y"}, channels_last=True
    )
    x = np.arange(120, dtype=np.float32).reshape(2, 3, 4, 5)
    session = runtime.TnnSession(
        Artifact("tnn", model, (TensorSpec("x", "float32", x.shape),), ("y",), {}), device="NAIVE"
    )
    given = []

    def doubled(self: Any, folder: Path, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        given.append(inputs["a"])
        return {"b": 2 * inputs["a"]}

    monkeypatch.setattr(runtime.TnnSession, "_run_one", doubled)
    assert np.array_equal(session.run({"x": x})["y"], 2 * x)
    assert given[0].shape == (2, 5, 3, 4)
    assert given[0][1, 4, 2, 3] == x[1, 2, 3, 4]
    assert session._outputs_by_its_names() == {"b": ("float32", (2, 5, 3, 4))}
