"""pnnx, which is a program and no library, and what is kept of the ncnn files that it writes."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnparity.contracts import Artifact, Unsupported

SECONDS = 300
# What pnnx reads without having written it is then never, by chance, something to go on with: it fails each time alike.
PERTURBED = {"GLIBC_TUNABLES": "glibc.malloc.perturb=165"}
# LibTorch's words, which end pnnx, for an operator that only Python has defined.
UNKNOWN = re.compile(r"Unknown builtin op: [\w:]+")
TYPES = {
    "bool": "bool",
    "int32": "i32",
    "int64": "i64",
    "float16": "f16",
    "bfloat16": "bf16",
    "float32": "f32",
    "float64": "f64",
}
INPUT = re.compile(r'ex\.input\("(in\d+)", ncnn\.Mat\(in\d+\.numpy\(\), batch_index=(\d+)\)')
OUTPUT = re.compile(r'ex\.extract\("(out\d+)"\)\s*out\.append\(torch\.from_numpy\(out\d+\.numpy\(batch_index=(\d+)\)\)')


@dataclass(frozen=True)
class Blob:
    """Name of an input or output of the net, and which axis of the array is the batch, in ncnn's way of saying it."""

    name: str
    batch_index: int


@dataclass(frozen=True)
class NcnnModel:
    """The text of a .param file, the bytes of a .bin file, and where the artifact's inputs and outputs are.

    An input that the net does not use is not in `inputs`.
    """

    param: str
    weights: bytes
    inputs: Mapping[str, Blob]
    outputs: Mapping[str, Blob]


def converted(artifact: Artifact, *, file: str, write: Callable[[Path], None], flags: Sequence[str]) -> NcnnModel:
    """Return what pnnx makes of the model that `write` writes to a file of this name.

    Raises RuntimeError where it crashes, or ends with exit code 0, as it does if it fails, and has written no net.
    """
    scalars = [spec.name for spec in artifact.inputs if not spec.shape]
    if scalars:
        raise Unsupported(f"pnnx: inputshape cannot say that a tensor has no axes: {', '.join(scalars)}")
    stem = Path(file).stem
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, file))
        said = _called(folder, file, *_shapes(artifact), *flags)
        param, weights = Path(folder, f"{stem}.ncnn.param"), Path(folder, f"{stem}.ncnn.bin")
        script = Path(folder, f"{stem}_ncnn.py")
        if not (param.exists() and weights.exists() and script.exists()):
            raise RuntimeError(f"pnnx wrote no ncnn files: {_last_words(said)}")
        inputs, outputs = blobs(script.read_text(encoding="utf-8"))
        if len(outputs) != len(artifact.outputs):
            raise RuntimeError(f"pnnx wrote a net with {len(outputs)} outputs; expected {len(artifact.outputs)}")
        named = {f"in{place}": spec.name for place, spec in enumerate(artifact.inputs)}
        return NcnnModel(
            param=param.read_text(encoding="utf-8"),
            weights=weights.read_bytes(),
            inputs={named[blob.name]: blob for blob in inputs},
            outputs=dict(zip(artifact.outputs, outputs, strict=True)),
        )


def blobs(script: str) -> tuple[list[Blob], list[Blob]]:
    """Return inputs and outputs as the Python file that pnnx writes beside a net feeds and takes them, in its order.

    The .param file does not say which axis is the batch. Raises ValueError if the file is not as it was known to be.
    """
    found = []
    for call, pattern in (("ex.input(", INPUT), ("ex.extract(", OUTPUT)):
        ends = [Blob(name, int(axis)) for name, axis in pattern.findall(script)]
        if len(ends) != script.count(call):
            raise ValueError(f"pnnx's script has {script.count(call)} calls of {call}...), understood are {len(ends)}")
        found.append(ends)
    return found[0], found[1]


def _shapes(artifact: Artifact) -> list[str]:
    """Return the arguments that say the inputs' shapes: a second one with another batch where that is open."""

    def shapes(sizes: Mapping[str, int]) -> str:
        closed = ((spec.sized(sizes), TYPES[spec.dtype]) for spec in artifact.inputs)
        return ",".join(f"[{','.join(map(str, shape))}]{dtype}" for shape, dtype in closed)

    others = {axis: size + 1 for axis, size in artifact.sizes.items()}
    second = [f"inputshape2={shapes(others)}"] if artifact.open_axes else []
    return [f"inputshape={shapes(artifact.sizes)}", *second]


def _called(folder: str, *arguments: str) -> str:
    """Return what pnnx prints. Raises RuntimeError if it crashes, or says by its exit code that it failed."""
    package = importlib.util.find_spec("pnnx")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("pnnx is not installed in this environment")
    ran = subprocess.run(
        [str(Path(package.origin).with_name("pnnx")), *arguments],
        cwd=folder,
        env={**os.environ, **PERTURBED},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=SECONDS,
    )
    said = ran.stdout + ran.stderr
    unknown = UNKNOWN.search(said)
    if unknown is not None:
        raise Unsupported(f"pnnx: {unknown[0]}")
    if ran.returncode < 0:
        raise RuntimeError(f"pnnx crashed ({signal.Signals(-ran.returncode).name}): {_last_words(said)}")
    if ran.returncode > 0:
        raise RuntimeError(f"pnnx ended with {ran.returncode}: {_last_words(said)}")
    return said


def _last_words(said: str) -> str:
    """Return the last error that is named, or the last lines; an aborted model's own lines say where it was traced."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"\w*Error: ", line)]
    telling = [line for line in lines if not line.startswith(("frame #", "####", "----"))]
    return " | ".join(named[-1:] or telling[-4:]) or "nothing"
