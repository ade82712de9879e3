"""Prints how much of the budget equal functions need and by how much planted faults exceed it: the reason for CONSTANT.

Run it from the repository root: python benchmarks/calibrate_budget.py [--cases N]
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nnparity.budget import CONSTANT
from nnparity.compare import compare
from nnparity.loading import load_file

pairs = load_file(Path(__file__).parents[1] / "test_equivalence" / "harness" / "equal_pairs.py")

SEED = 20240229
CASES = 200
ORDINARY_CONTENT = "normal"

Figures = dict[tuple[str, str], list[float]]


def measured(dtype: str, cases: int) -> tuple[Figures, Figures]:
    """Return error over what the constant 1 would allow, by (pair, variant): of equal functions and of faults.

    Faults are measured where x is standard normal, the largest element of a case counting.
    """
    equal: Figures = defaultdict(list)
    faults: Figures = defaultdict(list)
    for index, pair in enumerate(pairs.PAIRS):
        rng = np.random.default_rng([SEED, index])
        sizes = [size for size in pairs.SIZES if size >= pair.smallest]
        for case in range(cases):
            content = pair.contents[case % len(pair.contents)]
            with np.errstate(all="ignore"):
                arrays = pairs.inputs(pair, size=int(rng.choice(sizes)), content=content, dtype=dtype, rng=rng)
                expectation = pairs.expected(pair, arrays, dtype=dtype, rng=rng)
                variants = [(equal, pair.equal), (faults, pair.faults(dtype) if content == ORDINARY_CONTENT else {})]
                for figures, functions in variants:
                    for name, function in functions.items():
                        comparison = compare({"y": function(arrays)}, expectation)
                        figures[pair.name, name].append(comparison.error_over_budget * CONSTANT[dtype])
    return equal, faults


def table(dtype: str, equal: Figures, faults: Figures) -> Iterator[str]:
    """Return lines: one for each variant, then what the constant is to lie between."""
    yield f"{dtype}: error over what the constant 1 would allow; the constant is {CONSTANT[dtype]:g}"
    for title, figures in (("equal", equal), ("fault", faults)):
        for (pair, name), values in figures.items():
            least, middle, most = np.quantile(values, [0.0, 0.5, 1.0])
            yield f"  {title}  {pair + ', ' + name:52s} least {least:9.3g}  median {middle:9.3g}  most {most:9.3g}"
    needed = max(max(values) for values in equal.values())
    caught = min(min(values) for values in faults.values())
    count = sum(len(values) for values in equal.values())
    yield f"  {count} equal cases need {needed:.3g} at most; the smallest of the faults gives {caught:.3g}"
    missed = sum(value <= CONSTANT[dtype] for values in faults.values() for value in values)
    alarms = sum(value > CONSTANT[dtype] for values in equal.values() for value in values)
    planted = sum(len(values) for values in faults.values())
    yield f"  false alarms {alarms} of {count}, faults missed {missed} of {planted}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES, help="cases for each pair and dtype")
    cases = parser.parse_args().cases
    for dtype in CONSTANT:
        equal, faults = measured(dtype, cases)
        sys.stdout.writelines(f"{line}\n" for line in table(dtype, equal, faults))


if __name__ == "__main__":
    main()
