"""MNN's converter, called in a process of its own, and what is kept of a model that it made.

The module `_tools` is called, and not the console script `mnnconvert` or anything in `MNN.tools`: those install a
package into whatever pip comes first on the path, and send a usage log to the vendor.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nnparity.contracts import Unsupported

PROGRAM = "import sys, _tools; _tools.mnnconvert(['mnnconvert', *sys.argv[1:]])"
SECONDS = 120
DECLINED = "These Op Not Support:"
# The same for one operator, or the type of a tensor, of a TFLite file.
DECLINED_AT_ONCE = re.compile(r"NOT_SUPPORTED_OP: \[ .* \]|Don't support tensor type for \w+")
# It prints these first, whatever comes then.
GREETINGS = ("The device supports:", "Start to ", "inputTensors :", "outputTensors:")


@dataclass(frozen=True)
class MnnModel:
    """The bytes of a .mnn file, and what its tensors are called.

    layout: in which order MNN is to take axes, "NCHW" or "NHWC", which is that of the format it was made from.
    inputs, outputs: our name to MNN's, in the artifact's order.
    """

    content: bytes
    layout: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


def called(*arguments: str) -> str:
    """Return what the converter prints, whose exit code is 0 if it fails. Raises RuntimeError if its process dies."""
    ran = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM, *arguments],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=SECONDS,
    )
    said = ran.stdout + ran.stderr
    if ran.returncode < 0:
        raise RuntimeError(f"mnnconvert crashed ({signal.Signals(-ran.returncode).name}): {last_words(said)}")
    if ran.returncode > 0:
        raise RuntimeError(f"mnnconvert ended with {ran.returncode}: {last_words(said)}")
    return said


def converted(content: bytes, *, framework: str, flags: tuple[str, ...]) -> bytes:
    """Return the .mnn file that the converter makes of a file's content.

    Raises Unsupported where it lists operators that it does not support, RuntimeError where there is no file for
    another reason.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source"), Path(folder, "target.mnn")
        source.write_bytes(content)
        said = called(
            *("--framework", framework, "--modelFile", str(source), "--MNNModel", str(target)),
            *("--bizCode", "nnparity", *flags),
        )
        if DECLINED in said:
            raise Unsupported(f"mnnconvert: {declined(said)}")
        at_once = DECLINED_AT_ONCE.search(said)
        if at_once is not None:
            raise Unsupported(f"mnnconvert: {at_once[0]}")
        if not target.exists():
            raise RuntimeError(f"mnnconvert wrote no file: {last_words(said.replace(folder, '<folder>'))}")
        return target.read_bytes()


def as_json(content: bytes) -> str:
    """Return the converter's JSON of a .mnn file, in which numbers may be inf and nan."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source.mnn"), Path(folder, "target.json")
        source.write_bytes(content)
        said = called("--framework", "MNN", "--modelFile", str(source), "--JsonFile", str(target))
        if not target.exists():
            raise RuntimeError(f"mnnconvert wrote no JSON: {last_words(said)}")
        return target.read_text(encoding="utf-8", errors="replace")


def declined(said: str) -> str:
    """Return the operators that the converter lists as not supported, on one line, in its words."""
    lines = said[said.index(DECLINED) :].splitlines()
    listed = [line.strip() for line in lines[1:] if "::" in line]
    return " ".join((DECLINED, *dict.fromkeys(listed))) if listed else lines[0].strip()


def last_words(said: str) -> str:
    """Return the last lines that are no greeting."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(GREETINGS) and "ONNX Model" not in line]
    return " | ".join(telling[-4:]) or "nothing"
