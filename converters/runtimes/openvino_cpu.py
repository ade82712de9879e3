"""OpenVINO's CPU plugin, in float32 and in the precision that it takes by default."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, NotHere, Session, Unsupported
from nnparity.dtypes import BFLOAT16, named
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
PRECISION = "INFERENCE_PRECISION_HINT"
# The plugin's own words for an operator without a kernel in the types that it is asked for.
REFUSED = re.compile(r"Unsupported operation of type: \w+")
# Values, what comes in and what goes out.
NO_LAYERS = frozenset(("Const", "Input", "Output"))


class OpenVinoSession:
    def __init__(self, compiled: Any, artifact: Artifact) -> None:
        """Find inputs by their nodes' names, outputs by their own: what is both has in a file only the output's."""
        names = {spec.name for spec in artifact.inputs}
        taken = [port.get_names() | {port.get_node().get_friendly_name()} for port in artifact.model.inputs]
        given = [port.get_names() for port in artifact.model.outputs]
        self._request = compiled.create_infer_request()
        self._inputs = [(port, next(iter(found & names))) for port, found in zip(compiled.inputs, taken, strict=True)]
        self._outputs = {
            name: next(port for port, found in zip(compiled.outputs, given, strict=True) if name in found)
            for name in artifact.outputs
        }

    def run(self, inputs: Arrays) -> Arrays:
        for port, name in self._inputs:
            self._request.set_tensor(port, _tensor(inputs[name]))
        self._request.infer()
        return {name: _array(self._request.get_tensor(port)) for name, port in self._outputs.items()}


class OpenVinoCpu:
    """The plugin computing in one precision.

    hint: what the user asks for, "" for nothing. precision: what that comes to. Raises NotHere on a machine where the
    plugin says that it comes to something else: the default depends on the processor.
    """

    environment = "openvino"
    accepts = ("openvino_ir",)
    compiles_to = "openvino_ir"
    operators_from = "layers of the model that get_runtime_model gives"

    def __init__(self, name: str, *, hint: str, precision: str, on_demand: bool) -> None:
        self.name = name
        self.on_demand = on_demand
        self._precision = precision
        self._settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, **({PRECISION: hint} if hint else {})}

    def compile(self, artifact: Artifact) -> Artifact:
        """Return the artifact as it is, with the layers that the plugin makes of it on this machine."""
        layers = self._compiled(artifact).get_runtime_model().get_ordered_ops()
        names = Counter(layer.get_rt_info()["layerType"].astype(str) for layer in layers)
        return artifact.with_operators({name: count for name, count in names.items() if name not in NO_LAYERS})

    def load(self, artifact: Artifact) -> Session:
        return OpenVinoSession(self._compiled(artifact), artifact)

    def _compiled(self, artifact: Artifact) -> Any:
        openvino = load_file(SUPPORT / "openvino_quiet.py").openvino()
        load_file(SUPPORT / "openvino_empty.py").refuse_broadcast_of_nothing(artifact.model.get_ordered_ops())
        try:
            compiled = openvino.Core().compile_model(artifact.model, "CPU", self._settings)
        except RuntimeError as error:
            refused = REFUSED.search(str(error))
            if refused is None:
                raise
            types = sorted({spec.dtype for spec in artifact.inputs})
            raise Unsupported(f"OpenVINO: {refused[0]} ({', '.join(types)})") from error
        precision = compiled.get_property(PRECISION).get_type_name()
        if precision != self._precision:
            raise NotHere(f"OpenVINO computes in {precision} on this processor; {self.name} is about {self._precision}")
        return compiled


def _tensor(array: np.ndarray) -> Any:
    """Return a tensor with a copy of the array. Of bfloat16, OpenVINO's NumPy arrays are bits that pass for float16."""
    openvino = load_file(SUPPORT / "openvino_quiet.py").openvino()
    if array.dtype.name != BFLOAT16:
        return openvino.Tensor(np.array(array, order="C"))
    tensor = openvino.Tensor(openvino.Type.bf16, array.shape)
    tensor.data.view(array.dtype)[...] = array
    return tensor


def _array(tensor: Any) -> np.ndarray:
    data: np.ndarray = tensor.data
    if tensor.element_type.get_type_name() == "bf16":  # whose bits OpenVINO hands out as float16
        return data.view(named(BFLOAT16))
    return data


COMPONENTS = (
    OpenVinoCpu("openvino_cpu", hint="f32", precision="f32", on_demand=False),
    OpenVinoCpu("openvino_cpu_default", hint="", precision="bf16", on_demand=True),
)
