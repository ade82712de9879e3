"""Paddle 2.6, the last one whose saved models Paddle Lite reads, X2Paddle that makes them of ONNX, and Paddle Lite."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="paddle",
    # Paddle Lite has wheels up to this one.
    python="3.10",
    packages=(
        "paddlepaddle==2.6.2",
        "x2paddle==1.6.0",
        "paddlelite==2.13rc0",
        "onnx==1.16.2",
        "numpy==1.26.4",
    ),
    constraints=(
        "anyio==4.16.0",
        "astor==0.8.1",
        "certifi==2026.10.18",
        "charset-normalizer==3.5.2",
        "decorator==5.3.1",
        "exceptiongroup==1.3.1",
        "h11==0.16.0",
        "httpcore==1.0.9",
        "httpx==0.28.1",
        "idna==3.20",
        "ml-dtypes==0.5.4",
        "mpmath==1.3.0",
        "opt-einsum==3.3.0",
        "packaging==26.3",
        "pillow==12.3.0",
        "protobuf==7.36.2",
        "pyyaml==6.0.3",
        "requests==2.34.2",
        # Imported without being asked for, as is six; newer ones have no pkg_resources.
        "setuptools==79.0.1",
        "six==1.17.0",
        "sympy==1.14.0",
        "typing-extensions==4.16.0",
        "urllib3==2.8.0",
    ),
    variables={"OMP_NUM_THREADS": "1", "FLAGS_paddle_num_threads": "1"},
    probe=(
        "paddle",
        "x2paddle.convert",
        "paddlelite.lite",
    ),
)
