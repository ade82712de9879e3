"""TensorRT for RTX's parser and compiler, as somebody calls them who has no nnparity; no engine is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def engine(source: Path, *, exact: bool) -> dict[str, np.ndarray]:
    import tensorrt_rtx

    said = []

    class Log(tensorrt_rtx.ILogger):
        def __init__(self) -> None:
            tensorrt_rtx.ILogger.__init__(self)

        def log(self, severity: Any, text: str) -> None:
            if severity in {tensorrt_rtx.ILogger.ERROR, tensorrt_rtx.ILogger.INTERNAL_ERROR}:
                said.append(text)

    log = Log()
    builder = tensorrt_rtx.Builder(log)
    network, settings = builder.create_network(0), builder.create_builder_config()
    parsed = tensorrt_rtx.OnnxParser(network, log).parse((source / "model.onnx").read_bytes())
    settings.num_compute_capabilities = 4
    for place, target in enumerate(("SM80", "SM86", "SM89", "SM120")):
        settings.set_compute_capability(getattr(tensorrt_rtx.ComputeCapability, target), place)
    if exact:
        settings.clear_flag(tensorrt_rtx.BuilderFlag.TF32)
        settings.set_flag(tensorrt_rtx.BuilderFlag.STRICT_NANS)
    if not parsed or builder.build_serialized_network(network, settings) is None:
        raise RuntimeError(f"TensorRT: {'; '.join(said)}")
    return {}


def tensorrt_rtx(source: Path) -> dict[str, np.ndarray]:
    return engine(source, exact=True)


def tensorrt_rtx_default(source: Path) -> dict[str, np.ndarray]:
    return engine(source, exact=False)
