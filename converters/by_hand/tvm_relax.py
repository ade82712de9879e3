"""TVM's Relax, as somebody calls it who has no nnparity."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

NOT_SHOWN = {
    "beyond its memory": "nnparity does not let TVM do it; what it would do differs each time",
    "what nobody has written": "nnparity does not let TVM do it; what it would do differs each time",
}


def save(module: Any, inputs: list[str], outputs: list[str], target: Path) -> None:
    import tvm

    (target / "module.json").write_text(tvm.ir.save_json(module))
    (target / "names.json").write_text(json.dumps({"inputs": inputs, "outputs": outputs}))


def relax_from_onnx(source: Path, target: Path) -> None:
    import onnx
    from tvm.relax.frontend.onnx import from_onnx

    model = onnx.load(source / "model.onnx")
    weights = {weight.name for weight in model.graph.initializer}
    inputs = [value.name for value in model.graph.input if value.name not in weights]
    module = from_onnx(model, keep_params_in_input=False)
    save(module, inputs, [value.name for value in model.graph.output], target)


def relax_from_exported_program(source: Path, specs: Any, outputs: list[str], target: Path) -> None:
    import torch
    from tvm.relax.frontend.torch import from_exported_program

    program = torch.export.load(source / "model.pt2")
    save(from_exported_program(program, unwrap_unit_return_tuple=True), list(specs), outputs, target)


def relax_vm(source: Path, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    import tvm
    from tvm import relax

    names = json.loads((source / "names.json").read_text())
    executable = tvm.compile(tvm.ir.load_json((source / "module.json").read_text()), target="llvm")
    given = [tvm.runtime.tensor(np.ascontiguousarray(inputs[name])) for name in names["inputs"]]
    results = relax.VirtualMachine(executable, tvm.cpu())["main"](*given)
    results = [results] if isinstance(results, tvm.runtime.Tensor) else results
    return {name: result.numpy() for name, result in zip(names["outputs"], results, strict=True)}
