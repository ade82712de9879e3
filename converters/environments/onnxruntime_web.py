"""ONNX Runtime for the web, in Node.js, and what reads models on this side."""

from nnparity.contracts import Environment

ENVIRONMENT = Environment(
    name="onnxruntime_web",
    python="3.11",
    packages=(
        "onnx==1.23.2",
        "numpy==2.4.6",
    ),
    constraints=(
        "ml-dtypes==0.6.0",
        "protobuf==7.36.2",
        "typing-extensions==4.16.0",
    ),
    probe=("onnx",),
    npm=(
        "onnxruntime-web@1.30.0",
        "onnxruntime-common@1.30.0",
        "@protobufjs/aspromise@1.1.2",
        "@protobufjs/base64@1.1.2",
        "@protobufjs/codegen@2.0.5",
        "@protobufjs/eventemitter@1.1.1",
        "@protobufjs/fetch@1.1.1",
        "@protobufjs/float@1.0.2",
        "@protobufjs/path@1.1.2",
        "@protobufjs/pool@1.1.0",
        "@protobufjs/utf8@1.1.2",
        "@types/node@26.6.6",
        "flatbuffers@25.9.23",
        "guid-typescript@1.0.9",
        "long@5.3.2",
        "platform@1.3.6",
        "protobufjs@7.6.6",
        "undici-types@8.9.0",
    ),
)
