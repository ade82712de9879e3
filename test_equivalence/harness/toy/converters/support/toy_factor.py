"""How to read the factor of a toy model."""

from __future__ import annotations

from typing import Any

import numpy as np


def factor_of(model: Any) -> np.ndarray:
    return np.array(model.factor)
