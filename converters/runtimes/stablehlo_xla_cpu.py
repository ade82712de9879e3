"""XLA's compiler for CPUs and its runtime, as jaxlib has them, for StableHLO from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, Session, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
NO_OPEN_AXES = "Unbounded dynamism is disabled"
REFUSED = re.compile(r"failed to legalize operation '[\w.]+'")


class XlaSession:
    def __init__(self, executable: Any, artifact: Artifact) -> None:
        self._executable = executable
        self._inputs = tuple(spec.name for spec in artifact.inputs)
        self._outputs = artifact.outputs

    def run(self, inputs: Arrays) -> Arrays:
        import jax

        with jax.enable_x64(True):  # else int64 and float64 are narrowed before XLA sees them
            given = [jax.device_put(inputs[name]) for name in self._inputs]
        results = self._executable.execute_sharded(given).disassemble_into_single_device_arrays()
        return {name: np.asarray(on_device[0]) for name, on_device in zip(self._outputs, results, strict=True)}


class StableHloXlaCpu:
    """Compiles with jaxlib's own interface to XLA, which is not public: jax has no other way in for a module's text."""

    name = "stablehlo_xla_cpu"
    environment = "jax"
    accepts = ("stablehlo",)
    compiles_to = "xla_executable"
    on_demand = True
    operators_from = "instructions of the optimised HLO, a fusion as one"

    def compile(self, artifact: Artifact) -> Artifact:
        from jax._src.interpreters import mlir
        from jax._src.lib.mlir import ir

        if (
            artifact.open_axes
        ):  # Around them are operations on sizes, and XLA refuses now these, now the axes themselves.
            raise Unsupported(f"XLA takes no open axes ({NO_OPEN_AXES})")
        backend, devices, options = _xla()
        with mlir.make_ir_context(), ir.Location.unknown(), _refusals():
            executable = backend.compile_and_load(ir.Module.parse(artifact.model), devices, options)
        operators = load_file(SUPPORT / "hlo.py").executed(executable.hlo_modules()[0].to_string())
        return artifact.converted(self.compiles_to, backend.serialize_executable(executable)).with_operators(operators)

    def load(self, artifact: Artifact) -> Session:
        backend, devices, options = _xla()
        return XlaSession(backend.deserialize_executable(artifact.model, devices, options), artifact)


def _xla() -> tuple[Any, Any, Any]:
    """Return XLA's client for CPUs, its one device and the options to compile for it."""
    import jax
    from jax._src import compiler, xla_bridge
    from jaxlib import _jax

    options = compiler.get_compile_options(num_replicas=1, num_partitions=1)
    return xla_bridge.get_backend("cpu"), _jax.DeviceList(tuple(jax.devices("cpu"))), options


@contextmanager
def _refusals() -> Iterator[None]:
    """Re-raise as Unsupported what XLA says of an operation that it has no form for."""
    from jax.errors import JaxRuntimeError

    try:
        yield
    except JaxRuntimeError as problem:
        refusal = REFUSED.search(str(problem))
        if refusal is None:
            raise
        raise Unsupported(f"XLA: {refusal[0]}") from problem


COMPONENT = StableHloXlaCpu()
