"""Writes the report: pages that are pure functions of recorded outcomes, the same bytes for the same lines."""

from __future__ import annotations

import base64
import hashlib
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import jinja2
from markupsafe import Markup

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


def discover_sections(folder: Path) -> tuple[Section, ...]:
    """Return the SECTION of every Python file in the folder, in the order that they ask for."""
    sections = []
    for file in sorted(folder.glob("*.py")):
        section = getattr(load_file(file), "SECTION", None)
        if not isinstance(section, Section):
            raise UserError(
                f"looking for report sections in {folder}: {file.name} does not end in SECTION = Section(...)"
            )
        sections.append(replace(section, templates=folder / TEMPLATES))
    names = [section.name for section in sections]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"looking for report sections in {folder}: the name {repeated[0]} is given twice; rename one")
    return tuple(sorted(sections, key=lambda section: (section.order, section.name)))


def write_report(results: Results, out_dir: Path, sections: Sequence[Section]) -> tuple[Path, ...]:
    """Write index.html, report.md, summary.json and junit.xml; return where they are.

    The templates page.html.jinja, page.md.jinja and the script page.js come from the sections' folder.
    Raises UserError if `out_dir` cannot be written to; a page that was there before is then still whole.
    """
    facts = Facts.of(results.facts)
    outcomes = settled(results.outcomes)
    pages = {
        "index.html": _html(results.notes, outcomes, facts, sections),
        "report.md": _markdown(results.notes, outcomes, facts, sections),
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
        return "–"
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    return f"{number:.3g}" if abs(number) < 1000 else f"{number:,.0f}"


def _html(notes: Sequence[str], outcomes: Sequence[Outcome], facts: Facts, sections: Sequence[Section]) -> str:
    def shown(value: object) -> object:
        return visible(value) if isinstance(value, str) else value

    environment = _environment(sections, shown)
    source = environment.loader.get_source(environment, SCRIPT)[0] if environment.loader else ""
    script = Markup(source)  # noqa: S704 a file of ours, and the page's policy allows no other script
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    parts = [
        (section, Markup(_rendered(environment, section, section.html, outcomes, facts)))  # noqa: S704 autoescaped
        for section in sections
    ]
    page = environment.get_template("page.html.jinja")
    return page.render(parts=parts, facts=facts, notes=notes, script=script, digest=digest)


def _markdown(notes: Sequence[str], outcomes: Sequence[Outcome], facts: Facts, sections: Sequence[Section]) -> str:
    def shown(value: object) -> object:
        return markdown(value) if isinstance(value, str) else value

    # The escaping of Markdown is the finalizer: no expression in a template can go round it.
    environment = _environment(sections, shown)
    parts = [
        (section, Markup(_rendered(environment, section, section.markdown, outcomes, facts)))  # noqa: S704 escaped
        for section in sections
    ]
    return environment.get_template("page.md.jinja").render(parts=parts, facts=facts, notes=notes)


def _rendered(
    environment: jinja2.Environment, section: Section, template: str, outcomes: Sequence[Outcome], facts: Facts
) -> str:
    return environment.get_template(template).render(section=section, **section.context(outcomes, facts))


def _environment(sections: Sequence[Section], finalize: Callable[[object], object]) -> jinja2.Environment:
    folders = list(dict.fromkeys(str(section.templates) for section in sections))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        finalize=finalize,
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
