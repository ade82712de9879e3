"""TVM 0.27 with Relax, and the readers of its front ends; its package has the same name as the last one with Relay."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="tvm_relax",
    python="3.11",
    packages=(
        "apache-tvm==0.27.0.post1",
        "torch==2.13.0",
        "onnx==1.23.2",
        "numpy==2.4.6",
    ),
    constraints=(
        # With 0.1.15.post1 and .post2, which the wheel allows, saving any module as JSON is a segmentation fault.
        "apache-tvm-ffi==0.1.14.post1",
        "filelock==4.2.11",
        "fsspec==2026.9.0",
        "jinja2==3.1.6",
        "markupsafe==3.0.4",
        "ml-dtypes==0.6.0",
        "mpmath==1.3.0",
        "networkx==3.6.1",
        "protobuf==7.36.2",
        "setuptools==84.2.1",
        "sympy==1.14.0",
        "typing-extensions==4.16.0",
    ),
    variables={"TVM_NUM_THREADS": "1"},
    probe=(
        "tvm.relax",
        "tvm.relax.frontend.torch",
        "tvm.relax.frontend.onnx",
        "torch",
        "onnx",
    ),
)
