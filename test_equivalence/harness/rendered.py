"""A report that is rendered in memory, for the tests that read its files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nnparity.loading import load_file
from nnparity.pages import Parts, discover_parts
from nnparity.report import write_report
from nnparity.store import Results

drawn = load_file(Path(__file__).with_name("drawn_results.py"))
REPORTS = Path(__file__).parents[2] / "reports"
PARTS = discover_parts(REPORTS)


def render(results: Results, parts: Parts = PARTS, earlier: Sequence[Results] = ()) -> dict[str, str]:
    """Return all files but the assets, by their place in the report's folder."""
    parts = replace(parts, assets={})
    with tempfile.TemporaryDirectory() as folder:
        written = write_report(results, Path(folder), parts, earlier)
        return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in written}


def only(*names: str) -> Parts:
    return replace(PARTS, sections=tuple(section for section in PARTS.sections if section.name in names))


def small() -> Results:
    facts, outcomes = drawn.small_run()
    return Results(facts, tuple(outcomes))
