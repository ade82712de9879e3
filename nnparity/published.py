"""The committed report: a small record of a run, and Markdown pages that are pure functions of the record alone.

Nothing in it depends on when or where the run was: no dates, no host, times only as ratios.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from nnparity.errors import UserError
from nnparity.pages import INDEX, Page, Parts, Section
from nnparity.rendering import put, shown_in_markdown, templates
from nnparity.report import recorded_in
from nnparity.store import Results

SCHEMA = "nnparity-published/1"
RECORD = "record.json"
FIRST = "README.md"
"""The page that a code host shows where the folder is opened."""
MARK = "<!-- written by nnparity publish -->\n"
END_MARK = "<!-- until here -->\n"
"""What `publish` writes into a file of somebody else's stands between MARK and this."""


def publish(results: Results, folder: Path, parts: Parts, into: Path | None = None) -> tuple[Path, ...]:
    """Write the record of the results and the pages made from it; return where they are.

    Pages of an earlier record that this one does not have are removed. into: a README to put an excerpt into.
    Raises UserError if the folder or the README cannot be written to.
    """
    text = record_text(results, parts)
    record = json.loads(text)
    files = {RECORD: text.encode(), **pages_of(record, parts)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            put(folder / name, data)
        for file in sorted(folder.glob("*.md")):
            if file.name not in files and file.read_text(encoding="utf-8", errors="replace").startswith(MARK):
                file.unlink()
    except OSError as error:
        raise UserError(
            f"writing the report into {folder}: {error.strerror}; give another folder with --out"
        ) from error
    if into is not None:
        put_excerpt(into, excerpt_of(record, parts))
    return tuple(folder / name for name in files)


def record_text(results: Results, parts: Parts) -> str:
    """Return as JSON what the pages need: what each section keeps, and what layers and components there were."""
    recorded = recorded_in(results)
    facts = recorded.facts
    record = {
        "schema": SCHEMA,
        "nnparity": facts.nnparity,
        "profile": facts.profile,
        "seed": facts.seed,
        "layers": sorted(facts.layers),
        "components": sorted({step for path in facts.paths for step in path}),
        "sections": {one.name: _plain(one.keeps(recorded), one.name) for one in parts.sections if one.keeps},
    }
    return json.dumps(record, indent=0, ensure_ascii=False, allow_nan=False) + "\n"


def read_record(file: Path) -> dict[str, Any]:
    """Return a record that `publish` wrote. Raises UserError if it is none, or of another schema."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"reading {file}: {error}; write it anew with: nnparity publish RESULTS") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise UserError(f"reading {file}: expected the schema {SCHEMA!r}; write it anew with: nnparity publish RESULTS")
    return record


def pages_of(record: Mapping[str, Any], parts: Parts) -> dict[str, bytes]:
    """Return the pages by file name, a pure function of the record and the templates."""
    sections = [one for one in parts.sections if one.published and one.name in record["sections"]]
    there = [page for page in parts.pages if any(page.name in one.pages for one in sections)]
    there.sort(key=lambda page: page.file != INDEX)
    single = {page.name: _file(page) for page in there if "{}" not in page.file}
    return {
        single[page.name]: _page(page, [one for one in sections if page.name in one.pages], there, record).encode()
        for page in there
        if page.name in single
    }


def excerpt_of(record: Mapping[str, Any], parts: Parts) -> str:
    """Return in Markdown what a README shows of the record."""
    sections = [one for one in parts.sections if one.excerpt and one.name in record["sections"]]
    return "\n\n".join(_shown(one, one.excerpt, (one.templates,), record).strip("\n") for one in sections)


def put_excerpt(file: Path, excerpt: str) -> None:
    """Put the excerpt between the two marks in the file. Raises UserError if they are not there, or it cannot."""
    try:
        text = file.read_text(encoding="utf-8")
        before, mark, rest = text.partition(MARK)
        _, end, after = rest.partition(END_MARK)
        if not (mark and end):
            raise UserError(
                f"writing into {file}: expected {MARK.strip()} and, further on, {END_MARK.strip()}; add both"
            )
        put(file, f"{before}{mark}\n{excerpt}\n\n{end}{after}".encode())
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"writing into {file}: {error}; name a text file that is there with --into") from error


def _page(page: Page, sections: Sequence[Section], beside: Sequence[Page], record: Mapping[str, Any]) -> str:
    rendered = []
    folders = tuple(dict.fromkeys(one.templates for one in sections))
    for section in sections:
        text = _shown(section, section.published, (section.templates, *folders), record)
        rendered.append((section, Markup(text)))  # noqa: S704 rendered with escaping on
    return templates(folders, shown_in_markdown).get_template("published.md.jinja").render(
        mark=Markup(MARK),  # noqa: S704 a constant of ours
        page=page,
        parts=rendered,
        record=record,
        beside=[(one, _file(one)) for one in beside if "{}" not in one.file],
    )  # fmt: skip


def _shown(section: Section, template: str, folders: tuple[Path, ...], record: Mapping[str, Any]) -> str:
    shown = templates(folders, shown_in_markdown).get_template(template)
    return shown.render(section=section, **record["sections"][section.name])


def _file(page: Page) -> str:
    return FIRST if page.file == INDEX else page.file.replace(".html", ".md")


def _plain(value: object, where: str) -> Any:
    """Return the value as JSON has it: floats of three digits, none for "not measured"."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one, where) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one, where) for one in value]
    if isinstance(value, float):
        return float(f"{value:.3g}") if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return str(value) if isinstance(value, str) else value
    raise TypeError(f"section {where}: keeps gave {value!r}, no JSON value; give text, numbers, lists and mappings")
