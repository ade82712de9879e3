"""TVM imported for this suite: quiet, and without the lookups that cost time and change nothing."""

from __future__ import annotations

import functools
import logging
from typing import Any


@functools.cache
def relay() -> Any:
    """Return tvm.relay, set up once for this process.

    The advice to tune operators and to use other layouts is muted. `libinfo` is asked once and not once for every axis
    of every operator lowered: TVM 0.19 reads all its build flags over the C interface to see whether INDEX_DEFAULT_I64
    is on, which is a third of the time of a build. The flags of a loaded library do not change, so the answer is the
    same.
    """
    from tvm import relay as module
    from tvm.relay.backend import te_compiler

    for name in ("autotvm", "strategy"):
        logging.getLogger(name).setLevel(logging.ERROR)
    te_compiler.libinfo = functools.cache(te_compiler.libinfo)
    return module
