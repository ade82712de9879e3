"""TNN on x86 and by its plain reference kernels, through programs that the user supplies.

They read and print numbers as text, with six digits after the point: what is smaller than 5e-7 is not told.
"""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from nnparity.contracts import Arrays, Artifact, Session, Unsupported
from nnparity.loading import load_file

TNN = load_file(Path(__file__).parents[1] / "support" / "tnn_model.py")
PROTO, WEIGHTS = "model.tnnproto", "model.tnnmodel"
INPUT_KINDS = {"float32": "0", "int32": "3"}
NUMBER = {"float32": "%.9g", "int32": "%d"}
MATS = {32: "float32", 33: "int32"}  # TNN's MatType: NCHW_FLOAT and NC_INT32
HEADER = re.compile(r"(.*) mat_type: (-?\d+) dims: (\d+)((?: -?\d+)*)\s*")
CHECK_FAILED = 255
IMAGE = 4  # axes, of which TNN has the channels behind the batch
REFUSED = r"not support|unsupport|LAYER_NOT_SUPPORT"


class TnnSession:
    """Runs one input through TNNTest, which reads one from its file, and several through model_check."""

    def __init__(self, artifact: Artifact, device: str) -> None:
        self._artifact = artifact
        self._device = device

    def run(self, inputs: Arrays) -> Arrays:
        names, channels_last = self._artifact.model.names, self._artifact.model.channels_last
        given = {name: inputs[names.get(name, name)] for name in TNN.inputs(self._artifact.model.proto)}
        if channels_last:
            given = {name: np.moveaxis(array, -1, 1) if array.ndim == IMAGE else array for name, array in given.items()}
        for name, array in given.items():
            if array.dtype.name not in INPUT_KINDS:
                raise Unsupported(f"TNN's programs read text for {' and '.join(INPUT_KINDS)}, not {array.dtype.name}")
            if not np.isfinite(array).all():
                raise Unsupported(f"TNN's programs read text, in which NaN and infinity are no numbers; {name} has one")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / PROTO).write_bytes(self._artifact.model.proto)
            (folder / WEIGHTS).write_bytes(self._artifact.model.weights)
            run: Callable[[Path, Mapping[str, np.ndarray]], dict[str, np.ndarray]] = (
                self._run_one if len(given) == 1 else self._run_several
            )
            found = {names.get(name, name): array for name, array in run(folder, given).items()}
        outputs = named(found, self._artifact.outputs)
        if channels_last:
            return {name: np.moveaxis(one, 1, -1) if one.ndim == IMAGE else one for name, one in outputs.items()}
        return outputs

    def _run_one(self, folder: Path, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        ((name, array),) = inputs.items()
        given, answer = folder / "in.txt", folder / "out.txt"
        np.savetxt(given, array.ravel(), fmt=NUMBER[array.dtype.name])
        shape = ",".join(map(str, array.shape))
        command = [TNN.RUNNER.needed(), "-mt=TNN", "-nt=NAIVE", f"-mp={folder / PROTO}", f"-dt={self._device}"]
        command += [f"-ip={given}", f"-op={answer}", "-ic=1", "-wc=0", "-th=1", "-pr=HIGH"]
        command += [f"-is={name}[{shape}]", f"-it={INPUT_KINDS[array.dtype.name]}"]
        said = TNN.SUPPLIED.call(command, folder=folder)
        said.refuse(REFUSED, failed=not answer.is_file())
        said.demand()
        return printed(said.demand_file(answer).read_text(encoding="utf-8"))

    def _run_several(self, folder: Path, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        outputs = self._outputs_by_its_names()
        for output, (dtype, _) in outputs.items():
            if dtype != "float32":
                raise Unsupported(f"model_check is told of outputs of float32 with their shapes; {output} is {dtype}")
        given, reference, answers = folder / "in.txt", folder / "ref.txt", folder / "answers"
        answers.mkdir()
        write_blobs(given, inputs)
        # It compares with this reference, and is asked for nothing else: what it computed itself is what it dumps.
        write_blobs(reference, {name: np.zeros(shape, np.float32) for name, (_, shape) in outputs.items()})
        command = [TNN.CHECKER.needed(), "-p", folder / PROTO, "-m", folder / WEIGHTS, "-d", self._device]
        command += ["-i", given, "-f", reference, "-e", "-do", answers]
        said = TNN.SUPPLIED.call(command, folder=folder)
        said.refuse(REFUSED, failed=not any(answers.iterdir()))
        said.demand(0, CHECK_FAILED)
        found = {}
        for output, (_, shape) in outputs.items():
            text = said.demand_file(answers / f"device_{output}.txt").read_text(encoding="utf-8")
            values = np.array(text.split(), np.float32)
            if values.size != math.prod(shape):
                raise RuntimeError(f"model_check wrote {values.size} numbers of {output}; expected the shape {shape}")
            found[output] = values.reshape(shape)
        return found

    def _outputs_by_its_names(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Return dtype and shape of the artifact's outputs, by TNN's names and in its order of axes."""
        model = self._artifact.model
        its = {ours: name for name, ours in model.names.items()}
        found = {}
        for output in self._artifact.outputs:
            dtype, shape = model.outputs.get(output, ("unknown", ()))
            if model.channels_last and len(shape) == IMAGE:
                shape = (shape[0], shape[-1], *shape[1:-1])
            found[its.get(output, output)] = (dtype, shape)
        return found


def printed(text: str) -> dict[str, np.ndarray]:
    """Return the outputs in TNNTest's file: their number, a line about each, then all values, one a line."""
    lines = text.splitlines()
    count = int(lines[0])
    headers = [HEADER.fullmatch(line) for line in lines[1 : 1 + count]]
    values = [line for line in lines[1 + count :] if line.strip()]
    found = {}
    for header in headers:
        if header is None or int(header[2]) not in MATS:
            raise RuntimeError(f"TNNTest wrote {lines[1 : 1 + count]}; expected 'NAME mat_type: 32 dims: RANK SIZES'")
        shape = [int(size) for size in header[4].split()]
        size = math.prod(shape)
        if len(values) < size:
            raise RuntimeError(f"TNNTest wrote {len(values)} numbers where {header[1]} has {size}")
        found[header[1]] = np.array([float(one) for one in values[:size]]).astype(MATS[int(header[2])]).reshape(shape)
        del values[:size]
    if values:
        raise RuntimeError(f"TNNTest wrote {len(values)} numbers more than its outputs have")
    return found


def write_blobs(file: Path, blobs: Mapping[str, np.ndarray]) -> None:
    """Write what model_check reads: how many blobs, then of each the name, rank, sizes and kind, and the values."""
    with file.open("w", encoding="utf-8") as text:
        text.write(f"{len(blobs)}\n")
        for name, array in blobs.items():
            sizes = " ".join(map(str, array.shape))
            text.write(f"{name} {array.ndim} {sizes} {INPUT_KINDS[array.dtype.name]}\n")
            np.savetxt(text, array.ravel(), fmt=NUMBER[array.dtype.name])


def named(found: Mapping[str, np.ndarray], outputs: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return the outputs by the artifact's names; TNN may give a single one the name of the last layer it kept."""
    if set(outputs) <= set(found):
        return {name: found[name] for name in outputs}
    if len(found) == len(outputs) == 1:
        return dict(zip(outputs, found.values(), strict=True))
    raise RuntimeError(f"TNN gave {sorted(found)}; expected {sorted(outputs)}")


class TnnRuntime:
    environment = "native_tools"
    accepts = ("tnn",)
    on_demand = True
    last_digit = 1e-6

    def __init__(self, name: str, *, device: str) -> None:
        self.name = name
        self._device = device

    def missing(self) -> str:
        return str(TNN.SUPPLIED.missing((TNN.RUNNER, TNN.CHECKER)))

    def supplied(self) -> str:
        return str(TNN.SUPPLIED.identity((TNN.RUNNER, TNN.CHECKER)))

    def load(self, artifact: Artifact) -> Session:
        return TnnSession(artifact, self._device)


COMPONENTS = (
    TnnRuntime("tnn_cpu", device="X86"),
    TnnRuntime("tnn_naive", device="NAIVE"),
)
