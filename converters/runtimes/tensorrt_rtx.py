"""TensorRT for RTX: engines compiled anywhere, for GPUs from Ampere on, and run where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, NotHere, Session, Unsupported
from nnparity.dtypes import BFLOAT16, named
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
# Turing, 7.5, has no matrix product in float32 here.
TARGETS = ("SM80", "SM86", "SM89", "SM120")
LEAST_BATCH, MOST_BATCH = 1, 64
UNSUPPORTED = "UNSUPPORTED_"
# What the parser says, under another code, of an operator that neither it nor a plugin knows.
NO_PLUGIN = "Plugin not found"


class TensorRtSession:
    def __init__(self, engine: Any, outputs: tuple[str, ...]) -> None:
        self._context = engine.create_execution_context()
        if self._context is None:
            raise RuntimeError("TensorRT: no execution context for the engine")
        self._engine = engine
        self._outputs = outputs
        self._stream = load_file(SUPPORT / "cuda_driver.py").Stream()

    def run(self, inputs: Arrays) -> Arrays:
        cuda = load_file(SUPPORT / "cuda_driver.py")
        kept = [self._bound(name, np.ascontiguousarray(array), cuda) for name, array in inputs.items()]
        allocators = {name: self._allocator(name, cuda) for name in self._outputs}
        if not self._context.execute_async_v3(self._stream.handle):
            raise RuntimeError("TensorRT: execute_async_v3 failed")
        self._stream.wait()
        results = {}
        for name, allocator in allocators.items():
            results[name] = np.empty(tuple(allocator.shape), _dtype(self._engine.get_tensor_dtype(name)))
            allocator.memory.read(results[name])
        del kept
        return results

    def _bound(self, name: str, array: np.ndarray, cuda: Any) -> Any:
        """Return what holds the input, its address and shape made known."""
        wanted = _dtype(self._engine.get_tensor_dtype(name))
        if array.dtype != wanted:
            raise TypeError(f"TensorRT: input {name} is {array.dtype}, and the engine takes {wanted}")
        if not self._context.set_input_shape(name, array.shape):
            raise ValueError(f"TensorRT: input {name} of shape {array.shape} is not in the engine's profile")
        if self._on_host(name):
            self._context.set_tensor_address(name, array.ctypes.data)
            return array
        memory = cuda.Memory(array.nbytes)
        memory.write(array)
        self._context.set_tensor_address(name, memory.address)
        return memory

    def _allocator(self, name: str, cuda: Any) -> Any:
        """Return what gives the output memory once its size is known: it may depend on the data."""
        import tensorrt_rtx

        if self._on_host(name):
            raise Unsupported(f"TensorRT: output {name} is a shape, which it leaves in the host's memory")

        class Allocator(tensorrt_rtx.IOutputAllocator):
            def __init__(self) -> None:
                tensorrt_rtx.IOutputAllocator.__init__(self)
                self.memory = cuda.Memory(0)
                self.shape: tuple[int, ...] = ()

            def reallocate_output(self, tensor_name: str, memory: int, size: int, alignment: int) -> int:
                self.memory = cuda.Memory(size)
                return int(self.memory.address)

            def reallocate_output_async(
                self, tensor_name: str, memory: int, size: int, alignment: int, stream: int
            ) -> int:
                return self.reallocate_output(tensor_name, memory, size, alignment)

            def notify_shape(self, tensor_name: str, shape: Any) -> None:
                self.shape = tuple(shape)

        allocator = Allocator()
        self._context.set_output_allocator(name, allocator)
        return allocator

    def _on_host(self, name: str) -> bool:
        import tensorrt_rtx

        return bool(self._engine.get_tensor_location(name) == tensorrt_rtx.TensorLocation.HOST)


@dataclass(frozen=True)
class TensorRtRtx:
    """exact: without TF32 in products and without the identities that NaN and infinity do not obey."""

    name: str
    exact: bool
    environment: str = "tensorrt_rtx"
    accepts: tuple[str, ...] = ("onnx",)
    compiles_to: str = "tensorrt_engine"
    operators_from: str = "layers of the engine, fused, as the builder logs them"
    on_demand: bool = True

    def compile(self, artifact: Artifact) -> Artifact:
        """Return the engine, the same on every machine, with the operators of its layers."""
        import tensorrt_rtx

        log = _log()
        builder = tensorrt_rtx.Builder(log)
        network = builder.create_network(0)
        _parse(network, artifact.model.SerializeToString(), log)
        settings = builder.create_builder_config()
        settings.num_compute_capabilities = len(TARGETS)
        for place, target in enumerate(TARGETS):
            settings.set_compute_capability(getattr(tensorrt_rtx.ComputeCapability, target), place)
        settings.profiling_verbosity = tensorrt_rtx.ProfilingVerbosity.DETAILED
        if self.exact:
            settings.clear_flag(tensorrt_rtx.BuilderFlag.TF32)
            settings.set_flag(tensorrt_rtx.BuilderFlag.STRICT_NANS)
        if artifact.open_axes:
            settings.add_optimization_profile(_profile(builder, artifact))
        engine = builder.build_serialized_network(network, settings)
        if engine is None:
            raise RuntimeError(f"TensorRT: {'; '.join(log.errors())}")
        counts = load_file(SUPPORT / "tensorrt_layers.py").counts(log.messages)
        return artifact.converted(self.compiles_to, bytes(engine)).with_operators(counts)

    def load(self, artifact: Artifact) -> Session:
        """Return a session. Raises NotHere where there is no NVIDIA GPU."""
        import tensorrt_rtx

        load_file(SUPPORT / "cuda_driver.py").driver()
        log = _log()
        runtime = tensorrt_rtx.Runtime(log)
        engine = runtime.deserialize_cuda_engine(artifact.model)
        if engine is None:
            supply = load_file(SUPPORT / "cuda_driver.py").SUPPLY
            words = "; ".join(log.errors())
            if "compute capability" in words.lower():
                raise NotHere(f"TensorRT: {words}; {supply}")
            raise RuntimeError(f"TensorRT: {words}")
        return TensorRtSession(engine, artifact.outputs)


def _log() -> Any:
    import tensorrt_rtx

    bad = (tensorrt_rtx.ILogger.ERROR, tensorrt_rtx.ILogger.INTERNAL_ERROR)

    class Log(tensorrt_rtx.ILogger):
        def __init__(self) -> None:
            tensorrt_rtx.ILogger.__init__(self)
            self.said: list[tuple[Any, str]] = []

        def log(self, severity: Any, message: str) -> None:
            self.said.append((severity, message))

        @property
        def messages(self) -> list[str]:
            return [message for _, message in self.said]

        def errors(self) -> list[str]:
            return [message for severity, message in self.said if severity in bad]

    return Log()


def _parse(network: Any, model: bytes, log: Any) -> None:
    """Fill the network. Raises Unsupported if the parser says so of every error that it names."""
    import tensorrt_rtx

    parser = tensorrt_rtx.OnnxParser(network, log)
    if parser.parse(model):
        return
    errors = [parser.get_error(place) for place in range(parser.num_errors)]
    words = "; ".join(f"{error.node_operator()}: {error.desc()}" for error in errors)
    if errors and all(error.code().name.startswith(UNSUPPORTED) or NO_PLUGIN in error.desc() for error in errors):
        raise Unsupported(f"TensorRT: {words}")
    raise RuntimeError(f"TensorRT: parsing the model: {words or '; '.join(log.errors())}")


def _profile(builder: Any, artifact: Artifact) -> Any:
    """Return the sizes for which the engine is made: of open axes from one to many, best at the artifact's own."""
    profile = builder.create_optimization_profile()
    for spec in artifact.inputs:
        least, most = (dict.fromkeys(artifact.open_axes, size) for size in (LEAST_BATCH, MOST_BATCH))
        profile.set_shape(spec.name, spec.sized(least), spec.sized(artifact.sizes), spec.sized(most))
    return profile


def _dtype(kind: Any) -> np.dtype[Any]:
    import tensorrt_rtx

    return named(BFLOAT16) if kind == tensorrt_rtx.DataType.BF16 else np.dtype(tensorrt_rtx.nptype(kind))


COMPONENTS = (
    TensorRtRtx("tensorrt_rtx", exact=True),
    TensorRtRtx("tensorrt_rtx_default", exact=False),
)
