"""ncnn on the CPU: in float32 throughout, and with its defaults, which keep and compute some layers in 16 bits."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
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
    net: Any
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]

    def run(self, inputs: Arrays) -> Arrays:
        """Return the outputs by name. Raises RuntimeError where ncnn answers with an error code."""
        import ncnn

        with self.net.create_extractor() as extractor:
            for name, blob in self.inputs.items():
                given = ncnn.Mat(_elements(inputs[name]), batch_index=blob.batch_index).clone()
                _accepted(extractor.input(blob.name, given), f"input {name}")
            outputs = {}
            for name, blob in self.outputs.items():
                code, result = extractor.extract(blob.name)
                _accepted(code, f"extract {name}")
                outputs[name] = np.array(result.numpy(batch_index=blob.batch_index))
        return outputs


def _elements(array: np.ndarray) -> np.ndarray:
    """Return the array with elements of 32 bits: pnnx tells ncnn's user to give integers so, and a mask is a number."""
    return np.ascontiguousarray(array, dtype=np.int32 if array.dtype.kind in "iu" else np.float32)


def _accepted(code: int, what: str) -> None:
    if code != 0:
        raise RuntimeError(f"ncnn: {what} gives {code}; expected 0; what it says is on its error stream")


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
        return NcnnSession(net, model.inputs, model.outputs)


COMPONENTS = (
    NcnnCpu("ncnn_cpu", exact=True),
    NcnnCpu("ncnn_cpu_default", exact=False),
)
