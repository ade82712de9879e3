"""TensorRT for RTX, NVIDIA's only TensorRT whose wheels hold its libraries; it compiles without a GPU."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="tensorrt_rtx",
    python="3.11",
    packages=(
        "tensorrt-rtx-cu12==1.7.1.116",
        "onnx==1.23.2",
        "numpy==2.4.6",
    ),
    constraints=(
        "ml-dtypes==0.6.0",
        "protobuf==7.36.2",
        "tensorrt-rtx-cu12-bindings==1.7.1.116",
        "tensorrt-rtx-cu12-libs==1.7.1.116",
        "typing-extensions==4.16.0",
    ),
    probe=("tensorrt_rtx", "onnx"),
)
