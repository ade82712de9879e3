"""LiteRT, the interpreter of TFLite files."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="litert",
    python="3.11",
    packages=(
        "ai-edge-litert==2.3.0",
        "tflite==2.18.0",
        "numpy==2.4.6",
    ),
    constraints=(
        "backports-strenum==1.3.1",
        "flatbuffers==25.12.19",
        "ml-dtypes==0.6.0",
        "protobuf==7.36.2",
        "tqdm==4.70.1",
        "typing-extensions==4.16.0",
    ),
    probe=(
        "ai_edge_litert.interpreter",
        "tflite",
    ),
)
