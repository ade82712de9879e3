"""Keeps equal parts of many outcomes once: a run of 86,000 checks says the same few hundred things over and over."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from nnparity.outcome import Outcome

Value = TypeVar("Value")


@dataclass
class Shared:
    """What has been seen, by what it says."""

    _seen: dict[Hashable, Any] = field(default_factory=dict)

    def outcome(self, one: Outcome) -> Outcome:
        """Return an equal outcome whose texts, config and counts are an earlier one's wherever they are equal."""
        return replace(
            one,
            case=self._once(one.case),
            layer=self._once(one.layer),
            path=self._once(one.path),
            known=self._once(one.known),
            component=self._once(one.component),
            relation=self._once(one.relation),
            open_axes=self._once(one.open_axes),
            detail=self._once(one.detail),
            config=self._mapping(one.config),
            op_counts=self._mapping({step: self._mapping(one.op_counts[step]) for step in one.op_counts}, id),
            op_total=self._mapping(one.op_total),
            seconds=self._mapping(one.seconds),
        )

    def _once(self, value: Value) -> Value:
        """Return the first value that equals this one and is of its kind: 1 and True are not the same answer."""
        return self._seen.setdefault((type(value), value), value)  # type: ignore[no-any-return]

    def _mapping(self, value: Mapping[str, Value], said: Callable[[Value], Hashable] = repr) -> Mapping[str, Value]:
        key = (said, tuple(value), tuple(map(said, value.values())))
        if key not in self._seen:
            self._seen[key] = {self._once(name): one for name, one in value.items()}
        return self._seen[key]  # type: ignore[no-any-return]
