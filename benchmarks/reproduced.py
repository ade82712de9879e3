"""How many known divergences the scripts of `nnparity reproduce` show: each is written and run where it can be.

    python benchmarks/reproduced.py --out FOLDER [--component GLOB]... [--each N] [--times N]

Of every known divergence one path is taken: the first, short ones before long ones, for which a script can be written.
It prints a table by component, and what does not show with its reason; FOLDER/reproduced.jsonl has every line.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import click

from nnparity.bench import Bench
from nnparity.by_hand import by_hand_in
from nnparity.cache import ArtifactCache, cache_folder
from nnparity.discovery import Content, discover
from nnparity.divergence import KnownDivergence
from nnparity.environments import Environments
from nnparity.reproduced import Became, Tried, tried

SHOWS = Became.SHOWS.value


def line_of(entry: KnownDivergence, one: Tried) -> dict[str, object]:
    """Return what became of one known divergence, as a line of the record."""
    script = {"lines": one.made.lines, "file": str(one.made.file)} if one.made else {}
    kept = {"known": entry.id, "component": entry.component, "path": one.path, "result": one.became.value}
    return {**kept, "said": one.said, **script}


def chosen(
    content: Content, globs: list[str], each: int, shown: frozenset[str] = frozenset()
) -> Iterator[KnownDivergence]:
    """Yield the entries of components that fit, at most so many of each, in the order of their witnesses' hashes."""
    taken: Counter[str] = Counter()
    for entry in sorted(content.known, key=lambda one: one.witness.digest):
        if (
            entry.id not in shown
            and any(fnmatch.fnmatchcase(entry.component, glob) for glob in globs)
            and taken[entry.component] < each
        ):
            taken[entry.component] += 1
            yield entry


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--component", action="append", default=[])
    parser.add_argument("--each", type=int, default=10_000)
    parser.add_argument(
        "--times", type=int, default=1, help="how often each script is run; it shows if it does each time"
    )
    parser.add_argument(
        "--after", type=Path, action="append", default=[], help="a record: only what does not show there"
    )
    options = parser.parse_args()
    lines = (json.loads(line) for file in options.after for line in file.read_text(encoding="utf-8").splitlines())
    shown = frozenset(line["known"] for line in lines if line["result"] == SHOWS)
    content, by_hand = discover(), by_hand_in()
    options.out.mkdir(parents=True, exist_ok=True)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    environments = Environments(content.environments, cache_folder())
    with (
        Bench(content, environments, ArtifactCache(cache_folder())) as bench,
        open(options.out / "reproduced.jsonl", "a", encoding="utf-8") as record,
    ):
        for entry in chosen(content, options.component or ["*"], options.each, shown):
            one = tried(entry, bench, options.out / "scripts", by_hand, times=options.times)
            found[entry.component][one.became.value] += 1
            record.write(json.dumps(line_of(entry, one)) + "\n")
            record.flush()
            if one.became is not Became.SHOWS:
                click.echo(f"{one.became.value}: {entry.id} on {one.path}: {one.said.strip()[-300:]}")
    found["all"] = sum((results for results in found.values()), Counter[str]())
    click.echo(f"{'component':<45}{'known':>7}{SHOWS:>7}")
    for component, results in sorted(found.items(), key=lambda pair: (pair[0] == "all", pair[0])):
        others = ", ".join(f"{count} {result}" for result, count in sorted(results.items()) if result != SHOWS)
        click.echo(f"{component:<45}{results.total():>7}{results[SHOWS]:>7}  {others}")


if __name__ == "__main__":
    main()
