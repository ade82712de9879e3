"""ExecuTorch's exporter and runtime, as somebody calls them who has no nnparity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def lowered(partitioner: list[Any], source: Path, target: Path) -> None:
    import torch
    from executorch.exir import to_edge_transform_and_lower

    program = torch.export.load(source / "model.pt2")
    edge = to_edge_transform_and_lower(program, partitioner=partitioner)
    (target / "model.pte").write_bytes(edge.to_executorch().buffer)


def executorch_from_exported_program(source: Path, target: Path) -> None:
    lowered([], source, target)


def executorch_from_exported_program_xnnpack(source: Path, target: Path) -> None:
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner

    lowered([XnnpackPartitioner()], source, target)


def executorch_cpu(source: Path, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
    import torch
    from executorch.extension.pybindings.portable_lib import _unsafe_reset_threadpool
    from executorch.runtime import Runtime

    _unsafe_reset_threadpool(1)
    wide = [torch.tensor(one.astype(one.dtype.name.replace("bfloat16", "float32"))) for one in inputs.values()]
    given = [tensor.to(getattr(torch, one.dtype.name)) for tensor, one in zip(wide, inputs.values(), strict=True)]
    content = (source / "model.pte").read_bytes()  # which the program does not keep
    program = Runtime.get().load_program(content)
    results = program.load_method("forward").execute(given)
    narrow = [one.dtype == torch.bfloat16 for one in results]
    arrays = [
        one.float().numpy().astype("bfloat16") if so else one.numpy() for one, so in zip(results, narrow, strict=True)
    ]
    return dict(zip(outputs, arrays, strict=True))
