"""What a report is made of: pages, the sections on them and the files beside them, found by looking into reports/."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from nnparity.discovery import content_folders
from nnparity.errors import UserError
from nnparity.facts import Facts
from nnparity.loading import load_file
from nnparity.outcome import Outcome

TEMPLATES = "templates"
ASSETS = "assets"
INDEX = "index.html"

_PLAIN_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]{0,79}")


@dataclass(frozen=True)
class Run:
    """What one run recorded."""

    outcomes: Sequence[Outcome]
    facts: Facts

    @cached_property
    def by_layer(self) -> Mapping[str, Sequence[Outcome]]:
        found: dict[str, list[Outcome]] = {}
        for outcome in self.outcomes:
            found.setdefault(outcome.layer, []).append(outcome)
        return found


@dataclass(frozen=True)
class Recorded:
    """What a section tells about. outcomes: in one fixed order; on a page about one thing, those that concern it.

    page: the page that the section stands on, "" for the Markdown report, which is about everything.
    about: the page's subject, "" on a page about everything. earlier: the baselines' outcomes, none without one.
    runs: each baseline by itself, oldest first, and this run at the end; none without a baseline.
    """

    outcomes: Sequence[Outcome]
    facts: Facts
    page: str = ""
    about: str = ""
    earlier: Sequence[Outcome] = ()
    runs: Sequence[Run] = ()


@dataclass(frozen=True)
class Section:
    """One part of a page.

    context: a pure function of what was recorded.
    html, markdown: template files in the folder templates/ beside the section's file; `templates` is found by looking.
    "" for a section that is not in that form of the report; what renders to nothing is left out with its title.
    pages: names of the pages that it stands on.
    keeps: what the committed report's record keeps of a run, JSON values only; a pure function. published: the template
    that shows in Markdown what `keeps` returned. None and "" for a section that is not in the committed report.
    excerpt: the template of the little of it that a README shows.
    """

    name: str
    order: int
    title: str
    context: Callable[[Recorded], Mapping[str, object]]
    html: str
    markdown: str
    pages: tuple[str, ...] = ("overview",)
    templates: Path = Path()
    keeps: Callable[[Recorded], Mapping[str, object]] | None = None
    published: str = ""
    excerpt: str = ""


Subjects = Mapping[str, Sequence[Outcome]]


def everything(outcomes: Sequence[Outcome], facts: Facts) -> Subjects:
    """Return the one subject of a page about everything."""
    return {"": outcomes}


def always(recorded: Recorded) -> bool:
    """Return that the page is in every report."""
    return True


@dataclass(frozen=True)
class Page:
    """One kind of page.

    file: its place in the report's folder, with {} for the subject where there are several.
    subjects: a pure function: what there is a page about, with the outcomes that concern it.
    applies: whether a report of what was recorded has such pages.
    """

    name: str
    order: int
    title: str
    file: str
    subjects: Callable[[Sequence[Outcome], Facts], Subjects] = everything
    applies: Callable[[Recorded], bool] = always

    def place(self, subject: str) -> str:
        """Return where the page about this subject is."""
        return self.file.format(file_name(subject)) if "{}" in self.file else self.file


@dataclass(frozen=True)
class Parts:
    """All that a report is made of. assets: files that pages refer to, by name."""

    pages: tuple[Page, ...]
    sections: tuple[Section, ...]
    assets: Mapping[str, Path]


def discover_parts(*folders: Path) -> Parts:
    """Return the PAGE and the SECTION of every Python file in the folders, in the order that they ask for.

    Without folders: reports/ of every place that has content. Of two assets of one name the first is taken.
    """
    places = folders or tuple(root / "reports" for root in content_folders())
    pages: dict[str, Page] = {}
    sections: dict[str, Section] = {}
    for file in (file for folder in places for file in sorted(folder.glob("*.py"))):
        module = load_file(file)
        page, section = getattr(module, "PAGE", None), getattr(module, "SECTION", None)
        if not isinstance(page, Page) and not isinstance(section, Section):
            raise UserError(
                f"looking for parts of the report: {file} does not end in SECTION = Section(...) or PAGE = Page(...)"
            )
        for part, found in ((page, pages), (section, sections)):
            if part is not None and part.name in found:
                raise UserError(f"looking for parts of the report: {file} gives the name {part.name} again; rename one")
        if isinstance(page, Page):
            pages[page.name] = page
        if isinstance(section, Section):
            sections[section.name] = replace(section, templates=file.parent / TEMPLATES)
    assets = [file for folder in places for file in sorted((folder / ASSETS).glob("*"))]
    return Parts(
        tuple(sorted(pages.values(), key=lambda one: (one.order, one.name))),
        tuple(sorted(sections.values(), key=lambda one: (one.order, one.name))),
        {file.name: file for file in reversed(assets)},
    )


@dataclass(frozen=True)
class Links:
    """Where each page is, as seen from one of them. files: by page and subject."""

    files: Mapping[tuple[str, str], str]
    here: str

    def __call__(self, page: str, subject: str = "", anchor: str = "") -> str:
        """Return a relative link, "" if there is no such page."""
        file = self.files.get((page, subject))
        return f"{self.up}{file}{f'#{anchor}' if anchor else ''}" if file else ""

    @property
    def up(self) -> str:
        """Return the way to the report's folder."""
        return "../" * self.here.count("/")


def file_name(subject: str) -> str:
    """Return a name that every file system takes, its own for each subject; a plain name as it is."""
    if _PLAIN_NAME.fullmatch(subject):
        return subject
    plain = re.sub(r"[^a-z0-9]+", "-", subject.lower()).strip("-")[:40]
    return f"{plain or 'of'}.{fingerprint(subject)}"


def fingerprint(*texts: str) -> str:
    """Return eight hexadecimal digits that stand for the texts, on every machine."""
    return hashlib.sha256("\0".join(texts).encode(errors="surrogatepass")).hexdigest()[:8]
