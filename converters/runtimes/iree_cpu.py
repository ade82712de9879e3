"""IREE's compiler for CPUs, and its runtime on one thread."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Arrays, Artifact, Session, Unsupported

PHASES = "phases"
DISPATCH = re.compile(r"flow\.dispatch @[^:\s]+::@([^\[(\s]+)")
CONTROL_FLOW = re.compile(r"\b(scf\.(?:if|for|while)|cf\.cond_br)\b")
# A dispatch region is named after the function, its number, the operator at its root, and the sizes and dtypes there.
KIND = re.compile(r"_dispatch_\d+_([a-z].*?)(?=_(?:D|\d+)(?:x|_|$)|$)")
WITHOUT_NAME = "other"
# Without this an input in float64 is taken for one in float32.
KEEP_FLOAT64 = "--iree-input-demote-f64-to-f32=false"
# IREE 3.13.0 compiles circular padding for ever: https://github.com/iree-org/iree/issues/24585. This goes when a newer
# one compiles it.
ENDLESS = re.compile(r'"onnx\.Pad"[^\n]*torch\.onnx\.mode = "wrap"')
NOT_LEGALIZED = re.compile(r"error: (failed to legalize operation '[\w.]+'[^\n]*)(?:\n(?:.*\n)*?.*(\"onnx\.\w+\"))?")


class IreeSession:
    def __init__(self, module: bytes, artifact: Artifact) -> None:
        import iree.runtime

        context = iree.runtime.SystemContext(config=iree.runtime.Config("local-sync"))
        context.add_vm_module(iree.runtime.VmModule.copy_buffer(context.instance, module))
        functions = context.modules.module
        (name,) = (name for name in functions.vm_module.function_names if not name.startswith("__") and "$" not in name)
        self._call: Any = functions[name]
        self._inputs = tuple(spec.name for spec in artifact.inputs)
        self._outputs = artifact.outputs

    def run(self, inputs: Arrays) -> Arrays:
        result = self._call(*(inputs[name] for name in self._inputs))
        results = result if isinstance(result, (tuple, list)) else (result,)
        return {name: np.asarray(value.to_host()) for name, value in zip(self._outputs, results, strict=True)}


class IreeCpu:
    name = "iree_cpu"
    environment = "iree"
    accepts = ("iree_mlir",)
    compiles_to = "iree_vmfb"
    on_demand = True
    operators_from = "dispatches of the compiler's flow phase, each by the operator at its root"

    def compile(self, artifact: Artifact) -> Artifact:
        from iree.compiler import CompilerToolError, compile_str

        if ENDLESS.search(artifact.model):
            raise RuntimeError("Pad in mode wrap is not given to iree-compile, which does not come to an end with it")
        with tempfile.TemporaryDirectory() as folder:
            try:
                module = compile_str(
                    artifact.model,
                    target_backends=["llvm-cpu"],
                    input_type="onnx",
                    extra_args=[
                        "--iree-llvmcpu-target-cpu=host",
                        KEEP_FLOAT64,
                        f"--dump-compilation-phases-to={folder}",
                    ],
                )
            except CompilerToolError as problem:
                refusal = NOT_LEGALIZED.search(str(problem))
                if refusal is None:
                    raise
                raise Unsupported(f"IREE: {' '.join(filter(None, refusal.groups()))}") from problem
            (flow,) = Path(folder).glob("*.flow.mlir")
            operators = dispatched(flow.read_text(encoding="utf-8"))
        return artifact.converted(self.compiles_to, module).with_operators(operators)

    def load(self, artifact: Artifact) -> Session:
        return IreeSession(artifact.model, artifact)


def dispatched(flow: str) -> Mapping[str, int]:
    """Return how many dispatches there are, by kind: "dispatch.matmul", and the branches and loops around them."""
    kinds = (KIND.search(name) for name in DISPATCH.findall(flow))
    counts = Counter(f"dispatch.{kind[1] if kind else WITHOUT_NAME}" for kind in kinds)
    counts.update(CONTROL_FLOW.findall(flow))
    return dict(counts)


COMPONENT = IreeCpu()
