"""ncnn on the CPU: in float32 throughout, and with its defaults, which keep and compute some layers in 16 bits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, Unsupported
from nnparity.loading import load_file

REPRESENTATION = Path(__file__).parents[1] / "representations" / "ncnn.py"
SIXTEEN_BITS = ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_packed", "use_bf16_storage")


@dataclass(frozen=True)
class NcnnSession:
    """joined: the operands of every Concat that takes a constant."""

    net: Any
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    joined: Sequence[Sequence[str]]

    def run(self, inputs: Arrays) -> Arrays:
        """Return the outputs by name. Raises RuntimeError where ncnn answers with an error code."""
        for operands in self.joined:
            self._refuse_other_ranks(operands, inputs)
        with self._extractor(inputs) as extractor:
            outputs = {}
            for name, blob in self.outputs.items():
                code, result = extractor.extract(blob.name)
                _accepted(code, f"extract {name}")
                outputs[name] = np.array(result.numpy(batch_index=blob.batch_index))
        return outputs

    @contextmanager
    def _extractor(self, inputs: Arrays) -> Iterator[Any]:
        import ncnn

        with self.net.create_extractor() as extractor:
            for name, blob in self.inputs.items():
                given = ncnn.Mat(_elements(inputs[name]), batch_index=blob.batch_index).clone()
                _accepted(extractor.input(blob.name, given), f"input {name}")
            yield extractor

    def _refuse_other_ranks(self, operands: Sequence[str], inputs: Arrays) -> None:
        """Raise RuntimeError if a Concat is to join these blobs and they have different numbers of axes.

        ncnn 1.0.20261020 takes the first one's, and copies beyond the end of memory: from one run to the next it gives
        another wrong result, or the process dies of it, later and elsewhere too. This makes it one failure.
        """
        ranks = []
        with self._extractor(inputs) as extractor:
            for blob in operands:
                code, found = extractor.extract(blob)
                _accepted(code, f"extract {blob}")
                ranks.append(found.dims)
        if len(set(ranks)) > 1:
            raise RuntimeError(f"Concat of blobs of {ranks} axes would copy beyond the end of memory")


def _elements(array: np.ndarray) -> np.ndarray:
    """Return the array with elements of 32 bits: pnnx tells ncnn's user to give integers so, and a mask is a number."""
    return np.ascontiguousarray(array, dtype=np.int32 if array.dtype.kind in "iu" else np.float32)


def _accepted(code: int, what: str) -> None:
    if code != 0:
        raise RuntimeError(f"ncnn: {what} gives {code}; expected 0; what it says is on its error stream")


def joined_with_constants(param: str) -> list[list[str]]:
    """Return the operands of every Concat in the text of a .param file of which one is a constant, or a copy of one."""
    constants: set[str] = set()
    joined = []
    for kind, _, takes, gives, *rest in (line.split() for line in param.splitlines()[2:] if line.strip()):
        taken, given = rest[: int(takes)], rest[int(takes) : int(takes) + int(gives)]
        if kind == "MemoryData" or (kind == "Split" and constants.issuperset(taken)):
            constants.update(given)
        if kind == "Concat" and constants.intersection(taken):
            joined.append(taken)
    return joined


class NcnnCpu:
    environment = "ncnn"
    accepts = ("ncnn",)
    on_demand = True

    def __init__(self, name: str, *, exact: bool) -> None:
        self.name = name
        self._exact = exact

    def load(self, artifact: Artifact) -> NcnnSession:
        import ncnn

        model = artifact.model
        strange = [kind for kind in load_file(REPRESENTATION).layers(model.param) if ncnn.layer_to_index(kind) < 0]
        if strange:
            raise Unsupported(f"ncnn: layer {', '.join(dict.fromkeys(strange))} not exists or registered")
        net = ncnn.Net()
        net.opt.num_threads = 1
        net.opt.use_vulkan_compute = False
        if self._exact:
            for option in SIXTEEN_BITS:
                setattr(net.opt, option, False)
        with tempfile.TemporaryDirectory() as folder:
            param, weights = Path(folder, "model.param"), Path(folder, "model.bin")
            param.write_text(model.param, encoding="utf-8")
            weights.write_bytes(model.weights)
            _accepted(net.load_param(str(param)), "load_param")
            _accepted(net.load_model(str(weights)), "load_model")
        return NcnnSession(net, model.inputs, model.outputs, joined_with_constants(model.param))


COMPONENTS = (
    NcnnCpu("ncnn_cpu", exact=True),
    NcnnCpu("ncnn_cpu_default", exact=False),
)
