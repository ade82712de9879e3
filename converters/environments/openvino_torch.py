"""OpenVINO beside PyTorch, for models that it converts from memory; its telemetry takes CI for a wish to be silent."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="openvino_torch",
    python="3.11",
    packages=(
        "openvino==2026.4.1",
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
        "openvino-telemetry==2025.2.0",
        "packaging==26.3",
        "setuptools==84.2.1",
        "sympy==1.14.0",
        "typing-extensions==4.16.0",
    ),
    variables={"CI": "true"},
    probe=(
        "openvino",
        "torch",
    ),
)
