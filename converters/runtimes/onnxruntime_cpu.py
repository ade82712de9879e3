"""ONNX Runtime on the CPU at each of its levels of graph optimisation: all, extended, basic, none."""

from __future__ import annotations

import ctypes
import functools
import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, Session, Unsupported
from nnparity.dtypes import BFLOAT16, named
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
REPRESENTATION = Path(__file__).parents[1] / "representations" / "onnx.py"
ERRORS_ONLY = 3
NO_DTYPE = "data type is not supported"
IN_BFLOAT16 = "tensor(bfloat16)"


class OnnxRuntimeSession:
    def __init__(self, session: Any, outputs: tuple[str, ...]) -> None:
        slots = (*session.get_inputs(), *session.get_outputs())
        self._run = _run_with_bfloat16 if any(slot.type == IN_BFLOAT16 for slot in slots) else _run
        self._session = session
        self._outputs = outputs

    def run(self, inputs: Arrays) -> Arrays:
        with _refusals():
            results = self._run(self._session, list(self._outputs), dict(inputs))
        return dict(zip(self._outputs, results, strict=True))


def _run(session: Any, outputs: list[str], inputs: Arrays) -> list[np.ndarray]:
    results: list[np.ndarray] = session.run(outputs, inputs)
    return results


def _run_with_bfloat16(session: Any, outputs: list[str], inputs: Arrays) -> list[np.ndarray]:
    """Run with values of ONNX Runtime's own: it takes bits for bfloat16 and gives an address, but no array."""
    import onnx
    from onnxruntime import OrtValue

    def value(array: np.ndarray) -> Any:
        if array.dtype.name != BFLOAT16:
            return OrtValue.ortvalue_from_numpy(array)
        return OrtValue.ortvalue_from_numpy_with_onnx_type(array.view(np.uint16), onnx.TensorProto.BFLOAT16)

    def array(value: Any) -> np.ndarray:
        if value.data_type() != IN_BFLOAT16:
            return np.asarray(value.numpy())
        shape, dtype = value.shape(), named(BFLOAT16)
        bits = ctypes.string_at(value.data_ptr(), math.prod(shape) * dtype.itemsize)
        return np.frombuffer(bits, dtype).reshape(shape)

    results = session.run_with_ort_values(outputs, {name: value(given) for name, given in inputs.items()})
    return [array(result) for result in results]


class OnnxRuntimeCpu:
    environment = "onnxruntime"
    accepts = ("onnx",)
    compiles_to = "onnx"

    def __init__(self, name: str, *, optimisation: str) -> None:
        self.name = name
        self._optimisation = optimisation

    def compile(self, artifact: Artifact) -> Artifact:
        """Return the artifact as it is, with the operators of the graph that ONNX Runtime makes of it on this machine.

        Even where it optimises nothing it inlines functions and turns Constant nodes into initialisers.
        """
        import onnx

        options = self._options()
        # It warns that the optimised model is for this machine's kind of processor only; it is counted and dropped.
        options.log_severity_level = ERRORS_ONLY
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "optimised.onnx")
            options.optimized_model_filepath = str(file)
            _session(artifact, options)
            optimised = onnx.load(file)
        count = load_file(REPRESENTATION).REPRESENTATION.count
        return artifact.with_operators(count(artifact.converted("onnx", optimised)))

    def load(self, artifact: Artifact) -> Session:
        return OnnxRuntimeSession(_session(artifact, self._options()), artifact.outputs)

    def _options(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, self._optimisation)
        return options


def _session(artifact: Artifact, options: Any) -> Any:
    import onnxruntime

    custom = load_file(SUPPORT / "custom_operator.py").NAMESPACE
    if any(entry.domain == custom for entry in artifact.model.opset_import):
        if any(spec.dtype in {"float16", BFLOAT16} for spec in artifact.inputs):  # it would end the process
            raise Unsupported("onnxruntime-extensions: Type float16 not supported by python customops api")
        options.register_custom_ops_library(_custom_operators())
    with _refusals():
        return onnxruntime.InferenceSession(
            artifact.model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )


@functools.cache
def _custom_operators() -> str:
    """Return the library that calls Python for a node, told what to call for every custom operator."""
    from onnxruntime_extensions import PyCustomOpDef, get_library_path, onnx_op

    custom = load_file(SUPPORT / "custom_operator.py")
    for operator in custom.operators():
        kernel = _kernel(operator)
        for dtype in (PyCustomOpDef.dt_float, PyCustomOpDef.dt_double):
            onnx_op(
                op_type=f"{custom.NAMESPACE}::{operator.symbol}",
                inputs=[dtype],
                outputs=[dtype],
                attrs=dict.fromkeys(operator.attributes, PyCustomOpDef.dt_float),
            )(kernel)
    return str(get_library_path())


def _kernel(operator: Any) -> Callable[..., np.ndarray]:
    def kernel(x: np.ndarray, **attributes: float) -> np.ndarray:
        with np.errstate(all="ignore"):
            result: np.ndarray = operator.numpy(x, *(attributes[name] for name in operator.attributes))
        return result

    return kernel


@contextmanager
def _refusals() -> Iterator[None]:
    """Re-raise as Unsupported ONNX Runtime's status NOT_IMPLEMENTED, and a kernel's words about a dtype.

    It has no public names for the classes.
    """
    from onnxruntime.capi.onnxruntime_pybind11_state import NotImplemented as NotImplementedStatus
    from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

    try:
        yield
    except NotImplementedStatus as refusal:
        raise Unsupported(f"ONNX Runtime: {refusal}") from refusal
    except RuntimeException as refusal:
        if NO_DTYPE not in str(refusal):
            raise
        raise Unsupported(f"ONNX Runtime: {refusal}") from refusal


COMPONENTS = (
    OnnxRuntimeCpu("onnxruntime_cpu", optimisation="ORT_ENABLE_ALL"),
    OnnxRuntimeCpu("onnxruntime_cpu_extended", optimisation="ORT_ENABLE_EXTENDED"),
    OnnxRuntimeCpu("onnxruntime_cpu_basic", optimisation="ORT_ENABLE_BASIC"),
    OnnxRuntimeCpu("onnxruntime_cpu_unoptimized", optimisation="ORT_DISABLE_ALL"),
)
