"""Takes the TFLite file on its standard input through tnn_from_tflite, saved and loaded, and prints what came out."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from nnparity.contracts import Artifact, TensorSpec, Unsupported
from nnparity.loading import load_file

converters = Path(sys.argv[1])
conversion = load_file(converters / "conversions" / "tnn_from_tflite.py")
representation = load_file(converters / "representations" / "tnn.py").REPRESENTATION
spec = TensorSpec("x", "float32", (3, 6, 1, 5))
artifact = Artifact("tflite", sys.stdin.buffer.read(), (spec,), ("y",), {})
try:
    made = conversion.COMPONENT.convert(artifact)
    with tempfile.TemporaryDirectory() as folder:
        representation.save(made.model, Path(folder))
        model = representation.load(Path(folder))
    answer = {
        "names": dict(model.names),
        "outputs": {name: [dtype, list(shape)] for name, (dtype, shape) in model.outputs.items()},
        "channels_last": model.channels_last,
        "operators": dict(representation.count(made)),
    }
except (RuntimeError, Unsupported) as error:
    answer = {"raised": type(error).__name__, "text": str(error)}
sys.stdout.write(json.dumps(answer))
