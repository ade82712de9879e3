"""PyTorch's own exporters and interpreters, as somebody calls them who has no nnparity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def torch_model(build: Any, config: Any, weights: Any) -> Any:
    import torch

    given = {name: one.astype(one.dtype.name.replace("bfloat16", "float32")) for name, one in weights.items()}
    module = build(config, given).eval()
    return module.to(torch.bfloat16) if config["dtype"] == "bfloat16" else module


def tensors(arrays: dict[str, np.ndarray]) -> tuple[Any, ...]:
    import torch

    wide = [(torch.tensor(one.astype(one.dtype.name.replace("bfloat16", "float32"))), one) for one in arrays.values()]
    return tuple(tensor.to(getattr(torch, one.dtype.name)) for tensor, one in wide)


def called(call: Any, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    import torch

    torch.set_num_threads(1)
    with torch.inference_mode():
        given = call(*tensors(inputs))
    given = given if isinstance(given, (tuple, list)) else [given]
    arrays = [one.float().numpy().astype("bfloat16") if one.dtype == torch.bfloat16 else one.numpy() for one in given]
    return dict(zip(outputs, arrays, strict=True))


def dynamic_shapes(example: dict[str, np.ndarray], axes: dict[str, dict[int, str]]) -> Any:
    import torch

    dims = {name: torch.export.Dim(name) for found in axes.values() for name in found.values()}
    return tuple({place: dims[name] for place, name in axes.get(one, {}).items()} for one in example) if axes else None


def torch_eager(model: Any, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    return called(model, inputs, outputs)


def onnx_from_torch(model: Any, example: Any, axes: Any, outputs: list[str], target: Path) -> None:
    import torch

    names, shapes = list(example), dynamic_shapes(example, axes)
    program = torch.onnx.export(
        model, tensors(example), input_names=names, output_names=outputs, dynamic_shapes=shapes, verbose=False
    )
    (target / "model.onnx").write_bytes(program.model_proto.SerializeToString())


def legacy(model: Any, example: Any, axes: Any, outputs: list[str], **given: Any) -> None:
    import torch

    names = {"input_names": list(example), "output_names": outputs, "dynamic_axes": axes}
    torch.onnx.export(model, tensors(example), dynamo=False, **names, **given)


def onnx_from_torch_legacy(model: Any, example: Any, axes: Any, outputs: list[str], target: Path) -> None:
    legacy(model, example, axes, outputs, f=target / "model.onnx", opset_version=17)


def onnx13_from_torch_legacy(model: Any, example: Any, axes: Any, outputs: list[str], target: Path) -> None:
    legacy(model, example, axes, outputs, f=target / "model.onnx", opset_version=13)


def torchscript_from_torch(model: Any, example: Any, target: Path) -> None:
    import torch

    torch.jit.save(torch.jit.trace(model, tensors(example), check_trace=False), target / "model.pt")


def torchscript_frozen(source: Path, target: Path) -> None:
    import torch

    torch.jit.save(torch.jit.freeze(torch.jit.load(source / "model.pt")), target / "model.pt")


def libtorch_cpu(source: Path, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    import torch

    return called(torch.jit.load(source / "model.pt"), inputs, outputs)


def libtorch_cpu_optimized(source: Path, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    import torch

    return called(torch.jit.optimize_for_inference(torch.jit.load(source / "model.pt")), inputs, outputs)


def exported_program_from_torch(model: Any, example: Any, axes: Any, target: Path) -> None:
    import torch

    program = torch.export.export(model, tensors(example), dynamic_shapes=dynamic_shapes(example, axes))
    torch.export.save(program, target / "model.pt2")


def exported_program_cpu(source: Path, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    import torch

    return called(torch.export.load(source / "model.pt2").module(), inputs, outputs)


def inductor_cpu(source: Path, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    import tempfile

    import torch
    import torch._inductor

    torch.set_num_threads(1)
    package = str(Path(tempfile.mkdtemp(), "model.pt2"))
    program = torch.export.load(source / "model.pt2")
    torch._inductor.aoti_compile_and_package(program, package_path=package, inductor_configs={"cpp.threads": 1})
    return called(torch._inductor.aoti_load_package(package), inputs, outputs)


def tflite_from_torch(model: Any, example: Any, outputs: list[str], target: Path) -> None:
    import litert_torch
    import torch

    class Named(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = model

        def forward(self, **inputs: Any) -> Any:
            given = self.module(*(inputs[name] for name in example))
            return dict(zip(outputs, [given] if isinstance(given, torch.Tensor) else given, strict=True))

    given = dict(zip(example, tensors(example), strict=True))
    (target / "model.tflite").write_bytes(litert_torch.convert(Named().eval(), sample_kwargs=given).model_content())
