"""ONNX Runtime for CPUs."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="onnxruntime",
    python="3.11",
    packages=(
        "onnxruntime==1.31.1",
        "onnxruntime-extensions==0.15.2",
        "onnx==1.23.2",
        "numpy==2.4.6",
    ),
    constraints=(
        "flatbuffers==25.12.19",
        "ml-dtypes==0.6.0",
        "packaging==26.3",
        "protobuf==7.36.2",
        "typing-extensions==4.16.0",
    ),
    probe=(
        "onnxruntime",
        "onnxruntime_extensions",
        "onnx",
    ),
)
