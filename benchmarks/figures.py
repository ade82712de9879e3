"""What the benchmarks of nnparity report: figures with their targets, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured figure. at_most, at_least: its target, if it has one. parts: what it is made of, by name."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    parts: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def target(self) -> float | None:
        return self.at_most if self.at_most is not None else self.at_least

    @property
    def met(self) -> bool:
        """Whether the target is met; a figure without one meets it."""
        above = self.at_most is not None and self.value > self.at_most
        below = self.at_least is not None and self.value < self.at_least
        return not above and not below

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "at_most": self.at_most,
            "at_least": self.at_least,
            "met": self.met,
            "parts": dict(self.parts),
        }


def table(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield lines: each figure with its target and value / target, then what it is made of."""
    width = max(len(figure.name) for figure in figures)
    for figure in figures:
        line = f"{figure.name:{width}}  {figure.value:10.4g} {figure.unit}"
        if figure.target:
            said = "ok" if figure.met else "MISSED"
            sign = "at most" if figure.at_most is not None else "at least"
            line += f"  {sign} {figure.target:g}: {figure.value / figure.target:.2f} of it, {said}"
        elif figure.target == 0:
            line += f"  must be 0: {'ok' if figure.met else 'MISSED'}"
        yield line
        for name, part in figure.parts.items():
            yield f"{'':{width}}    {name}: {part if isinstance(part, str) else f'{part:.4g}'}"
