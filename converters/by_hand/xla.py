"""torch-mlir and XLA's compiler for CPUs, as somebody calls them who has no nnparity."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def stablehlo_from_exported_program(source: Path, target: Path) -> None:
    import re

    import torch
    from torch_mlir import fx, ir
    from torch_mlir.compiler_utils import TorchMlirCompilerError
    from torch_mlir.dialects.torch import register_dialect
    from torch_mlir.extras.fx_importer import FxImporter

    program, context, said = torch.export.load(source / "model.pt2"), ir.Context(), []
    register_dialect(context)
    context.attach_diagnostic_handler(lambda one: said.append(one.message) is None)
    given = {"output_type": "stablehlo", "func_name": "main", "fx_importer": FxImporter(context=context)}
    try:
        text = str(fx.export_and_import(program, **given))
    except TorchMlirCompilerError as problem:  # which leaves out what is wrong
        raise RuntimeError(f"torch-mlir: {said or problem}") from problem
    body, _, resources = text.partition("{-#")  # XLA takes no resources
    values = dict(re.findall(r'([\w.$-]+): "0x([0-9A-Fa-f]+)"', resources))
    body = re.sub(r"dense_resource<([\w.$-]+)>", lambda use: f'dense<"0x{values[use[1]][8:]}">', body)
    (target / "model.mlir").write_text(body)


def stablehlo_xla_cpu(source: Path, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    import jax
    from jax._src import compiler, xla_bridge
    from jax._src.interpreters import mlir
    from jax._src.lib.mlir import ir
    from jaxlib import _jax

    options = compiler.get_compile_options(num_replicas=1, num_partitions=1)
    backend, devices = xla_bridge.get_backend("cpu"), _jax.DeviceList(tuple(jax.devices("cpu")))
    with mlir.make_ir_context(), ir.Location.unknown():
        module = ir.Module.parse((source / "model.mlir").read_text())
        executable = backend.compile_and_load(module, devices, options)
    with jax.enable_x64(True):
        given = [jax.device_put(array) for array in inputs.values()]
    results = executable.execute_sharded(given).disassemble_into_single_device_arrays()
    return {name: np.asarray(on_device[0]) for name, on_device in zip(outputs, results, strict=True)}
