"""The layer as it is written: in NumPy, which decides, and in each framework."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup
from pygments import highlight  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

from nnparity.escape import visible
from nnparity.pages import Recorded, Section

REFERENCE = "reference"


def context(recorded: Recorded) -> Mapping[str, object]:
    code = recorded.facts.layers[recorded.about].code
    titles = {REFERENCE: "NumPy, in float64: the reference"}
    names = sorted(code, key=lambda name: (name != REFERENCE, recorded.facts.title(name), name))
    return {
        "codes": [
            {"name": name, "title": titles.get(name, recorded.facts.title(name)), "text": _highlighted(code[name])}
            for name in names
            if code[name].strip()
        ]
    }


def _highlighted(code: str) -> Markup:
    """Return the code with a span for each token; everything in it is escaped."""
    html: str = highlight(visible(code), PythonLexer(), HtmlFormatter(nowrap=True))
    return Markup(html)  # noqa: S704 the formatter escapes the text of every token


SECTION = Section(
    name="code",
    order=15,
    title="As it is written",
    context=context,
    html="layer_code.html.jinja",
    markdown="",
    pages=("layer",),
)
