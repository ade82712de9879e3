"""A model in TNN's form, what its text says, and where the user's build of TNN has its programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nnparity.loading import load_file

SUPPLIED = load_file(Path(__file__).with_name("user_files.py"))
HOME = "TNN_HOME"
ROOTS = ("", "build/", "release/", "bin/")


def _places(*names: str) -> tuple[str, ...]:
    return tuple(root + name for root in ROOTS for name in names)


RUNNER = SUPPLIED.Wanted(HOME, "a build of TNN with its program TNNTest", _places("TNNTest", "test/TNNTest"))
CHECKER = SUPPLIED.Wanted(
    HOME, "a build of TNN with its program model_check", _places("model_check", "tools/model_check/model_check")
)
CONVERTER = SUPPLIED.Wanted(
    HOME,
    "a build of TNN with its Python extension onnx2tnn",
    _places("onnx2tnn*.so", "tools/onnx2tnn/onnx-converter/onnx2tnn*.so", "onnx-converter/onnx2tnn*.so"),
    library=True,
)
TFLITE_CONVERTER = SUPPLIED.Wanted(
    HOME,
    "a build of TNN with its program TnnConverter",
    _places("TnnConverter", "tools/converter/TnnConverter"),
)
LAYERS_FROM = 5


@dataclass(frozen=True)
class TnnModel:
    """proto: the graph, as text. weights: all constants. outputs: dtype and shape of each, which TNN's files lack.

    names: TNN's of inputs and outputs to the artifact's; one that is not in it has the same in both. channels_last:
    whether what has four axes has the channels last in the artifact, where TNN has them behind the batch.
    """

    proto: bytes
    weights: bytes
    outputs: Mapping[str, tuple[str, tuple[int, ...]]]
    names: Mapping[str, str] = field(default_factory=dict)
    channels_last: bool = False


def _lines(proto: bytes) -> list[str]:
    return [line.strip().strip('"').rstrip(",").strip() for line in proto.decode(errors="replace").splitlines()]


def inputs(proto: bytes) -> list[str]:
    """Return the names of the graph's inputs, which are fewer than the artifact's where it does not use one."""
    return [one.split()[0] for one in _lines(proto)[1].split(":") if one.strip()]


def layers(proto: bytes) -> list[str]:
    """Return the kinds of layer in a .tnnproto, in order. Raises ValueError if it is cut off.

    Its lines are quoted and end in a comma: sizes, inputs, blobs, outputs, number of layers, then a layer each.
    """
    lines = _lines(proto)
    said = lines[LAYERS_FROM - 1] if len(lines) >= LAYERS_FROM else ""
    if not said.isdigit():
        raise ValueError(f"a .tnnproto of {len(lines)} lines: expected the number of layers in line 5, got {said!r}")
    found = [line.split()[0] for line in lines[LAYERS_FROM : LAYERS_FROM + int(said)] if line]
    if len(found) != int(said):
        raise ValueError(f"a .tnnproto says that it has {said} layers; it has {len(found)}")
    return found
