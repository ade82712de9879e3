"""TVM's Relay, as somebody calls it who has no nnparity."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

NOT_SHOWN = {
    "beyond its memory": "nnparity does not let TVM do it; what it would do differs each time",
    "which has no elements": "nnparity does not let TVM do it; what it would do differs each time",
}

Given = dict[str, np.ndarray]


def save(module: Any, params: Any, variables: dict[str, str], places: list[int], target: Path) -> None:
    import tvm
    from tvm import relay

    taken = {variable.name_hint for variable in relay.transform.InferType()(module)["main"].params}
    names = {"inputs": {name: one for name, one in variables.items() if one in taken}, "outputs": places}
    (target / "names.json").write_text(json.dumps(names))
    (target / "module.json").write_text(tvm.ir.save_json(module))
    (target / "params.bin").write_bytes(tvm.runtime.save_param_dict(params))


def relay_from_onnx(source: Path, example: Given, outputs: list[str], target: Path) -> None:
    import sys
    import types

    import onnx
    from onnx import helper
    from tvm import relay

    # TVM 0.19 imports a module that ONNX 1.19 removed.
    dtypes = {number: helper.tensor_dtype_to_np_dtype(number) for number in helper.get_all_tensor_dtypes()}
    mapping = types.ModuleType("onnx.mapping")
    mapping.TENSOR_TYPE_TO_NP_TYPE = {number: dtype for number, dtype in dtypes.items() if dtype.isbuiltin == 1}
    sys.modules["onnx.mapping"] = mapping
    model = onnx.load(source / "model.onnx")
    module, params = relay.frontend.from_onnx(model, {name: array.shape for name, array in example.items()})
    results = [result.name for result in model.graph.output]
    save(module, params, {name: name for name in example}, [results.index(name) for name in outputs], target)


def relay_from_tflite(source: Path, outputs: list[str], target: Path) -> None:
    import tflite
    from tvm import relay
    from tvm.relay.frontend.tflite import get_tensor_name

    model = tflite.Model.GetRootAsModel((source / "model.tflite").read_bytes(), 0)
    module, params = relay.frontend.from_tflite(model)
    graph, signature = model.Subgraphs(0), model.SignatureDefs(0)
    ends = [signature.Inputs(place) for place in range(signature.InputsLength())]
    variables = {end.Name().decode(): get_tensor_name(graph, end.TensorIndex()) for end in ends}
    ends = [signature.Outputs(place) for place in range(signature.OutputsLength())]
    places = {end.Name().decode(): list(graph.OutputsAsNumpy()).index(end.TensorIndex()) for end in ends}
    save(module, params, variables, [places[name] for name in outputs], target)


def relay_from_torchscript(source: Path, example: Given, outputs: list[str], target: Path) -> None:
    import torch
    from tvm import relay

    given = [(name, (array.shape, array.dtype.name)) for name, array in example.items()]
    floats = [dtype for _, (_, dtype) in given if "float" in dtype]
    model = torch.jit.load(source / "model.pt", map_location="cpu")
    module, params = relay.frontend.from_pytorch(model, given, default_dtype=[*floats, "float32"][0])
    save(module, params, {name: name for name in example}, list(range(len(outputs))), target)


def compiled(level: int, source: Path, inputs: Given, outputs: list[str]) -> Given:
    import tvm
    from tvm import relay

    names, text = json.loads((source / "names.json").read_text()), (source / "module.json").read_text()
    module = relay.transform.InferType()(tvm.ir.load_json(text))
    params = dict(tvm.runtime.load_param_dict((source / "params.bin").read_bytes()))
    kind = "vm" if any(word in str(module["main"]) for word in ("if (", "match", "?")) else "graph"
    with tvm.transform.PassContext(opt_level=level, config={"tir.disable_cse_tir": True}):
        run = relay.create_executor(kind, module, tvm.cpu(), "llvm", params).evaluate()
        results = run(**{variable: inputs[name] for name, variable in names["inputs"].items()})
    results = [results] if isinstance(results, tvm.nd.NDArray) else list(results)
    return {name: results[place].numpy() for name, place in zip(outputs, names["outputs"], strict=True)}


def relay_llvm_o0(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return compiled(0, source, inputs, outputs)


def relay_llvm_o1(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return compiled(1, source, inputs, outputs)


def relay_llvm_o2(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return compiled(2, source, inputs, outputs)


def relay_llvm_o3(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return compiled(3, source, inputs, outputs)
