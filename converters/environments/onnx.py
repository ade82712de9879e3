"""ONNX itself, for its reference evaluator."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="onnx",
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
