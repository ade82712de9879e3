"""torch-mlir, which writes MLIR dialects from PyTorch."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="torch_mlir",
    python="3.11",
    packages=(
        "torch-mlir==20261001",
        "torch==2.13.0",
        "numpy==2.4.6",
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
        "setuptools==84.2.1",
        "sympy==1.14.0",
        "typing-extensions==4.16.0",
    ),
    probe=("torch_mlir.fx",),
)
