"""A setting taken for another: an axis, an epsilon, a kind of mask, a dropped option."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from nnparity.contracts import Arrays, Config

NOT_SETTINGS = ("batch", "dtype")
TRIED = 8


def faults(given: Any) -> Iterator[tuple[str, Callable[[], Arrays]]]:
    """Yield, for every setting, the layer computed with each value that it has elsewhere.

    Words and switches are faults one by one; any other number is the same fault as the next one.
    """
    for key, mine in given.config.items():
        if key in NOT_SETTINGS:
            continue
        for other in [value for value in given.values[key] if value != mine][:TRIED]:
            named = isinstance(mine, str | bool)
            yield f"{key}={mine} taken for {other}" if named else f"another {key}", _planting(given, key, other)


def _planting(given: Any, key: str, other: Any) -> Callable[[], Arrays]:
    config: Config = {**given.config, key: other}
    return lambda: given.with_fault(config=config)
