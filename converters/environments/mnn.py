"""MNN, with its converter."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="mnn",
    python="3.11",
    packages=(
        "mnn==3.6.1",
        "onnx==1.23.2",
        "tflite==2.18.0",
        "numpy==2.4.6",
    ),
    constraints=(
        "flatbuffers==25.12.19",
        "ml-dtypes==0.6.0",
        "protobuf==7.36.2",
        "typing-extensions==4.16.0",
    ),
    probe=(
        "MNN",
        "_tools",
        "onnx",
        "tflite",
    ),
)
