"""LiteRT's interpreter, as somebody calls it who has no nnparity."""

from __future__ import annotations

from pathlib import Path

import numpy as np

Given = dict[str, np.ndarray]
NOT_SHOWN = {
    "at what is in memory": "nnparity does not let the delegate do it; what it would do differs each time",
    # The same, where the size is one that no memory has.
    "failed to get resize output tensor": "the delegate takes for a size what is in memory, which differs each time",
}


def ran(resolver: str, source: Path, inputs: Given) -> Given:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    chosen = OpResolverType[resolver]
    interpreter = Interpreter(str(source / "model.tflite"), num_threads=1, experimental_op_resolver_type=chosen)
    results: Given = interpreter.get_signature_runner()(**inputs)
    return results


def litert_xnnpack(source: Path, inputs: Given) -> Given:
    return ran("BUILTIN", source, inputs)


def litert_builtin(source: Path, inputs: Given) -> Given:
    return ran("BUILTIN_WITHOUT_DEFAULT_DELEGATES", source, inputs)
