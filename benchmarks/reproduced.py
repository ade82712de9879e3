"""How many known divergences the scripts of `nnparity reproduce` show: each is written and run where it can be.

    python benchmarks/reproduced.py --out FOLDER [--component GLOB]... [--each N]

Of every known divergence one path is taken: the first, short ones before long ones, for which a script can be written.
It prints a table by component, and what does not show with its reason; FOLDER/reproduced.jsonl has every line.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click

from nnparity.bench import Bench
from nnparity.by_hand import AllByHand, by_hand_in
from nnparity.cache import ArtifactCache, cache_folder
from nnparity.case_at import CaseAt
from nnparity.discovery import Content, discover
from nnparity.divergence import KnownDivergence
from nnparity.environments import Environments
from nnparity.making import CannotReproduce
from nnparity.oracle import Oracle
from nnparity.reproduce import paths_that_show, reproduction, run_script

MOST_PATHS = 4
SHOWS, DOES_NOT, OTHERWISE, NO_SCRIPT, NOT_HERE, NO_PATH = (
    "shows",
    "does not show",
    "otherwise",
    "no script",
    "not here",
    "no path",
)


def tried(entry: KnownDivergence, bench: Bench, out: Path, by_hand: AllByHand) -> dict[str, object]:
    """Return what became of one known divergence, as a line of the record."""
    line: dict[str, object] = {"known": entry.id, "component": entry.component, "path": ""}
    if not any(entry.on_path(route.steps) for route in bench.content.routes):
        return {**line, "result": NO_PATH, "said": f"no path fits {entry.paths!r}"}
    routes = list(islice(paths_that_show(entry, bench, by_hand), MOST_PATHS))
    if not routes:
        return {
            **line,
            "result": NOT_HERE,
            "said": "no path of it runs here, or its witness shows something else on all",
        }
    problems = []
    for route in routes:
        try:
            made = reproduction(CaseAt(entry.witness, route), bench, Oracle(bench), out, by_hand, entry=entry)
        except CannotReproduce as problem:
            problems.append(f"{route.id}: {problem}")
            continue
        ended = run_script(made, bench.environments)
        results = {1: SHOWS, 0: DOES_NOT}
        found = {
            "lines": made.lines,
            "code": ended.code,
            "file": str(made.file),
        }
        said = ended.said[-1500:] if not ended.shows else ""
        return {**line, "path": route.id, "result": results.get(ended.code, OTHERWISE), "said": said, **found}
    return {**line, "path": routes[0].id, "result": NO_SCRIPT, "said": problems[0]}


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
            line = tried(entry, bench, options.out / "scripts", by_hand)
            found[entry.component][str(line["result"])] += 1
            record.write(json.dumps(line) + "\n")
            record.flush()
            if line["result"] != SHOWS:
                click.echo(f"{line['result']}: {entry.id} on {line['path']}: {str(line['said']).strip()[-300:]}")
    click.echo(f"{'component':<45}{'known':>7}{SHOWS:>7}")
    for component, results in sorted(found.items()):
        others = ", ".join(f"{count} {result}" for result, count in sorted(results.items()) if result != SHOWS)
        click.echo(f"{component:<45}{results.total():>7}{results[SHOWS]:>7}  {others}")
    total = sum((results for results in found.values()), Counter[str]())
    click.echo(f"{'all':<45}{total.total():>7}{total[SHOWS]:>7}")


if __name__ == "__main__":
    main()
