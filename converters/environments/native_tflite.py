"""What reads TFLite files for programs that the user supplies."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="native_tflite",
    python="3.11",
    packages=(
        "tflite==2.18.0",
        "numpy==2.4.6",
    ),
    constraints=(
        "flatbuffers==25.12.19",
        "ml-dtypes==0.6.0",
    ),
    probe=("tflite",),
)
