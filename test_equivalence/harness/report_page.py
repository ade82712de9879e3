"""A report as a browser takes it apart, and what must be true of every report's tags, links and characters."""

from __future__ import annotations

import re
from html.parser import HTMLParser

TAGS = {
    "a", "article", "b", "body", "br", "caption", "code", "dd", "details", "div", "dl", "dt", "form", "h1", "h2", "h3",
    "head", "header", "html", "input", "label", "li", "main", "meta", "nav", "output", "p", "pre", "script", "section",
    "small", "span", "strong", "style", "summary", "table", "tbody", "td", "th", "thead", "title", "tr", "ul", "wbr",
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
        if tag not in {"meta", "input", "br", "wbr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text += data


ATTRIBUTES = {
    "aria-hidden", "aria-label", "aria-labelledby", "aria-live", "autocomplete", "charset", "class", "colspan",
    "content", "data-column", "data-from", "data-layer", "data-path", "data-span", "hidden", "href", "http-equiv",
    "id", "lang", "name", "open", "placeholder", "rel", "role", "rowspan", "scope", "style", "tabindex", "title",
    "type",
}  # fmt: skip


def assert_tame(page: str) -> None:
    """Assert that the page has no other tag, attribute or link than our templates write, and no hidden character."""
    seen = Page(page)
    assert set(seen.tags) <= TAGS
    assert seen.tags["script"] == 1
    assert seen.attributes <= ATTRIBUTES
    assert all(link.startswith("#") or re.fullmatch(r"https?://[\w./-]+", link) for link in seen.links), seen.links
    assert seen.unbalanced == []
    assert seen.open == []
    assert len(set(seen.ids)) == len(seen.ids)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]", page)
