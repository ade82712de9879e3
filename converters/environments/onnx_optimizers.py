"""The two optimisers of ONNX graphs, onnxsim and onnxslim, with ONNX Runtime, by which both fold constants."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="onnx_optimizers",
    python="3.11",
    packages=(
        "onnxsim==0.8.1",
        "onnxslim==0.1.98",
        "onnxruntime==1.31.1",
        "onnx==1.23.2",
        "numpy==2.4.6",
    ),
    constraints=(
        "colorama==0.4.6",
        "flatbuffers==25.12.19",
        "ml-dtypes==0.6.0",
        "mpmath==1.3.0",
        "packaging==26.3",
        "protobuf==7.36.2",
        "sympy==1.14.0",
        "typing-extensions==4.16.0",
    ),
    probe=(
        "onnxsim",
        "onnxslim",
        "onnxruntime",
        "onnx",
    ),
)
