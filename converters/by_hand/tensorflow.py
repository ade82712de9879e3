"""TensorFlow and its exporters, as somebody calls them who has no nnparity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def traced(model: Any, specs: dict[str, tuple[list[int | None], str]]) -> Any:
    import tensorflow as tf

    return tf.function(model, input_signature=[tf.TensorSpec(*spec, name) for name, spec in specs.items()])


def owner_of(function: Any) -> Any:
    import tensorflow as tf

    owner = tf.Module()  # who has no owner of the variables gets a file without names
    owner.captured = list(function.graph.variables)
    return owner


def called(call: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    import tensorflow as tf

    return {name: np.asarray(given) for name, given in call(*map(tf.constant, inputs.values())).items()}


def tensorflow_eager(model: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return called(model, inputs)


def tensorflow_function(model: Any, specs: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return called(traced(model, specs), inputs)


def by_tf2onnx(opset: int, model: Any, specs: Any, target: Path) -> None:
    import logging

    import onnx
    import tf2onnx

    class Raising(logging.Handler):  # tf2onnx logs what goes wrong, and leaves an operator of TensorFlow's in the model
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and record.exc_info[1]:
                raise record.exc_info[1]

    logging.getLogger("tf2onnx").addHandler(Raising(logging.ERROR))
    function = traced(model, specs)
    made, _ = tf2onnx.convert.from_function(function, input_signature=function.input_signature, opset=opset)
    onnx.save(made, target / "model.onnx")
    onnx.checker.check_model(made, full_check=True)
    more = len({one.name for one in made.graph.input} - set(specs))
    if more:
        raise ValueError(
            f"tf2onnx wrote {more} inputs besides {sorted(specs)}: it makes an input of a constant that the "
            "function captures as an eager tensor; keep constants as tf.Variable or NumPy arrays"
        )


def onnx_from_tensorflow(model: Any, specs: Any, target: Path) -> None:
    by_tf2onnx(18, model, specs, target)


def onnx13_from_tensorflow(model: Any, specs: Any, target: Path) -> None:
    by_tf2onnx(13, model, specs, target)


def tflite_from_tensorflow(model: Any, specs: Any, target: Path) -> None:
    import tensorflow as tf

    function = traced(model, specs).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], owner_of(function))
    (target / "model.tflite").write_bytes(converter.convert())


def saved_model_from_tensorflow(model: Any, specs: Any, target: Path) -> None:
    import tensorflow as tf

    function = traced(model, specs).get_concrete_function()
    tf.saved_model.save(owner_of(function), str(target / "model"), signatures={"serving_default": function})
