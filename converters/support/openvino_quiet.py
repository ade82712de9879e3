"""OpenVINO imported for this suite: without the telemetry that it sends when it is imported and when it converts."""

from __future__ import annotations

import functools
import sys
from typing import Any

TELEMETRY = "openvino_telemetry"


@functools.cache
def openvino() -> Any:
    """Return the module openvino, which has a stub of its own for where its telemetry is not installed.

    Raises RuntimeError if someone has imported the telemetry before.
    """
    if sys.modules.setdefault(TELEMETRY, None) is not None:
        raise RuntimeError(f"importing openvino: {TELEMETRY} is loaded; nothing may import openvino before this")
    import openvino as module

    return module
