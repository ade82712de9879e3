"""How many operators a layer becomes on each path, as converted and after the runtime's own optimisation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nnparity.facts import Facts
from nnparity.merging import canonical
from nnparity.op_counts import STYLES, UNCLAIMED
from nnparity.outcome import Outcome
from nnparity.pages import Recorded, Section

Chain = tuple[str, ...]
Counts = dict[str, int]


@dataclass(frozen=True)
class Segment:
    """The operators of one family. percent: of the widest bar of the table."""

    family: str
    style: str
    count: int
    percent: str
    operators: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, family: str, counts: Counts, widest: int) -> Segment:
        count = sum(counts.values())
        most_first = tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
        return cls(family, STYLES[family], count, f"{100 * count / widest:.2f}" if widest else "0", most_first)


@dataclass(frozen=True)
class Bar:
    total: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Row:
    """One artifact; more than one bar where counts differ. after: what a runtime's own optimisation leaves."""

    step: str
    title: str
    chain: Chain
    bars: tuple[Bar, ...]
    after: tuple[tuple[str, Bar], ...]


@dataclass(frozen=True)
class Table:
    """One layer's example. others: how many more models of the layer have counts."""

    layer: str
    config: str
    open_axes: str
    others: int
    rows: tuple[Row, ...]
    totals: str


def context(recorded: Recorded) -> Mapping[str, object]:
    outcomes, facts = recorded.outcomes, recorded.facts
    by_layer: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.op_counts or outcome.op_total:
            by_layer.setdefault(outcome.layer, []).append(outcome)
    tables = [_table(by_layer[layer], facts) for layer in sorted(by_layer)]
    rows = [row for table in tables for row in table.rows]
    bars = [bar for row in rows for bar in (*row.bars, *(bar for _, bar in row.after))]
    used = {segment.family for bar in bars for segment in bar.segments}
    return {
        "tables": tables,
        "legend": [{"name": name, "style": STYLES[name]} for name in STYLES if name in used],
    }


def _table(outcomes: Sequence[Outcome], facts: Facts) -> Table:
    by_model: dict[tuple[str, Chain], list[Outcome]] = {}
    configs: dict[int, str] = {}  # by identity: outcomes share their configs, and there are many times fewer
    for outcome in outcomes:
        if id(outcome.config) not in configs:
            configs[id(outcome.config)] = canonical(dict(outcome.config))
        by_model.setdefault((configs[id(outcome.config)], outcome.open_axes), []).append(outcome)
    counted = {model: _counted(same) for model, same in by_model.items()}
    # The model that most paths have counted shows most; of equals, the one that is written shortest.
    model = max(counted, key=lambda one: (len(counted[one]), -len(one[0]), one))
    artifacts = counted[model]
    widest = max((total for total, _ in artifacts.values()), default=0)
    runtimes = {outcome.path for outcome in by_model[model] if len(outcome.path) > 1}
    bars: dict[Chain, list[Bar]] = {}
    for chain, text in sorted(artifacts):
        bars.setdefault(chain, []).append(_bar(chain, *artifacts[chain, text], widest=widest, facts=facts))
    chains = sorted({chain[:-1] if chain in runtimes else chain for chain in bars})
    return Table(
        layer=outcomes[0].layer,
        config=model[0],
        open_axes=", ".join(model[1]),
        others=len(by_model) - 1,
        rows=tuple(_row(chain, bars, runtimes, facts) for chain in chains),
        totals=_range([bar.total for chain in bars if chain not in runtimes for bar in bars[chain]]),
    )


def _row(chain: Chain, bars: Mapping[Chain, list[Bar]], runtimes: set[Chain], facts: Facts) -> Row:
    step = chain[-1]
    after = sorted(other for other in bars if other in runtimes and other[:-1] == chain)
    return Row(
        step=step,
        title=facts.title(step) if step in facts.steps else "",
        chain=chain,
        bars=tuple(bars.get(chain, ())),
        after=tuple((other[-1], bar) for other in after for bar in bars[other]),
    )


def _counted(outcomes: Iterable[Outcome]) -> dict[tuple[Chain, str], tuple[int, Counts]]:
    """Return total and counts of every artifact, by the steps that made it; two that differ stay two."""
    found: dict[tuple[Chain, str], tuple[int, Counts]] = {}
    latest: dict[Chain, tuple[int, Counts]] = {}
    for outcome in outcomes:
        for index, step in enumerate(outcome.path):
            if step not in outcome.op_counts and step not in outcome.op_total:
                continue
            counts = dict(outcome.op_counts.get(step, {}))
            total = outcome.op_total.get(step, sum(counts.values()))
            chain = outcome.path[: index + 1]
            if latest.get(chain) != (total, counts):
                latest[chain] = found[chain, canonical([total, counts])] = total, counts
    return found


def _bar(chain: Chain, total: int, counts: Counts, *, widest: int, facts: Facts) -> Bar:
    families = _families(chain, facts)
    grouped: dict[str, Counts] = {}
    for operator in sorted(counts):
        family = families.get(operator, UNCLAIMED)
        grouped.setdefault(family if family in STYLES else UNCLAIMED, {})[operator] = counts[operator]
    if not counts and total:
        grouped[UNCLAIMED] = {"not counted by name": total}
    return Bar(total, tuple(Segment.of(name, grouped[name], widest) for name in STYLES if name in grouped))


def _families(chain: Chain, facts: Facts) -> Mapping[str, str]:
    """Return the families of the representation that the last step leaves; one that does not say keeps the last."""
    said = (facts.step(step).representation for step in reversed(chain))
    return facts.families.get(next(filter(None, said), ""), {})


def _range(totals: Sequence[int]) -> str:
    if not totals:
        return "none"
    return str(totals[0]) if min(totals) == max(totals) else f"{min(totals)} to {max(totals)}"


SECTION = Section(
    name="operator_counts",
    order=50,
    title="Operators",
    pages=("layer",),
    context=context,
    html="operator_counts.html.jinja",
    markdown="operator_counts.md.jinja",
)
