"""Makes text from tools and models safe to show: nothing in it that a page, a table or a terminal would obey."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from markupsafe import Markup, escape

_REPLACEMENT = 0xFFFD
_PICTURES = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"} | {0x7F: 0x2421}
# Controls of the second block, marks that reverse the order of what is read, and code points that XML 1.0 forbids.
_HIDDEN = (*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
_VISIBLE = _PICTURES | dict.fromkeys(_HIDDEN, _REPLACEMENT)

_MARKDOWN = str.maketrans({
    "&": "&amp;",
    "<": "&lt;",
    "\n": "<br>",
    "\t": " ",
    **{mark: f"\\{mark}" for mark in "\\`*[]|~#$"},
})
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_LINE_START = re.compile(r"\s*(?:>|[-+](?:\s|$)|[-=]+\s*$|\d+[.)](?:\s|$))")
_PLAIN_LINK = re.compile(r"https?://[\w.~:/?#@!$&'()*+,;=%-]+", re.ASCII)


def visible(text: str) -> str:
    """Return the text with control characters as their pictures, and nothing that XML forbids or that turns the order.

    Tabs and line ends stay. Markup stays markup.
    """
    cleaned = text.replace("\r\n", "\n").translate(_VISIBLE)
    return Markup(cleaned) if isinstance(text, Markup) else cleaned  # noqa: S704 it was markup before


def breakable(text: str) -> Markup:
    """Return HTML that shows the text and may break a line where a name has joints: after _ and between aB."""
    return Markup(re.sub(r"(?<=_)(?=[^_])|(?<=[a-z])(?=[A-Z])", "<wbr>", str(escape(visible(text)))))  # noqa: S704


def markdown(text: str) -> Markup:
    """Return the text so that Markdown, also in a table, shows it as it is; line ends become <br>. Markup stays."""
    if isinstance(text, Markup):
        return text
    escaped = _EDGE_UNDERSCORE.sub(r"\\_", visible(text).translate(_MARKDOWN))
    if _LINE_START.match(escaped):
        escaped = f"&#{ord(escaped.lstrip()[0])};{escaped.lstrip()[1:]}"
    return Markup(escaped)  # noqa: S704 every character that Markdown obeys is escaped above


def web_link(text: str) -> str:
    """Return the text if it is a plain http or https link, else ""."""
    if not _PLAIN_LINK.fullmatch(text):
        return ""
    try:
        return text if urlsplit(text).hostname else ""
    except ValueError:
        return ""
