"""ONNX Runtime with Qualcomm's plugin, in the only version whose wheel has the backend for CPUs (QAIRT 2.47)."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="qnn_cpu",
    python="3.11",
    packages=(
        "onnxruntime-qnn==2.3.0",
        # From 1.28 on it refuses this version of the plugin.
        "onnxruntime==1.27.0",
        "onnx==1.23.2",
        "numpy==2.4.6",
    ),
    constraints=(
        "coloredlogs==15.0.1",
        "flatbuffers==25.12.19",
        "humanfriendly==10.0",
        "ml-dtypes==0.6.0",
        "mpmath==1.3.0",
        "packaging==26.3",
        "protobuf==7.36.2",
        "sympy==1.14.0",
        "typing-extensions==4.16.0",
    ),
    probe=("onnxruntime_qnn", "onnx"),
)
