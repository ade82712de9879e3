"""PyTorch with its ONNX exporters, TorchScript and torch.export."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="torch",
    python="3.11",
    packages=(
        "torch==2.13.0",
        "onnx==1.23.2",
        "onnxscript==0.7.2",
        "onnx-ir==1.1.0",
        "numpy==2.4.6",
        "hypothesis==6.170.15",
    ),
    constraints=(
        "filelock==4.2.11",
        "fsspec==2026.9.0",
        "jinja2==3.1.6",
        "markupsafe==3.0.4",
        "ml-dtypes==0.6.0",
        "mpmath==1.3.0",
        "networkx==3.6.1",
        "packaging==26.3",
        "protobuf==7.36.2",
        "setuptools==84.2.1",
        "sortedcontainers==2.4.0",
        "sympy==1.14.0",
        "typing-extensions==4.16.0",
    ),
    probe=(
        "torch",
        "onnx",
        "onnxscript",
    ),
)
