"""Measures the judge: how often it flags equal functions, and how many planted faults it misses.

Run it from the repository root: python benchmarks/trust.py [--cases N] [--layer NAME]... [--profile NAME] [--write]
--write puts the figures and the plot into docs/. Exit code 1 if anything equal is flagged or any fault is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.bench import Bench
from nnparity.budget import CONSTANT
from nnparity.cache import ArtifactCache, cache_folder
from nnparity.environments import Environments
from nnparity.loading import load_file
from nnparity.options import load_content
from nnparity.oracle import Oracle

ROOT = Path(__file__).parents[1]
planted = load_file(ROOT / "test_equivalence" / "harness" / "planted.py")
calibration = load_file(ROOT / "benchmarks" / "calibrate_budget.py")

DOCUMENT, PLOT = ROOT / "docs" / "trust.md", ROOT / "docs" / "calibration.svg"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
CASES = 200
EVERY_CASE = 10**9


@dataclass(frozen=True)
class Calibration:
    """Errors over budget in one dtype: of equal functions, and of the faults planted beside them."""

    dtype: str
    equal: np.ndarray
    faults: np.ndarray

    @property
    def alarms(self) -> int:
        """How many equal cases were flagged."""
        return int((self.equal > 1).sum())

    @property
    def missed(self) -> int:
        """How many faults of single cases were not flagged."""
        return int((self.faults <= 1).sum())

    def line(self) -> str:
        """Return the dtype's row of the table."""
        return (
            f"| {self.dtype} | {CONSTANT[self.dtype]:g} | {self.equal.size:,} | {self.alarms} | {self.equal.max():.2f} "
            f"| {self.faults.size:,} | {self.missed} | {np.median(self.faults):,.0f} |"
        )


def calibrated(dtype: str, cases: int) -> Calibration:
    """Return what `cases` cases of every pair of functions give in this dtype."""
    equal, faults = calibration.measured(dtype, cases)
    return Calibration(dtype, *(_joined(figures) / CONSTANT[dtype] for figures in (equal, faults)))


def _joined(figures: Mapping[Any, Sequence[float]]) -> np.ndarray:
    return np.array([value for values in figures.values() for value in values])


def tallies(layers: Sequence[str], profile: str, seed: int) -> Iterator[Any]:
    """Yield what became of the faults planted in each layer, every case counted."""
    content = load_content([], [])
    environments = Environments(content.environments, cache_folder())
    with Bench(content, environments, ArtifactCache(cache_folder())) as bench:
        oracle = Oracle(bench)
        for name in layers or sorted(content.layers):
            layer = content.layers[name]
            cases = planted.cases_of(layer, profile=profile, seed=seed)
            yield planted.tallied(layer, planted.fared(layer, cases, oracle, enough=EVERY_CASE))


def figures(calibrations: Sequence[Calibration], found: Sequence[Any]) -> Iterator[str]:
    """Yield the lines of the document's figures."""
    yield "| dtype | constant | equal cases | flagged | worst error over budget | faulty cases | passed | median |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    yield from (one.line() for one in calibrations)
    yield ""
    yield from planted.summary(found)
    shares = [fault.share for tally in found for fault in tally.shown]
    yield (
        f"A single ordinary case shows {statistics.fmean(shares):.0%} of them on average; "
        f"{sum(share == 1 for share in shares):,} are shown by every case that they change."
    )
    yield ""
    yield "| layer | planted | shown | invisible | missed |"
    yield "|---|--:|--:|--:|--:|"
    for tally in found:
        counts = (tally.planted, len(tally.shown), len(tally.excused), len(tally.missed))
        yield f"| {tally.layer} | {' | '.join(map(str, counts))} |"
    yield ""
    for layer, globs in ((tally.layer, planted.excuses(tally.layer)) for tally in found):
        for glob, reason in globs.items():
            yield f"- {layer}, `{glob}`: {reason}."


def plot(calibrations: Sequence[Calibration], found: Sequence[Any], file: Path) -> None:
    """Draw the distributions of error over budget, equal functions against faults, for every dtype and for layers."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "nnparity"
    rows = [(f"{one.dtype}, constant {CONSTANT[one.dtype]:g}", one.equal, one.faults) for one in calibrations]
    greatest = np.array([fault.greatest for tally in found for fault in tally.shown])
    by_value = greatest[np.isfinite(greatest) & (greatest > 1)]  # the others show by name, dtype or place of NaN
    rows.append(("faults planted in layers that show by their values, float32", np.zeros(0), by_value))
    drawing = Figure(figsize=(8, 1.6 * len(rows)), layout="constrained")
    edges = np.logspace(-3, 8, 89)
    for axes, (title, equal, faults) in zip(drawing.subplots(len(rows), sharex=True), rows, strict=True):
        for values, label, colour in ((equal, "equal", "tab:blue"), (faults, "faulty", "tab:red")):
            if values.size:
                axes.hist(np.clip(values, edges[0], edges[-1]), edges, label=label, color=colour, alpha=0.7)
        axes.axvline(1, color="black", linewidth=1)
        axes.set(xscale="log", ylabel="cases", title=title)
        axes.legend(loc="upper right")
    axes.set(xlabel="greatest error over budget; at most 1 passes")
    drawing.savefig(file, format="svg", metadata={"Date": None})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=CASES, help="cases for each pair of functions and dtype")
    parser.add_argument("--layer", action="append", default=[], help="plant faults in this layer only")
    parser.add_argument("--profile", default="ci", help="how many cases of each layer get faults")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="put figures and plot into docs/")
    options = parser.parse_args()
    calibrations = [calibrated(dtype, options.cases) for dtype in CONSTANT]
    found = list(tallies(options.layer, options.profile, options.seed))
    sys.stdout.writelines(f"{line}\n" for tally in found for line in tally.lines())
    lines = list(figures(calibrations, found))
    sys.stdout.writelines(f"{line}\n" for line in lines)
    if options.write:
        text = DOCUMENT.read_text(encoding="utf-8")
        start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
        DOCUMENT.write_text("\n".join([text[:start], *lines, text[end:]]), encoding="utf-8")
        plot(calibrations, found, PLOT)
    return 1 if any(one.alarms for one in calibrations) or any(tally.is_wrong for tally in found) else 0


if __name__ == "__main__":
    sys.exit(main())
