"""MNN's converter and its engine, as somebody calls them who has no nnparity."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

NOT_SHOWN = {"may give what an earlier run left": "nnparity does not let MNN do it; what it would do differs each time"}
EXACT = ("--useGeluApproximation", "0", "--alignDenormalizedValue", "0")


def mnnconvert(framework: str, model: Path, target: Path, *flags: str) -> None:
    import shutil
    import signal
    import subprocess
    import sys

    (target / "model.mnn").unlink(missing_ok=True)
    shutil.copy(model, target)  # whether it crashes may hang on how long the names are
    program = "import sys, _tools; _tools.mnnconvert(['mnnconvert', *sys.argv[1:]])"
    given = ["-f", framework, "--modelFile", model.name, "--MNNModel", "model.mnn", "--bizCode", "x", *flags]
    command = [sys.executable, "-I", "-c", program, *given]
    ran = subprocess.run(command, cwd=target, capture_output=True, text=True, errors="replace", check=False)
    said = f"{ran.stdout}{ran.stderr}".replace("\n", " | ")
    if ran.returncode < 0:
        raise RuntimeError(f"mnnconvert crashed ({signal.Signals(-ran.returncode).name}): {said}")
    if not (target / "model.mnn").exists():
        raise RuntimeError(f"mnnconvert wrote no file: {said}")


def names(layout: str, inputs: dict[str, str], outputs: dict[str, str], target: Path) -> None:
    described = {"layout": layout, "inputs": inputs, "outputs": outputs}
    (target / "names.json").write_text(json.dumps(described), encoding="utf-8")


def mnn_from_onnx(source: Path, specs: Any, outputs: list[str], target: Path) -> None:
    mnnconvert("ONNX", source / "model.onnx", target, *EXACT)
    names("NCHW", {name: name for name in specs}, {name: name for name in outputs}, target)


def mnn_from_onnx_default(source: Path, specs: Any, outputs: list[str], target: Path) -> None:
    mnnconvert("ONNX", source / "model.onnx", target)
    names("NCHW", {name: name for name in specs}, {name: name for name in outputs}, target)


def mnn_from_tflite(source: Path, specs: Any, outputs: list[str], target: Path) -> None:
    import tflite

    mnnconvert("TFLITE", source / "model.tflite", target, *EXACT)
    model = tflite.Model.GetRootAsModel((source / "model.tflite").read_bytes(), 0)
    graph, signature = model.Subgraphs(0), model.SignatureDefs(0)
    ends = [signature.Inputs(i) for i in range(len(specs))] + [signature.Outputs(i) for i in range(len(outputs))]
    found = {end.Name().decode(): graph.Tensors(end.TensorIndex()).Name().decode() for end in ends}
    names("NHWC", {name: found[name] for name in specs}, {name: found[name] for name in outputs}, target)


def mnn_cpu(source: Path, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    from MNN import expr, nn

    found = json.loads((source / "names.json").read_text(encoding="utf-8"))
    layout, ends = getattr(expr, found["layout"]), [list(found[end].values()) for end in ("inputs", "outputs")]
    manager = nn.create_runtime_manager(({"backend": 0, "precision": "high", "numThread": 1},))
    module = nn.load_module_from_file(str(source / "model.mnn"), *ends, runtime_manager=manager)
    given = []
    for array in (inputs[name] for name in found["inputs"]):
        whole = array.dtype.kind in "biu"
        given.append(expr.placeholder(list(array.shape), layout, expr.int if whole else expr.float))
        given[-1].write(np.array(array, np.int32 if whole else np.float32, order="C"))
    results = module.forward(given)
    if len(results) != len(outputs):
        raise RuntimeError(
            f"MNN gives {len(results)} outputs, expected {len(outputs)}; what it says is on its error stream"
        )
    results = [expr.convert(one, layout) if one.data_format == expr.NC4HW4 else one for one in results]
    return {name: np.array(one.read()).reshape(one.shape) for name, one in zip(outputs, results, strict=True)}
