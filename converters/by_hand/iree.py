"""IREE's importer, compiler and runtime, as somebody calls them who has no nnparity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

NOT_SHOWN = {"is not given to iree-compile": "nnparity does not let IREE do it; its compiler would not come to an end"}


def iree_from_onnx(source: Path, target: Path) -> None:
    from iree.compiler.tools.import_onnx.__main__ import main, parse_arguments

    given = [str(source / "model.onnx"), "-o", str(target / "model.mlir"), "--opset-version", "17"]
    main(parse_arguments(given))


def iree_cpu(source: Path, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    import iree.runtime
    from iree.compiler import compile_str

    flags = ["--iree-llvmcpu-target-cpu=host", "--iree-input-demote-f64-to-f32=false"]
    text: Any = (source / "model.mlir").read_text()
    module = compile_str(text, target_backends=["llvm-cpu"], input_type="onnx", extra_args=flags)
    context = iree.runtime.SystemContext(config=iree.runtime.Config("local-sync"))
    context.add_vm_module(iree.runtime.VmModule.copy_buffer(context.instance, module))
    functions = context.modules.module
    (name,) = (one for one in functions.vm_module.function_names if not one.startswith("__") and "$" not in one)
    results = functions[name](*inputs.values())
    results = results if isinstance(results, (tuple, list)) else [results]
    return {name: np.asarray(value.to_host()) for name, value in zip(outputs, results, strict=True)}
