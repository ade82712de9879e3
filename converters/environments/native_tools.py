"""ONNX and NumPy, for runtimes whose program or library the user supplies."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="native_tools",
    python="3.11",
    packages=(
        "onnx==1.23.2",
        "numpy==2.4.6",
    ),
    constraints=(
        "ml-dtypes==0.6.0",
        "protobuf==7.36.2",
        "typing-extensions==4.16.0",
    ),
    probe=("onnx.reference",),
)
