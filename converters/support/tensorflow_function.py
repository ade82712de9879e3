"""The graph that every TensorFlow component works on: one trace of the root's module."""

from __future__ import annotations

import logging
from typing import Any

from nnparity.contracts import Artifact


def signature(artifact: Artifact) -> list[Any]:
    """Return one tf.TensorSpec an input, named as the artifact names it; an open axis is None."""
    import tensorflow as tf

    return [
        tf.TensorSpec([None if isinstance(size, str) else size for size in spec.shape], spec.dtype, name=spec.name)
        for spec in artifact.inputs
    ]


def as_function(artifact: Artifact) -> Any:
    """Return the module as a tf.function that is traced once, for every size of the open axes."""
    import tensorflow as tf

    tf.get_logger().setLevel(logging.ERROR)
    return tf.function(artifact.model, input_signature=signature(artifact))


def traced(artifact: Artifact) -> Any:
    """Return the module's tf.ConcreteFunction; its outputs are a dict by output name."""
    return as_function(artifact).get_concrete_function()
