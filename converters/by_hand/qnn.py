"""Qualcomm's plugin for ONNX Runtime, as somebody calls it who has no nnparity."""

from __future__ import annotations

from pathlib import Path

import numpy as np

Given = dict[str, np.ndarray]


def ran(backend: str, settings: dict[str, str], source: Path, inputs: Given, outputs: list[str]) -> Given:
    import onnxruntime
    import onnxruntime_qnn

    library, options = onnxruntime_qnn.get_library_path(), onnxruntime.SessionOptions()
    onnxruntime.register_execution_provider_library("QNNExecutionProvider", library)
    devices = [one for one in onnxruntime.get_ep_devices() if one.ep_name == "QNNExecutionProvider"]
    given = {"backend_path": str(Path(library).parent / backend), **settings}
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_provider_for_devices(devices[:1], given)
    session = onnxruntime.InferenceSession((source / "model.onnx").read_bytes(), options, enable_fallback=0)
    return dict(zip(outputs, session.run(outputs, inputs), strict=True))


def qnn_cpu(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return ran("libQnnCpu.so", {}, source, inputs, outputs)


def qnn_htp_emulator(source: Path, inputs: Given, outputs: list[str]) -> Given:
    return ran("libQnnHtp.so", {"htp_arch": "75", "soc_model": "60"}, source, inputs, outputs)
