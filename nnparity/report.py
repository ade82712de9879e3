"""Writes the report: pages that are pure functions of recorded outcomes, the same bytes for the same lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from markupsafe import Markup

from nnparity.badge import badge
from nnparity.errors import UserError
from nnparity.facts import Facts, LayerFacts
from nnparity.junit import junit
from nnparity.matrix import Tally
from nnparity.merging import settled
from nnparity.outcome import Outcome
from nnparity.pages import ASSETS, INDEX, Links, Page, Parts, Recorded, Run, Section
from nnparity.rendering import put, shown_in_html, shown_in_markdown, templates
from nnparity.store import Results
from nnparity.summary import summary

MARK = '<meta name="generator" content="nnparity">'
"""What tells a page of ours from a file of somebody else's."""


@dataclass(frozen=True)
class Sheet:
    """One page about one subject."""

    page: Page
    subject: str
    outcomes: Sequence[Outcome]

    @property
    def file(self) -> str:
        return self.page.place(self.subject)


@dataclass(frozen=True)
class Told:
    """All that a report is made from."""

    notes: Sequence[str]
    recorded: Recorded
    parts: Parts

    @property
    def folders(self) -> tuple[Path, ...]:
        """Return where templates are looked for."""
        return tuple(dict.fromkeys(section.templates for section in self.parts.sections))


def write_report(results: Results, out_dir: Path, parts: Parts, earlier: Sequence[Results] = ()) -> tuple[Path, ...]:
    """Write index.html and what it leads to, report.md, summary.json, junit.xml and badge.svg; return where all are.

    The layouts, page.html.jinja and page.md.jinja, come from the first section's templates. Pages of an earlier report
    that this one does not have are removed. earlier: runs to compare with, oldest first.
    Raises UserError if `out_dir` cannot be written to; a page that was there before is then still whole.
    """
    if not parts.sections:
        raise UserError("writing the report: there are no sections; give a folder whose files end in SECTION = ...")
    told = Told(results.notes, recorded_in(results, earlier), parts)
    written = []
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        for name, content in (*_assets(told), *_contracts(told), *_pages(told)):
            written.append(out_dir / name)
            written[-1].parent.mkdir(exist_ok=True)
            put(written[-1], content())
        _remove_others(out_dir, parts.pages, set(written))
    except OSError as error:
        raise UserError(
            f"writing the report into {out_dir}: {error.strerror}; give another folder with --out"
        ) from error
    return tuple(sorted(written, key=lambda path: (path.parent != out_dir, path.name != INDEX, path)))


def recorded_in(results: Results, earlier: Sequence[Results] = ()) -> Recorded:
    """Return what sections tell about; earlier: runs to compare with, oldest first."""
    outcomes = settled(results.outcomes)
    facts = _complete(Facts.of(results.facts), outcomes)
    return Recorded(
        outcomes,
        facts,
        earlier=settled(outcome for one in earlier for outcome in one.outcomes),
        runs=(*(Run(settled(one.outcomes), Facts.of(one.facts)) for one in earlier), Run(outcomes, facts))
        if earlier
        else (),
    )


File = tuple[str, Callable[[], bytes]]
"""A place in the report's folder, and what makes its content when it is its turn: they are not all held at once."""


def _assets(told: Told) -> Iterator[File]:
    for name, file in sorted(told.parts.assets.items()):
        yield f"{ASSETS}/{name}", file.read_bytes


def _contracts(told: Told) -> Iterator[File]:
    recorded = told.recorded
    yield "report.md", lambda: _markdown(told).encode()
    yield "summary.json", lambda: summary(recorded.outcomes, recorded.facts).encode()
    yield "badge.svg", lambda: badge(Tally.of(recorded.outcomes)).encode()
    yield "junit.xml", lambda: junit(recorded.outcomes, recorded.facts).encode()


def _pages(told: Told) -> Iterator[File]:
    used = {page for section in told.parts.sections if section.html for page in section.pages}
    sheets = [
        Sheet(page, subject, outcomes)
        for page in told.parts.pages
        if page.file == INDEX or (page.name in used and page.applies(told.recorded))
        for subject, outcomes in page.subjects(told.recorded.outcomes, told.recorded.facts).items()
    ]
    # The first page is written last: what it leads to is there by then.
    for sheet in sorted(sheets, key=lambda one: (one.file == INDEX, one.file)):
        yield sheet.file, partial(_html, told, sheet, sheets)


def _html(told: Told, sheet: Sheet, sheets: Sequence[Sheet]) -> bytes:
    page, about = sheet.page.name, sheet.subject
    link = Links({(one.page.name, one.subject): one.file for one in sheets}, sheet.file)
    recorded = replace(told.recorded, outcomes=sheet.outcomes, page=page, about=about)
    shown = {"link": link, "page": page, "about": about}
    sections = {one: one.html for one in told.parts.sections if page in one.pages and one.html}
    rendered = _rendered(told, recorded, sections, shown_in_html, shown)
    layout = templates(told.folders, shown_in_html).get_template("page.html.jinja")
    text = layout.render(
        **shown,
        parts=rendered,
        facts=recorded.facts,
        notes=told.notes,
        title=sheet.page.title,
        mark=Markup(MARK),  # noqa: S704 a constant of ours
        single=[one.page for one in sheets if "{}" not in one.page.file],
        beside=[one.subject for one in sheets if one.page is sheet.page],
        charts=any("data-chart" in text for _, text in rendered),
        graphs=any("data-graph" in text for _, text in rendered),
    )
    return text.encode()


def _markdown(told: Told) -> str:
    sections = {one: one.markdown for one in told.parts.sections if one.markdown}
    rendered = _rendered(told, told.recorded, sections, shown_in_markdown, {})
    layout = templates(told.folders, shown_in_markdown).get_template("page.md.jinja")
    return layout.render(parts=rendered, facts=told.recorded.facts, notes=told.notes)


def _rendered(
    told: Told,
    recorded: Recorded,
    sections: Mapping[Section, str],
    shown: Callable[[object], object],
    names: Mapping[str, object],
) -> list[tuple[Section, Markup]]:
    """Return the sections that have something to say, each rendered with its template."""
    rendered = []
    for section, template in sections.items():
        # A section's own folder comes first: two folders may use the same file names.
        folders = tuple(dict.fromkeys((section.templates, *told.folders)))
        part = templates(folders, shown).get_template(template)
        text = part.render(section=section, **names, **section.context(recorded))
        if text.strip():
            rendered.append((section, Markup(text)))  # noqa: S704 rendered with escaping on
    return rendered


def _complete(facts: Facts, outcomes: Sequence[Outcome]) -> Facts:
    """Return the facts with every layer and path that outcomes name: a page about one layer has all paths."""
    layers = {outcome.layer for outcome in outcomes} - set(facts.layers)
    paths = {*facts.paths, *(outcome.path for outcome in outcomes)}
    return replace(
        facts, layers={**facts.layers, **{name: LayerFacts() for name in sorted(layers)}}, paths=tuple(sorted(paths))
    )


def _remove_others(out_dir: Path, pages: Sequence[Page], written: set[Path]) -> None:
    """Remove pages of an earlier report that this one does not have; nothing that a report did not write."""
    for page in pages:
        for file in sorted((out_dir / page.file).parent.glob("*.html")):
            if file not in written and MARK in file.read_text(encoding="utf-8", errors="replace")[:400]:
                file.unlink()
