"""Qualcomm's plugin for ONNX Runtime, as somebody calls it who has no nnparity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

Given = dict[str, np.ndarray]


def loaded(backend: str, settings: dict[str, str], source: Path) -> Any:
    import onnxruntime
    import onnxruntime_qnn

    library, options = onnxruntime_qnn.get_library_path(), onnxruntime.SessionOptions()
    onnxruntime.register_execution_provider_library("QNNExecutionProvider", library)
    devices = [one for one in onnxruntime.get_ep_devices() if one.ep_name == "QNNExecutionProvider"]
    given = {"backend_path": str(Path(library).parent / backend), **settings}
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_provider_for_devices(devices[:1], given)
    return onnxruntime.InferenceSession((source / "model.onnx").read_bytes(), options, enable_fallback=0)


def ran(backend: str, settings: dict[str, str], source: Path, inputs: Given, outputs: list[str]) -> Given:
    session = loaded(backend, settings, source)
    return dict(zip(outputs, session.run(outputs, inputs), strict=True))


def qnn_cpu(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return ran("libQnnCpu.so", {}, source, inputs, outputs)


def qnn_htp_emulator(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return ran("libQnnHtp.so", {"htp_arch": "75", "soc_model": "60"}, source, inputs, outputs)


def dlc_from_onnx(source: Path, target: Path) -> None:
    import onnxruntime_qnn

    writer = Path(onnxruntime_qnn.get_library_path()).parent / "libQnnIr.so"
    settings = {"dump_qnn_ir_dlc": "1", "dump_qnn_ir_dlc_dir": str(target), "qnn_ir_backend_path": str(writer)}
    loaded("libQnnHtp.so", {"htp_arch": "75", "soc_model": "60", **settings}, source)
    (file,) = target.glob("*.dlc")
    file.rename(target / "model.dlc")
