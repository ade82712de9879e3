"""OpenVINO beside a reader of TFLite files; its telemetry takes CI for a wish to be silent."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="openvino_tflite",
    python="3.11",
    packages=(
        "openvino==2026.4.1",
        "tflite==2.18.0",
        "numpy==2.4.6",
    ),
    constraints=(
        "flatbuffers==25.12.19",
        "ml-dtypes==0.6.0",
        "openvino-telemetry==2025.2.0",
        "typing-extensions==4.16.0",
    ),
    variables={"CI": "true"},
    probe=(
        "openvino",
        "tflite",
    ),
)
