"""PPQ's executor of ONNX models, as somebody calls it who has no nnparity."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def ppq_torch_executor(source: Path, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    import torch
    from ppq.api import load_onnx_graph
    from ppq.executor import TorchExecutor

    torch.set_num_threads(1)
    executor = TorchExecutor(graph=load_onnx_graph(str(source / "model.onnx")), device="cpu")
    given = {name: torch.tensor(array) for name, array in inputs.items()}
    try:
        results = executor.forward(inputs=given, output_names=outputs)
    except RuntimeError as problem:  # it names the node, and keeps what went wrong in the cause
        raise RuntimeError(f"{problem}: {problem.__cause__}") from problem
    return {name: result.numpy() for name, result in zip(outputs, results, strict=True)}
