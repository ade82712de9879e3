"""TensorRT on the user's GPU in float32, through the user's trtexec; written from its source, not run here."""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, NotHere, Session, Unsupported
from nnparity.dtypes import named
from nnparity.loading import load_file

SUPPLIED = load_file(Path(__file__).parents[1] / "support" / "user_files.py")
TRTEXEC = SUPPLIED.Wanted("TRTEXEC", "the program trtexec, from TensorRT for Linux on x86")
SAYS = "TensorRT"
BUILD, OLDER_BUILD = "--skipInference", "--buildOnly"
# What TensorRT calls a dtype in the lines about the files that it writes.
DTYPES = {
    "fp32": "float32",
    "fp16": "float16",
    "bf16": "bfloat16",
    "int8": "int8",
    "uint8": "uint8",
    "int32": "int32",
    "int64": "int64",
    "bool": "bool",
}
OLDER = {"Float": "fp32", "Half": "fp16", "Int8": "int8", "Int32": "int32", "Int64": "int64", "Bool": "bool"}
WRITES = re.compile(r"file for output binding (.+) \(with datatype (\S+) and dimensions ([\d.]*)\) to (.+?)\s*$")
REFUSED = r"\[E\].*(?:UNSUPPORTED_NODE|No importer registered|not supported|unsupported)"
NO_DEVICE = r"no CUDA-capable device|Cuda failure|CUDA driver|CUDA initialization failure|cudaGetDeviceCount|libcuda"
ROWS = 64  # an engine whose batch is open is built for one row up to so many


class TrtSession:
    def __init__(self, artifact: Artifact) -> None:
        self._engine = artifact.model
        self._specs = artifact.inputs
        self._outputs = artifact.outputs

    def run(self, inputs: Arrays) -> Arrays:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "model.engine").write_bytes(self._engine)
            given = {}
            for place, spec in enumerate(self._specs):
                file = folder / f"in{place}.raw"
                file.write_bytes(np.ascontiguousarray(inputs[spec.name]).tobytes())
                given[spec.name] = file
            command = [checked_program(), f"--loadEngine={folder / 'model.engine'}"]
            command += ["--loadInputs=" + ",".join(f"{name}:{file}" for name, file in given.items())]
            if any(isinstance(size, str) for spec in self._specs for size in spec.shape):
                command += [f"--shapes={sizes({name: one.shape for name, one in inputs.items()})}"]
            command += ["--iterations=1", "--warmUp=0", "--duration=0", "--dumpRawBindingsToFile"]
            said = called(command, folder)
            return outputs_of(said, folder, self._outputs)


class Trtexec:
    name = "trtexec"
    environment = "native_tools"
    accepts = ("onnx",)
    compiles_to = "tensorrt_engine"
    on_demand = True
    operators_from = "layers in the file that trtexec exports about the engine"

    def missing(self) -> str:
        return str(TRTEXEC.missing())

    def supplied(self) -> str:
        return str(TRTEXEC.identity())

    def compile(self, artifact: Artifact) -> Artifact:
        """Return the engine; a TF32 product, which is what TensorRT takes by default, would be no float32."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "model.onnx").write_bytes(artifact.model.SerializeToString())
            command = [checked_program(), f"--onnx={folder / 'model.onnx'}", f"--saveEngine={folder / 'model.engine'}"]
            command += [build_option(), "--profilingVerbosity=detailed", "--noTF32"]
            command += [f"--exportLayerInfo={folder / 'layers.json'}", *profile(artifact)]
            said = called(command, folder)
            engine = said.demand_file(folder / "model.engine").read_bytes()
            layers = json.loads(said.demand_file(folder / "layers.json").read_text(encoding="utf-8"))["Layers"]
        kinds = Counter(str(one["LayerType"]) if isinstance(one, dict) else "Myelin" for one in layers)
        return artifact.converted(self.compiles_to, engine).with_operators(dict(kinds))

    def load(self, artifact: Artifact) -> Session:
        return TrtSession(artifact)


@cache
def checked_program() -> Path:
    """Return the program, once it has said what it is. Raises NotHere if it is another."""
    program: Path = TRTEXEC.needed()
    said = SUPPLIED.call([program, "--help"], folder=program.parent)
    if SAYS not in said.text:
        raise NotHere(f"TRTEXEC={program}: trtexec names {SAYS} when asked for help; {said.last_words}")
    return program


@cache
def build_option() -> str:
    """Return the option to build and not to run, which goes by another name since TensorRT 8.6."""
    program = checked_program()
    text = SUPPLIED.call([program, "--help"], folder=program.parent).text
    return OLDER_BUILD if OLDER_BUILD in text and BUILD not in text else BUILD


def called(command: list[Any], folder: Path) -> Any:
    """Return what trtexec said. Raises NotHere without a GPU, Unsupported where it declares an operator unsupported."""
    said = SUPPLIED.call(command, folder=folder)
    if said.code != 0 and re.search(NO_DEVICE, said.text):
        raise NotHere(f"trtexec finds no GPU that it can use; {said.last_words}")
    said.refuse(REFUSED, failed=said.code != 0)
    said.demand()
    return said


def sizes(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ",".join(f"{name}:{'x'.join(map(str, shape))}" for name, shape in shapes.items())


def profile(artifact: Artifact) -> list[str]:
    """Return the options that leave an axis open between one and many; none if no axis is."""
    if not artifact.open_axes:
        return []

    def with_size(size: Mapping[str, int]) -> str:
        return sizes({spec.name: spec.sized(size) for spec in artifact.inputs})

    most = {axis: max(ROWS, size) for axis, size in artifact.sizes.items()}
    least = dict.fromkeys(artifact.sizes, 1)
    shapes = {"min": with_size(least), "opt": with_size(artifact.sizes), "max": with_size(most)}
    return [f"--{kind}Shapes={text}" for kind, text in shapes.items()]


def outputs_of(said: Any, folder: Path, outputs: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return the outputs from the raw files that trtexec says it wrote: its text has six digits only."""
    found = {}
    for line in said.text.splitlines():
        wrote = WRITES.search(line)
        if wrote is None:
            continue
        name, kind, dims, file = wrote.groups()
        if OLDER.get(kind, kind) not in DTYPES:
            raise Unsupported(f"trtexec wrote {name} as {kind}, which NumPy does not have")
        dtype = named(DTYPES[OLDER.get(kind, kind)])
        shape = [int(size) for size in dims.split(".") if size]
        content = said.demand_file(folder / file, empty=True).read_bytes()
        if len(content) != math.prod(shape) * dtype.itemsize:
            raise RuntimeError(f"trtexec wrote {len(content)} bytes of {name}; expected {kind} of {shape}")
        found[name] = np.frombuffer(content, dtype).reshape(shape)
    absent = [name for name in outputs if name not in found]
    if absent:
        raise RuntimeError(f"trtexec wrote {sorted(found)}; expected {absent} too; {said.last_words}")
    return {name: found[name] for name in outputs}


COMPONENT = Trtexec()
