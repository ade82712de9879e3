"""TVM's compiler for CPUs with all of its graph optimisations, and on demand with fewer and without."""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, Session, Unsupported
from nnparity.dtypes import BFLOAT16, named
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"
REPRESENTATIONS = Path(__file__).parents[1] / "representations"
TARGET = "llvm"
# LLVM 22 refuses the debug records that this pass leaves in the kernels of image.resize2d: "location of #dbg_declare
# must be a pointer or int". Without the pass a common subexpression is computed twice, to the same value.
CONFIG = {"tir.disable_cse_tir": True}
# The executor's names for a reshape that shares its argument's memory, and for a copy of an input to an output.
NO_KERNEL = ("__nop", "__copy")


# TVM's own words for a function that it has not for a dtype; their class is TVMError.
NO_DTYPE = re.compile(r"Data type \w+ not supported for \w+ op")


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    from tvm.error import TVMError

    try:
        yield
    except TVMError as problem:
        refusal = NO_DTYPE.search(str(problem))
        if refusal is None:
            raise
        raise Unsupported(f"TVM: {refusal[0]}") from problem


@dataclass(frozen=True)
class RelayLlvm:
    """relay.build at one optimisation level and the graph executor.

    A module with control flow or with sizes that depend on values, which the graph executor has no form for, is
    compiled for TVM's virtual machine instead. That one refuses branches below level 1: there they are Unsupported.
    """

    name: str
    opt_level: int
    on_demand: bool = False
    environment: str = "tvm_relay"
    accepts: tuple[str, ...] = ("relay",)
    compiles_to: str = "tvm_library"

    def compile(self, artifact: Artifact) -> Artifact:
        """Return calls of compiled kernels, as the graph executor's plan or the virtual machine's program has them."""
        import tvm

        relay = load_file(SUPPORT / "tvm_quiet.py").relay()
        model = artifact.model
        beyond = _beyond_graph_executor(model.module)
        if beyond and self.opt_level < 1:
            raise Unsupported(f"the graph executor has no {beyond}; TVM's virtual machine needs opt_level 1 or more")
        config = {**CONFIG, "tir.add_lower_pass": load_file(SUPPORT / "relay_guards.py").passes(model.module)}
        with tvm.transform.PassContext(opt_level=self.opt_level, config=config), _refusals():
            if beyond:
                program = relay.vm.compile(model.module, target=TARGET, params=dict(model.params))
                module, calls = program.mod, _called_by_program(program)
            else:
                factory = relay.build(model.module, target=TARGET, params=dict(model.params))
                module, calls = factory.module, _called_by_graph(factory.get_graph_json())
        names = load_file(SUPPORT / "tvm_library.py")
        library = names.TvmLibrary(
            module=module, inputs=model.inputs, outputs=model.outputs, virtual_machine=beyond is not None
        )
        return artifact.converted("tvm_library", library).with_operators(Counter(map(names.kernel_name, calls)))

    def load(self, artifact: Artifact) -> Session:
        library = artifact.model
        if library.virtual_machine:
            return VirtualMachineSession(library, artifact.outputs)
        return GraphExecutorSession(library, artifact.outputs)


class GraphExecutorSession:
    def __init__(self, library: Any, outputs: tuple[str, ...]) -> None:
        import tvm
        from tvm.contrib.graph_executor import GraphModule

        self._executor = GraphModule(library.module["default"](tvm.cpu()))
        self._inputs: Mapping[str, str] = library.inputs
        self._outputs = dict(zip(outputs, library.outputs, strict=True))

    def run(self, inputs: Arrays) -> Arrays:
        for name, variable in self._inputs.items():
            slot = self._executor.get_input(variable)
            require(name, inputs[name], dtype=slot.dtype, shape=slot.shape)
            self._executor.set_input(variable, inputs[name])
        self._executor.run()
        return {name: _array(self._executor.get_output(place)) for name, place in self._outputs.items()}


class VirtualMachineSession:
    def __init__(self, library: Any, outputs: tuple[str, ...]) -> None:
        import tvm
        from tvm.runtime.vm import VirtualMachine

        self._machine = VirtualMachine(library.module, tvm.cpu())
        self._inputs: Mapping[str, str] = library.inputs
        self._outputs = dict(zip(outputs, library.outputs, strict=True))

    def run(self, inputs: Arrays) -> Arrays:
        import tvm

        given = {variable: tvm.nd.array(inputs[name]) for name, variable in self._inputs.items()}
        result = self._machine.invoke("main", **given)
        results = [result] if isinstance(result, tvm.nd.NDArray) else list(result)
        return {name: _array(results[place]) for name, place in self._outputs.items()}


def _array(result: Any) -> np.ndarray:
    """Return the result with its dtype; TVM gives bfloat16 as 16-bit integers."""
    array: np.ndarray = result.numpy()
    return array.view(named(BFLOAT16)) if result.dtype == BFLOAT16 else array


def require(name: str, array: np.ndarray, *, dtype: str, shape: tuple[int, ...]) -> None:
    """Raise TypeError unless the array is what the library takes; TVM itself would cast it and say nothing."""
    if str(array.dtype) != dtype or array.shape != tuple(shape):
        raise TypeError(f"input {name}: given {array.dtype}{list(array.shape)}; the library takes {dtype}{list(shape)}")


def _beyond_graph_executor(module: Any) -> str | None:
    """Return what the module has that the graph executor cannot hold, or None."""
    from tvm import relay

    typed = relay.transform.InferType()(module)
    constructs = load_file(SUPPORT / "relay_operators.py").CONSTRUCTS
    counts = load_file(REPRESENTATIONS / "relay.py").calls(typed)
    found = [construct for construct in constructs if construct in counts]
    if found:
        return ", ".join(found)
    dynamic = []

    def visit(node: Any) -> None:
        if isinstance(node, relay.Call) and relay.ty.is_dynamic(node.checked_type):
            dynamic.append(node)

    relay.analysis.post_order_visit(typed["main"], visit)
    return "sizes that depend on values" if dynamic else None


def _called_by_graph(graph: str) -> list[str]:
    """Return the kernel of every node of the executor's plan that runs one."""
    nodes = [node for node in json.loads(graph)["nodes"] if node["op"] == "tvm_op"]
    return [node["attrs"]["func_name"] for node in nodes if node["attrs"]["func_name"] not in NO_KERNEL]


def _called_by_program(program: Any) -> list[str]:
    """Return the kernel of every instruction that calls one, in all functions of the virtual machine's program."""
    kernels = program.primitive_ops
    return [kernels[int(place)] for place in re.findall(r"invoke_packed PackedFunc\[(\d+)\]", program.bytecode)]


COMPONENTS = (
    RelayLlvm("relay_llvm_o0", opt_level=0, on_demand=True),
    RelayLlvm("relay_llvm_o1", opt_level=1, on_demand=True),
    RelayLlvm("relay_llvm_o2", opt_level=2, on_demand=True),
    RelayLlvm("relay_llvm_o3", opt_level=3),
)
