"""A report as a browser takes it apart, and what must be true of every report's tags, links and characters."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from html.parser import HTMLParser

TAGS = {
    "a", "article", "b", "body", "br", "caption", "code", "dd", "details", "div", "dl", "dt", "footer", "form", "h1",
    "h2", "h3", "head", "header", "html", "i", "input", "label", "li", "link", "main", "meta", "nav", "option",
    "output", "p", "pre", "script", "section", "select", "small", "span", "strong", "summary", "table", "tbody", "td",
    "th", "thead", "title", "tr", "ul", "wbr",
}  # fmt: skip


class Page(HTMLParser):
    """What a browser would see: tags, links, and the text outside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.ids: list[str] = []
        self.titles: list[str] = []
        self.text = ""
        self.scripts_of_its_own = 0
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        given_attributes = dict(attrs)
        self.attributes |= set(given_attributes)
        self.links |= {value or "" for name, value in attrs if name in {"href", "src", "action"}}
        if identifier := given_attributes.get("id"):
            self.ids.append(identifier)
        self.titles.append(given_attributes.get("title") or "")
        self.scripts_of_its_own += tag == "script" and "src" not in given_attributes
        if tag not in {"link", "meta", "input", "br", "wbr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text += data


ATTRIBUTES = {
    "aria-current", "aria-hidden", "aria-label", "aria-labelledby", "aria-live", "autocomplete", "charset", "class",
    "colspan", "content", "data-allowed", "data-chart", "data-column", "data-copy", "data-failed", "data-from",
    "data-known", "data-label", "data-layer", "data-matched", "data-of", "data-parts", "data-path", "data-span",
    "data-graph", "data-style", "open", "data-anchor", "data-best", "selected",
    "data-total", "defer", "hidden", "href", "http-equiv", "id", "lang", "name", "placeholder", "rel", "role",
    "rowspan", "scope", "src", "style", "tabindex", "title", "type", "value",
}  # fmt: skip


OWN_LINK = re.compile(r"(\.\./)?([a-z]+/)?[\w.-]+\.(html|css|js)(#[\w-]+)?|#[\w-]+")
CHART_TAGS = {"svg", "style", "g", "path", "rect", "circle", "text", "line", "button", "tspan", "title"}
CHART_ATTRIBUTE = re.compile(r"[a-zA-Z-]+")


def assert_tame(page: str, *, drawn: bool = False) -> None:
    """Assert that the page has no other tag, attribute or link than our templates write, and no hidden character.

    drawn: its scripts have run, and charts are in it.
    """
    seen = Page(page)
    assert set(seen.tags) <= (TAGS | CHART_TAGS if drawn else TAGS)
    assert seen.scripts_of_its_own == 0
    assert not {name for name in seen.attributes if name.startswith("on")}
    assert drawn or seen.attributes <= ATTRIBUTES
    assert all(OWN_LINK.fullmatch(link) or re.fullmatch(r"https?://[\w./-]+", link) for link in seen.links), seen.links
    assert seen.unbalanced == []
    assert seen.open == []
    assert len(set(seen.ids)) == len(seen.ids)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]", page)


def assert_resolved(name: str, pages: Mapping[str, str]) -> None:
    """Assert that every link of a page leads to a page or an anchor that is there; assets are not among the pages."""
    for link in Page(pages[name]).links:
        if OWN_LINK.fullmatch(link):
            file, _, anchor = link.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), file)) if file else name
            assert target.startswith("assets/") or target in pages, (name, link)
            assert not anchor or anchor in Page(pages[target]).ids, (name, link)
