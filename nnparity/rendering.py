"""Templates whose every expression is made safe to show, and files that are put in place whole."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import jinja2

from nnparity.escape import breakable, markdown, visible, web_link
from nnparity.pages import fingerprint

NOTHING = "\N{EN DASH}"


def figure(number: float | None) -> str:
    """Return three significant digits, a dash for "not measured"."""
    if number is None or math.isnan(number):
        return NOTHING
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    return f"{number:.3g}" if abs(number) < 1000 else f"{number:,.0f}"


def times(number: float | None) -> str:
    """Return a ratio as a factor, a dash for "not measured"."""
    shown = figure(number)
    return shown if shown == NOTHING else f"\N{MULTIPLICATION SIGN} {shown}"


def shown_in_html(value: object) -> object:
    """Return text without what a page would obey; the templates escape markup besides."""
    return visible(value) if isinstance(value, str) else value


def shown_in_markdown(value: object) -> object:
    """Return text without what Markdown would obey."""
    return markdown(value) if isinstance(value, str) else value


@cache
def templates(folders: tuple[Path, ...], shown: Callable[[object], object]) -> jinja2.Environment:
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
    environment.filters |= {
        "breakable": breakable, "figure": figure, "fingerprint": fingerprint, "times": times, "web_link": web_link,
    }  # fmt: skip
    return environment


def put(path: Path, data: bytes) -> None:
    """Put the whole file in place at once, or leave what is there."""
    partial_file = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial_file.write_bytes(data)
        partial_file.replace(path)
    finally:
        partial_file.unlink(missing_ok=True)
