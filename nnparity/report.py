"""Writes the report: pages that are pure functions of recorded outcomes, the same bytes for the same lines."""

from __future__ import annotations

import base64
import hashlib
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from nnparity.discovery import content_folders
from nnparity.errors import UserError
from nnparity.escape import breakable, markdown, visible, web_link
from nnparity.facts import Facts
from nnparity.junit import junit
from nnparity.loading import load_file
from nnparity.merging import settled
from nnparity.outcome import Outcome
from nnparity.store import Results
from nnparity.summary import summary

TEMPLATES = "templates"
SCRIPT = "page.js"
NOTHING = "\N{EN DASH}"


@dataclass(frozen=True)
class Section:
    """One part of the report.

    context: a pure function of the outcomes, which come in one fixed order, and the facts.
    html, markdown: template files in the folder templates/ beside the section's file; `templates` is found by looking.
    """

    name: str
    order: int
    title: str
    context: Callable[[Sequence[Outcome], Facts], Mapping[str, object]]
    html: str
    markdown: str
    templates: Path = Path()


Told = Sequence[tuple[Section, Mapping[str, object]]]
"""Sections with their contexts, which the page and the Markdown are both made from."""


def discover_sections(*folders: Path) -> tuple[Section, ...]:
    """Return the SECTION of every Python file in the folders, in the order that they ask for.

    Without folders: reports/ of every place that has content.
    """
    places = folders or tuple(root / "reports" for root in content_folders())
    found: dict[str, Section] = {}
    for file in (file for folder in places for file in sorted(folder.glob("*.py"))):
        section = getattr(load_file(file), "SECTION", None)
        if not isinstance(section, Section):
            raise UserError(f"looking for report sections: {file} does not end in SECTION = Section(...)")
        if section.name in found:
            raise UserError(f"looking for report sections: {file} gives the name {section.name} again; rename one")
        found[section.name] = replace(section, templates=file.parent / TEMPLATES)
    return tuple(sorted(found.values(), key=lambda section: (section.order, section.name)))


def write_report(results: Results, out_dir: Path, sections: Sequence[Section]) -> tuple[Path, ...]:
    """Write index.html, report.md, summary.json and junit.xml; return where they are.

    The layout, page.html.jinja and page.md.jinja, and page.js come from the first section's templates.
    Raises UserError if `out_dir` cannot be written to; a page that was there before is then still whole.
    """
    if not sections:
        raise UserError("writing the report: there are no sections; give a folder whose files end in SECTION = ...")
    facts = Facts.of(results.facts)
    outcomes = settled(results.outcomes)
    told = [(section, section.context(outcomes, facts)) for section in sections]
    pages = {
        "index.html": _html(results.notes, facts, told),
        "report.md": _markdown(results.notes, facts, told),
        "summary.json": summary(outcomes, facts),
        "junit.xml": junit(outcomes, facts),
    }
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        for name, page in pages.items():
            _replace(out_dir / name, page.encode())
    except OSError as error:
        raise UserError(
            f"writing the report into {out_dir}: {error.strerror}; give another folder with --out"
        ) from error
    return tuple(out_dir / name for name in pages)


def figure(number: float) -> str:
    """Return three significant digits, a dash for "not measured"."""
    if math.isnan(number):
        return NOTHING
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    return f"{number:.3g}" if abs(number) < 1000 else f"{number:,.0f}"


def _html(notes: Sequence[str], facts: Facts, told: Told) -> str:
    source = (told[0][0].templates / SCRIPT).read_text(encoding="utf-8")
    script = Markup(source)  # noqa: S704 a file of ours, and the page's policy allows no other script
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    parts = _parts(told, _shown_in_html, lambda section: section.html)
    layout = _environment(_folders(told), _shown_in_html).get_template("page.html.jinja")
    return layout.render(parts=parts, facts=facts, notes=notes, script=script, digest=digest)


def _markdown(notes: Sequence[str], facts: Facts, told: Told) -> str:
    parts = _parts(told, _shown_in_markdown, lambda section: section.markdown)
    layout = _environment(_folders(told), _shown_in_markdown).get_template("page.md.jinja")
    return layout.render(parts=parts, facts=facts, notes=notes)


def _parts(
    told: Told, shown: Callable[[object], object], template: Callable[[Section], str]
) -> list[tuple[Section, Markup]]:
    parts = []
    for section, context in told:
        # A section's own folder comes first: two folders may use the same file names.
        folders = tuple(dict.fromkeys((section.templates, *_folders(told))))
        part = _environment(folders, shown).get_template(template(section))
        text = part.render(section=section, **context)
        parts.append((section, Markup(text)))  # noqa: S704 rendered with escaping on
    return parts


def _folders(told: Told) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(section.templates for section, _ in told))


def _shown_in_html(value: object) -> object:
    return visible(value) if isinstance(value, str) else value


def _shown_in_markdown(value: object) -> object:
    return markdown(value) if isinstance(value, str) else value


@cache
def _environment(folders: tuple[Path, ...], shown: Callable[[object], object]) -> jinja2.Environment:
    """Return templates whose every expression goes through `shown`: no template can forget to escape."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"breakable": breakable, "figure": figure, "web_link": web_link}
    return environment


def _replace(path: Path, data: bytes) -> None:
    """Put the whole file in place at once, or leave what is there."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
