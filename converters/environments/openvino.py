"""OpenVINO, with what reads ONNX models for it; its telemetry takes CI for a wish to be silent."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="openvino",
    python="3.11",
    packages=(
        "openvino==2026.4.1",
        "onnx==1.23.2",
        "numpy==2.4.6",
    ),
    constraints=(
        "ml-dtypes==0.6.0",
        "openvino-telemetry==2025.2.0",
        "protobuf==7.36.2",
        "typing-extensions==4.16.0",
    ),
    variables={"CI": "true"},
    probe=(
        "openvino",
        "onnx",
    ),
)
