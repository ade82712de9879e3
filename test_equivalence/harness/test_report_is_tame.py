"""Nothing in a report is obeyed: names, details and links from tools are shown as the characters that they are."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markupsafe import Markup

from nnparity.escape import breakable, markdown, visible, web_link
from nnparity.loading import load_file
from nnparity.outcome import Verdict
from nnparity.pages import discover_parts
from nnparity.report import write_report
from nnparity.store import Results

drawn = load_file(Path(__file__).with_name("drawn_results.py"))
browsed = load_file(Path(__file__).with_name("report_page.py"))
PARTS = discover_parts(Path(__file__).parents[2] / "reports")
PLANTED = (
    "<script>alert(1)</script>",
    "<img src=x>",
    "<p onclick=x>",
    "<a href=javascript:x>a</a>",
    "<p>unclosed",
    "\x1b",
)


def everything_hostile() -> Results:
    """Return results in which every text of facts and outcomes is one of the hostile ones, and each comes up."""
    facts, outcomes = drawn.small_run()
    steps = {text.replace(">", "") or "empty" for text in drawn.HOSTILE}
    outcomes += [
        drawn.one(
            case=text,
            layer=text,
            config={text: text},
            path=tuple(sorted(steps)[index % 3 : index % 3 + 3]),
            verdict=list(Verdict)[index % 6],
            known=text,
            component=text,
            open_axes=(text,),
            op_counts={step: {text: 3} for step in steps},
            detail=text,
            reproduce=text,
            evidence={
                "window": {**drawn.EVIDENCE["window"], "output": text, "got": [[text] * 3] * 2},
                "inputs": {text: {"dtype": text, "shape": [2], "min": text, "max": text, "nan": text, "first": [text]}},
            },
        )
        for index, text in enumerate(drawn.HOSTILE * 6)
    ]
    texts = {text: text for text in drawn.HOSTILE}
    facts["layers"] |= {
        text: {"source": text, "catches": text, "formula": text, "code": {text: text, "torch": text}} for text in texts
    }
    facts["known"] |= {text: dict.fromkeys(("component", "layer", "fix", "reason", "link"), text) for text in texts}
    facts["steps"] |= {step: {"representation": step, "title": step, "kind": step} for step in steps}
    facts["environments"] |= {text: {"versions": texts, "licences": texts, "components": list(texts)} for text in texts}
    facts["not_run"] |= texts
    facts["explained"] = {
        f"{one.case}@{one.path_id}": {
            **dict.fromkeys(("operator", "script", "folder", "files", "said"), one.case),
            "modules": {one.case: one.case},
        }
        for one in outcomes
    }
    facts |= {"cpu": drawn.HOSTILE[0], "profile": drawn.HOSTILE[1], "paths": [*facts["paths"], *sorted(steps)]}
    return Results(facts, tuple(outcomes), drawn.HOSTILE)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the pages of results whose every text is hostile."""
    folder = tmp_path_factory.mktemp("report")
    before = replace(everything_hostile(), outcomes=everything_hostile().outcomes[3:])
    written = write_report(everything_hostile(), folder, PARTS, [before])
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in written}


def test_hostile_names_stay_names_in_html(pages: dict[str, str]) -> None:
    html = {name: text for name, text in pages.items() if name.endswith(".html")}
    assert {name.partition("/")[0] for name in html} > {"layers", "components", "failures"}
    tags: set[str] = set()
    for name, text in html.items():
        browsed.assert_tame(text)
        browsed.assert_resolved(name, html)
        tags |= set(browsed.Page(text).tags)
    assert tags == browsed.TAGS


@pytest.mark.parametrize(
    "kind", ["index", "layers/", "components/", "failures/", "divergences", "coverage", "machine", "trend"]
)
def test_hostile_names_are_shown_on_every_kind_of_page(pages: dict[str, str], kind: str) -> None:
    text = "".join(browsed.Page(text).text for name, text in pages.items() if name.startswith(kind))
    assert "<script>alert(1)</script>" in text
    assert "␛[31mred␛[0m" in text
    assert "{{ 7 * 7 }}{% raw %}{# no #}" in text


@pytest.mark.parametrize("planted", PLANTED)
def test_a_page_that_is_not_tame_is_caught(pages: dict[str, str], planted: str) -> None:
    page = pages["index.html"].replace("</main>", f"{planted}</main>")
    with pytest.raises(AssertionError):
        browsed.assert_tame(page)


def test_page_allows_its_own_script_only_and_fetches_nothing(pages: dict[str, str]) -> None:
    policy = "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; form-action 'none'"
    for name, text in pages.items():
        if name.endswith(".html"):
            assert policy in text
        if name.endswith((".html", "page.css", "page.js", "charts.js")):
            assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|import\(", text.replace("{% raw %}", ""))


def test_hostile_names_stay_names_in_markdown(pages: dict[str, str]) -> None:
    page = pages["report.md"]
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(page)
    inline = [child for token in tokens for child in token.children or ()]
    assert {token.content for token in [*tokens, *inline] if "html" in token.type} == {"<br>"}
    assert {token.type for token in inline} == {"text", "strong_open", "strong_close", "html_inline", "softbreak"}
    assert {token.type for token in tokens} & {
        "fence",
        "code_block",
        "hr",
        "blockquote_open",
        "ordered_list_open",
    } == set()
    headings = [tokens[index + 1].content for index, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings[0] == "nnparity report"
    assert "title" not in headings


def test_tables_in_markdown_keep_their_columns(pages: dict[str, str]) -> None:
    page = pages["report.md"]
    tables = re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE)
    assert len(tables) > 8
    for table in tables:
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(columns) == 1, table


def test_hostile_names_stay_names_in_junit(pages: dict[str, str]) -> None:
    root = ET.fromstring(pages["junit.xml"])  # noqa: S314 we wrote it
    names = {suite.get("name") for suite in root}
    assert {visible(text) for text in drawn.HOSTILE if "\n" not in text} <= names
    assert {element.tag for element in root.iter()} == {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "error",
        "skipped",
        "system-out",
    }


def test_hostile_names_stay_names_in_json(pages: dict[str, str]) -> None:
    assert set(drawn.HOSTILE) <= set(json.loads(pages["summary.json"])["layers"])
    assert pages["summary.json"].isascii()


@given(st.one_of(drawn.texts(), st.text(st.sampled_from("|`<>&*_[]()!#~\\-+=:. 1a\n\t$"), max_size=12)))
@example("a\\")
@example("\\|")
@example("_a_b_")
@example("&amp;")
def test_markdown_shows_the_text_as_it_is(text: str) -> None:
    cell = f"| {markdown(text)} | end |"
    tokens = (
        MarkdownIt("commonmark", {"html": True})
        .enable(["table", "strikethrough"])
        .parse(f"| a | b |\n|---|---|\n{cell}\n")
    )
    cells = [tokens[index + 1] for index, token in enumerate(tokens) if token.type == "td_open"]
    assert len(cells) == 2
    shown = "".join("\n" if child.type == "html_inline" else child.content for child in cells[0].children or ())
    assert [child.content for child in cells[0].children or () if child.type == "html_inline"] == [
        "<br>"
    ] * shown.count("\n")

    def plain(words: str) -> str:
        return " ".join(words.split())

    assert plain(shown) == plain(visible(text))


@given(drawn.texts())
def test_visible_text_is_allowed_in_xml(text: str) -> None:
    element = ET.Element("a", text=visible(text))
    element.text = visible(text)
    again = ET.fromstring(ET.tostring(element, encoding="utf-8"))  # noqa: S314 we wrote it
    assert again.text == (visible(text).replace("\r", "\n") or None)
    assert visible(visible(text)) == visible(text)


def test_markup_stays_markup() -> None:
    assert isinstance(visible(Markup("<b>\x1b</b>")), Markup)
    assert visible(Markup("<b>\x1b</b>")) == "<b>␛</b>"
    assert markdown(Markup("<br>")) == "<br>"


def test_names_break_at_their_joints() -> None:
    assert breakable("onnx_from_<b>Torch") == "onnx_<wbr>from_<wbr>&lt;b&gt;Torch"
    assert breakable("__init__ExportedProgram") == "__<wbr>init__<wbr>Exported<wbr>Program"


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://example.org/a?b=1#c", "https://example.org/a?b=1#c"),
        ("javascript:alert(1)", ""),
        ("https://", ""),
        ("https://example.org/<script>", ""),
        ("https://example.org/a b", ""),
        ("//example.org", ""),
        ("https://[x", ""),
        ("", ""),
    ],
)
def test_only_plain_web_links_become_links(text: str, link: str) -> None:
    assert web_link(text) == link
