"""ExecuTorch's runtime: its portable and optimised kernels, and the delegates that a program calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Session, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
# The runtime has error codes, and one class of exception for all of them.
NO_KERNEL = "0x:14"


class ExecuTorchCpu:
    name = "executorch_cpu"
    environment = "executorch"
    accepts = ("executorch",)
    on_demand = True

    def load(self, artifact: Artifact) -> Session:
        from executorch.extension.pybindings.portable_lib import _unsafe_reset_threadpool
        from executorch.runtime import Runtime

        _unsafe_reset_threadpool(1)
        program = Runtime.get().load_program(artifact.model)
        try:
            method = program.load_method("forward")
        except RuntimeError as problem:
            if NO_KERNEL not in str(problem):
                raise
            raise Unsupported(f"ExecuTorch: {problem}: an operator of the program has no kernel") from problem

        def call(*tensors: Any) -> Any:
            return method.execute(list(tensors))

        session: Session = load_file(SUPPORT / "torch_calls.py").ModuleSession(call, artifact)
        return session


COMPONENT = ExecuTorchCpu()
