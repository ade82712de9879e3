"""Which of MNN's models give stale numbers for one element after a run with more, by the converter's JSON of them."""

from __future__ import annotations

import json
from typing import Any

# What reads a tensor where it lies, and not through a copy that an earlier run may have left.
READS_IN_PLACE = frozenset(("BinaryOp",))


def unsqueezes_input(text: str) -> bool:
    """Return whether an input of one axis is given another, and what comes of it is copied by the next operator.

    mnn 3.6.1 takes such a copy for done when the input goes from more elements to one: what follows reads what is left
    in memory, which is 0, garbage or the right number, as the process went before. text: from `as_json`.
    """
    operators: list[dict[str, Any]] = json.loads(text)["oplists"]
    kinds: dict[int, list[str]] = {}
    for one in operators:
        for place in one.get("inputIndexes", ()):
            kinds.setdefault(place, []).append(one["type"])
    vectors = {
        place
        for one in operators
        if one["type"] == "Input" and len(one["main"].get("dims", ())) == 1
        for place in one["outputIndexes"]
    }
    return any(
        kind not in READS_IN_PLACE
        for one in operators
        if one["type"] == "Unsqueeze" and one["inputIndexes"][0] in vectors
        for place in one["outputIndexes"]
        for kind in kinds.get(place, ())
    )
