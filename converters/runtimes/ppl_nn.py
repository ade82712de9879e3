"""OpenPPL's ppl.nn on x86, through its program pplnn, which the user supplies."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, NotHere, Session, Unsupported
from nnparity.loading import load_file

SUPPLIED = load_file(Path(__file__).parents[1] / "support" / "user_files.py")
PPLNN = SUPPLIED.Wanted("PPLNN_BIN", "the program pplnn, from a build of ppl.nn with PPLNN_USE_X86_64=ON")
# What pplnn calls a dtype in the name of a file of inputs, and in what it prints.
DTYPES = {
    "float64": ("fp64", "FLOAT64"),
    "float32": ("fp32", "FLOAT32"),
    "float16": ("fp16", "FLOAT16"),
    "int32": ("int32", "INT32"),
    "int64": ("int64", "INT64"),
    "bool": ("bool", "BOOL"),
}
PRINTED = {printed: dtype for dtype, (_, printed) in DTYPES.items()}
WIDENED = {"FLOAT16": "FLOAT32"}  # it saves half precision as single, in which nothing is lost
VERSION = "ppl.nn version:"
INPUTS, OLDER_INPUTS = "--shaped-input-files", "--reshaped-inputs"
# Its return codes in words: no such operator or opset, no kernel for it on x86, a kernel for other attributes only.
REFUSED = r"failed: unsupported|process graph failed: not found|input tensor\[.*\] is empty"
OUTPUTS, END = "----- output info -----", "----------------------"
SAID = re.compile(r"(?:^|\s)(name|dim\(s\)|data type|DataType|saved data type):[ \t]*(.*)$")
PROFILED = re.compile(r"TYPE: \[([^\]]*)\].*times \[(\d+)\]")
PROFILING = ("--enable-profiling", "--min-profiling-seconds", "0.001", "--warmup-iterations", "0")


class PplNnSession:
    def __init__(self, artifact: Artifact) -> None:
        constants = {tensor.name for tensor in artifact.model.graph.initializer}
        self._inputs = [value.name for value in artifact.model.graph.input if value.name not in constants]
        self._model = artifact.model.SerializeToString()
        self._outputs = artifact.outputs

    def run(self, inputs: Arrays) -> Arrays:
        return self.run_with((), inputs)[0]

    def run_with(self, options: Sequence[str], inputs: Arrays) -> tuple[dict[str, np.ndarray], str]:
        """Return the outputs and what pplnn printed."""
        program = checked_program()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            model = folder / "model.onnx"
            model.write_bytes(self._model)
            files = [written(folder, place, inputs[name]) for place, name in enumerate(self._inputs)]
            command = [program, "--use-x86", "--num-threads", "1", "--onnx-model", model]
            command += [inputs_option(), ",".join(map(str, files))] if files else []
            said = SUPPLIED.call([*command, "--save-outputs", "--save-data-dir", folder, *options], folder=folder)
            said.refuse(REFUSED, failed=said.code != 0)
            said.demand()
            outputs = {one["name"]: saved(folder, one, said) for one in described(said.text)}
        absent = [output for output in self._outputs if output not in outputs]
        if absent:
            raise RuntimeError(f"pplnn told of {sorted(outputs)}; expected {absent} too; {said.last_words}")
        return {output: outputs[output] for output in self._outputs}, said.text


class PplNnX86:
    name = "ppl_nn_x86"
    environment = "native_tools"
    accepts = ("onnx", "onnx13", "onnx_explicit")
    compiles_to = "ppl_nn"
    on_demand = True
    operators_from = "pplnn's profile of what it runs after fusion; the model's nodes where it was built without one"

    def missing(self) -> str:
        return str(PPLNN.missing())

    def supplied(self) -> str:
        return str(PPLNN.identity())

    def compile(self, artifact: Artifact) -> Artifact:
        """Return the model as it is, with the operators that pplnn runs."""
        model = artifact.converted(self.compiles_to, artifact.model)
        _, text = PplNnSession(artifact).run_with(PROFILING, artifact.example())
        counts = {operator.strip(): int(count) for operator, count in PROFILED.findall(text)}
        return model.with_operators(counts) if counts else model

    def load(self, artifact: Artifact) -> Session:
        return PplNnSession(artifact)


@cache
def checked_program() -> Path:
    """Return the program, once it has said what it is. Raises NotHere if it is another."""
    program: Path = PPLNN.needed()
    said = SUPPLIED.call([program, "--version"], folder=program.parent)
    if VERSION not in said.text:
        raise NotHere(f"PPLNN_BIN={program}: pplnn prints {VERSION!r} for --version; {said.last_words}")
    return program


@cache
def inputs_option() -> str:
    """Return the option for files of inputs that say their shapes, which goes by another name since a while."""
    program = checked_program()
    return INPUTS if INPUTS in SUPPLIED.call([program, "--help"], folder=program.parent).text else OLDER_INPUTS


def written(folder: Path, place: int, array: np.ndarray) -> Path:
    """Return a file with the array, named as pplnn wants it: name-dims-dtype.dat, and no other hyphen."""
    if array.dtype.name not in DTYPES:
        raise Unsupported(f"pplnn has no name for {array.dtype.name} in its files of inputs: {', '.join(DTYPES)}")
    file = folder / f"in{place}-{'_'.join(map(str, array.shape))}-{DTYPES[array.dtype.name][0]}.dat"
    file.write_bytes(np.ascontiguousarray(array).tobytes())
    return file


def described(text: str) -> list[dict[str, str]]:
    """Return what pplnn prints about each output, by its own words, logged with a prefix or without."""
    found: list[dict[str, str]] = []
    for line in text.partition(OUTPUTS)[2].partition(END)[0].splitlines():
        said = SAID.search(line)
        if said is not None and said[1] == "name":
            found.append({"name": said[2].strip()})
        elif said is not None and found:
            found[-1]["data type" if said[1] == "DataType" else said[1]] = said[2].strip()
    return found


def saved(folder: Path, output: dict[str, str], said: Any) -> np.ndarray:
    """Return the output as pplnn wrote it. Raises RuntimeError if the file has not the size that was printed."""
    dtype = output["data type"]
    kept = output.get("saved data type", WIDENED.get(dtype, dtype))
    if dtype not in PRINTED or kept not in PRINTED:
        raise RuntimeError(f"pplnn gave {output['name']} as {dtype}; expected one of {', '.join(PRINTED)}")
    shape = [int(size) for size in output["dim(s)"].split()]
    content = said.demand_file(folder / f"pplnn_output-{output['name']}.dat", empty=True).read_bytes()
    flat = np.dtype(PRINTED[kept])
    if len(content) != math.prod(shape) * flat.itemsize:
        raise RuntimeError(f"pplnn wrote {len(content)} bytes of {output['name']}; expected {kept} of shape {shape}")
    return np.frombuffer(content, flat).reshape(shape).astype(PRINTED[dtype])


COMPONENT = PplNnX86()
