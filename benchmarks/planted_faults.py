"""Plants every fault of the library in every layer and prints which of them the judge shows, and which it does not.

Run it from the repository root: python benchmarks/planted_faults.py [--layer NAME]... [--profile NAME] [--seed N]
Exit code 1 if a fault is not shown and nothing says why, or is shown though it is said that nobody could see it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nnparity.bench import Bench
from nnparity.cache import ArtifactCache, cache_folder
from nnparity.environments import Environments
from nnparity.loading import load_file
from nnparity.options import load_content
from nnparity.oracle import Oracle

planted = load_file(Path(__file__).parents[1] / "test_equivalence" / "harness" / "planted.py")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layer", action="append", default=[], help="only this layer")
    parser.add_argument("--profile", default="ci", help="how many cases are drawn")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    content = load_content([], [])
    environments = Environments(content.environments, cache_folder())
    tallies = []
    with Bench(content, environments, ArtifactCache(cache_folder())) as bench:
        oracle = Oracle(bench)
        for name in options.layer or sorted(content.layers):
            layer = content.layers[name]
            cases = planted.cases_of(layer, profile=options.profile, seed=options.seed)
            tally = planted.tallied(layer, planted.fared(layer, cases, oracle))
            tallies.append(tally)
            sys.stdout.writelines(f"{line}\n" for line in tally.lines())
    sys.stdout.writelines(f"{line}\n" for line in planted.summary(tallies))
    return 1 if any(tally.is_wrong for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
