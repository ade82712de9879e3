"""IREE's compiler, its importer of ONNX and its runtime."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="iree",
    python="3.11",
    packages=(
        "iree-base-compiler==3.13.0",
        "iree-base-runtime==3.13.0",
        "onnx==1.23.2",
        "numpy==2.4.6",
    ),
    constraints=(
        "ml-dtypes==0.6.0",
        "mpmath==1.3.0",
        "protobuf==7.36.2",
        "sympy==1.14.0",
        "typing-extensions==4.16.0",
    ),
    probe=(
        "iree.compiler",
        "iree.runtime",
        "onnx",
    ),
)
