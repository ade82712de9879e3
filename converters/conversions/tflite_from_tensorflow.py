"""TensorFlow's own TFLite converter, for the operators that TFLite has built in and for custom ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from nnparity.contracts import Artifact, Unsupported
from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"

# The converter's own error codes for an operator that TFLite lacks; every other code is a failure.
NOT_HANDLED = frozenset({"ERROR_NEEDS_FLEX_OPS", "ERROR_NEEDS_CUSTOM_OPS", "ERROR_UNSUPPORTED_CONTROL_FLOW_V1"})
# What it says, without a code, of a recurrence in a dtype that its lists of tensors do not take.
NO_DTYPE = re.compile(r"'tf\.TensorList\w+' op requires element_dtype to be [^\n]*")


class TFLiteFromTensorFlow:
    name = "tflite_from_tensorflow"
    environment = "tensorflow"
    source = "tensorflow"
    target = "tflite"

    def convert(self, artifact: Artifact) -> Artifact:
        import tensorflow as tf
        from tensorflow.lite.python.convert_phase import ConverterError

        support = load_file(SUPPORT / "tensorflow_function.py")
        function = support.traced(artifact)
        # A file gets no signature, and so no names, unless the converter is given an owner of every variable.
        owner = tf.Module()
        owner.captured = list(function.graph.variables)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], owner)
        custom = load_file(SUPPORT / "custom_operator.py")
        ours = {custom.tensorflow_name(operator) for operator in custom.operators()}
        converter.allow_custom_ops = any(operation.type in ours for operation in function.graph.get_operations())
        try:
            model = converter.convert()
        except ConverterError as error:
            words = [data.error_message.splitlines()[0] for data in error.errors if code_of(data) in NOT_HANDLED]
            words += NO_DTYPE.findall(str(error))
            if words:
                raise Unsupported("; ".join(words)) from error
            raise
        return artifact.converted("tflite", model)


def code_of(data: Any) -> str:
    """Return the name of the code of one of a ConverterError's errors."""
    field = type(data).DESCRIPTOR.fields_by_name["error_code"]
    return str(field.enum_type.values_by_number[data.error_code].name)


COMPONENT = TFLiteFromTensorFlow()
