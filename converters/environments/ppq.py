"""PPQ, OpenPPL's quantiser, for the executor that it computes graphs with before it quantises them."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="ppq",
    python="3.11",
    packages=(
        "ppq==0.6.6",
        "torch==2.13.0",
        "onnx==1.17.0",
        "numpy==1.26.4",
    ),
    constraints=(
        "filelock==4.2.11",
        "fsspec==2026.9.0",
        "jinja2==3.1.6",
        "markupsafe==3.0.4",
        "ml-dtypes==0.5.4",
        "mpmath==1.3.0",
        "networkx==3.6.1",
        # PPQ's own message classes are generated for it: with a newer one `import ppq` fails.
        "protobuf==3.20.3",
        "setuptools==84.2.1",
        "sympy==1.14.0",
        "tqdm==4.70.1",
        "typing-extensions==4.16.0",
    ),
    probe=(
        "ppq",
        "torch",
        "onnx",
    ),
)
