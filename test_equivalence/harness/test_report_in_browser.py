"""The report in a real browser: its script runs, its filter filters, its policy holds, and it fits a phone."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from nnparity.loading import load_file
from nnparity.pages import discover_parts
from nnparity.report import write_report
from nnparity.store import Results

if TYPE_CHECKING:
    from test_equivalence.harness.browser import Browser

drawn = load_file(Path(__file__).with_name("drawn_results.py"))
browsed = load_file(Path(__file__).with_name("report_page.py"))
browsing = load_file(Path(__file__).with_name("browser.py"))
PARTS = discover_parts(Path(__file__).parents[2] / "reports")
title = browsing.title
PHONE = 400
CHANGED = "changed.html"

pytestmark = browsing.needs_chromium


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return browsing.Browser(tmp_path)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    facts, outcomes = drawn.small_run()
    before = Results({}, tuple(one for one in outcomes if one.case != "77"))
    return write_report(Results(facts, tuple(outcomes)), tmp_path_factory.mktemp("small"), PARTS, [before])[0]


@pytest.fixture(scope="module")
def wide_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the page of forty paths, with long names."""
    paths = [("torch", f"a_conversion_with_a_long_name_{number}", "onnxruntime_cpu") for number in range(40)]
    detail = "a_word_that_cannot_be_broken" * 20
    outcomes = [drawn.one(path=path, layer=layer) for path in paths for layer in ("attention", "conv2d")]
    outcomes += [outcome.judged(drawn.Verdict.FAIL) for outcome in outcomes[:2]]
    outcomes += [drawn.one(case="long", verdict=drawn.Verdict.FAIL, detail=detail, layer=detail, component=detail)]
    results = Results({}, tuple(outcomes))
    return write_report(
        results, tmp_path_factory.mktemp("wide"), PARTS, [replace(results, outcomes=tuple(outcomes[:80]))]
    )[0]


def with_script(page: Path, script: str, *, policy: bool) -> Path:
    """Return a copy of the page with one more script, with or without the page's policy."""
    text = page.read_text(encoding="utf-8").replace("</body>", f"<script>{script}</script></body>")
    if not policy:
        text = re.sub(r"<meta http-equiv=.*>", "", text)
    changed = page.with_name(CHANGED)  # beside what it refers to
    changed.write_text(text, encoding="utf-8")
    return changed


def with_keys(page: Path, script: str) -> Path:
    """Return a copy of the page that puts into its title what the script gives after the page's own ones have run."""
    return with_script(
        page, f"addEventListener('load', () => {{ document.title = (() => {{ {script} }})(); }});", policy=False
    )


def hidden(dom: str, start: str) -> list[bool]:
    """Return, for every tag that starts like this, whether it is hidden."""
    return [" hidden" in tag for tag in re.findall(rf"<{start}[^>]*>", dom)]


def test_script_runs_without_errors(browser: Browser, page: Path) -> None:
    dom = browser.dom(page)
    assert browser.console == []
    assert hidden(dom, 'form class="filter"') == [False]
    assert hidden(page.read_text(encoding="utf-8"), 'form class="filter"') == [True]
    assert "2 of 6 checks failed" in browsed.Page(dom).text


@pytest.mark.parametrize("kind", ["layers/*", "components/*", "failures/*", "*"])
def test_every_page_opens_without_errors(browser: Browser, page: Path, kind: str) -> None:
    opened = [one for one in sorted(page.parent.glob(f"{kind}.html")) if one.name != CHANGED][:4]
    assert opened
    for one in opened:
        dom = browser.dom(one)
        assert browser.console == [], one.name
        browsed.assert_tame(dom, drawn=True)


def charts_of(dom: str) -> list[tuple[str, str]]:
    """Return the kind and the drawing of every chart."""
    return re.findall(r'<div class="chart" data-chart="(\w+)"[^>]*>(<svg.*?</svg>)?', dom, re.DOTALL)


def test_trend_is_drawn_from_its_tables(browser: Browser, page: Path) -> None:
    charts = charts_of(browser.dom(page.parent / "trend.html"))
    assert [kind for kind, _ in charts] == ["parts", "dots", "dots"]
    assert charts[0][1].count("var(--matched-fill)") == 2
    assert charts[0][1].count("var(--failed-fill)") == 2
    for _, drawing in charts[1:]:
        assert drawing.count("<circle") == 2
        assert "NaN" not in drawing


def test_charts_are_drawn_from_their_tables(browser: Browser, page: Path) -> None:
    charts = charts_of(browser.dom(page.parent / "layers" / "softmax.html"))
    assert [kind for kind, _ in charts] == ["strokes", "parts", "bars", "bars", "dots", "dots"]
    for kind, drawing in charts:
        assert "onnxruntime_cpu" in drawing, kind
        assert 'aria-label="' in drawing, kind
        assert "NaN" not in drawing, kind
    assert charts[1][1].count("var(--family-") == 5


def test_graph_is_drawn_from_its_table_when_it_is_opened(browser: Browser, page: Path) -> None:
    layer = page.parent / "layers" / "softmax.html"
    assert 'class="operators"' not in browser.dom(layer)
    dom = browser.dom(
        with_script(
            layer,
            "addEventListener('load', () => document.querySelector('.drawing').parentElement.open = true)",
            policy=False,
        )
    )
    assert browser.console == []
    drawing = dom[dom.index('class="operators"') : dom.index("</svg>")]
    assert drawing.count('class="node"') == 6
    assert drawing.count('class="frame"') == 1
    assert drawing.count("<path") == 5
    assert "var(--family-6)" in drawing  # Cast
    assert "&lt;b&gt;mask&lt;/b&gt;" in drawing
    assert "alert(1)" in browsed.Page(dom).text
    assert "NaN" not in drawing
    assert "4 operators" in drawing
    assert "Too large to be drawn" in browsed.Page(dom).text


def test_script_error_would_be_seen(browser: Browser, page: Path) -> None:
    browser.dom(with_script(page, "no_such_function()", policy=False))
    assert any("no_such_function is not defined" in line for line in browser.console)


def test_filter_leaves_what_fits(browser: Browser, page: Path) -> None:
    dom = browser.dom(page, after="?layer=SOFT&path=torch+runtime")
    matrix = dom[dom.index('class="matrix"') :]
    assert hidden(matrix, 'tr data-layer="gelu"') == [True]
    assert hidden(matrix, 'tr data-layer="softmax"') == [False]
    assert hidden(dom, 'th class="path') == [True, False, True]
    assert hidden(dom, 'th class="root') == [True, False]
    failures = dom[dom.index('id="failures"') : dom.index('id="matrix"')]
    assert [hidden(failures, f'tr data-layer="{layer}"') for layer in ("softmax", "gelu")] == [[False], [True]]
    assert "1 of 2 layers, 1 of 3 paths" in browsed.Page(dom).text
    assert browser.console == []


def test_filter_finds_a_representation_by_its_title(browser: Browser, page: Path) -> None:
    dom = browser.dom(page, after="?path=TFLite")
    assert hidden(dom, 'th class="path') == [False, True, True]


def test_filter_leaves_cells_that_came_to_one_thing(browser: Browser, page: Path) -> None:
    dom = browser.dom(page, after="?standing=unsupported")
    matrix = dom[dom.index('class="matrix"') :]
    assert hidden(matrix, 'tr data-layer="gelu"') == [True]
    assert hidden(matrix, 'tr data-layer="softmax"') == [False]
    assert hidden(dom, 'th class="path') == [False, True, True]
    assert "1 of 2 layers, 1 of 3 paths" in browsed.Page(dom).text


def test_filter_that_fits_nothing_says_so(browser: Browser, page: Path) -> None:
    assert "0 of 2 layers, 3 of 3 paths" in browsed.Page(browser.dom(page, after="?layer=%3Cb%3E")).text
    assert browser.console == []


def test_every_cell_leads_to_its_account(browser: Browser, page: Path) -> None:
    folder = page.parent
    pages = {one.relative_to(folder).as_posix(): one.read_text(encoding="utf-8") for one in folder.rglob("*.html")}
    dom = browser.dom(page)
    cells = re.findall(r'<td class="[^"]*"[^>]*><a[^>]*href="(layers/[^"]*)"', dom)
    assert len(cells) == 6
    assert len(set(cells)) == 6
    browsed.assert_resolved("index.html", {**pages, "index.html": dom})


@pytest.fixture(scope="module")
def many_routes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the page of seventy routes to one runtime, of which the fourth matches most."""
    ways = {f"way_{number}": {"title": "ONNX"} for number in range(70)}
    wrong = {"status": drawn.Status.MISMATCH, "verdict": drawn.Verdict.XFAIL}
    outcomes = [
        drawn.one(path=("torch", way, "fast"), layer=layer, **({} if (way, layer) == ("way_4", "gelu") else wrong))
        for way in ways
        for layer in ("gelu", "softmax")
    ]
    outcomes.append(drawn.one(path=("torch", "way_9", "fast"), case="bad", verdict=drawn.Verdict.FAIL))
    results = Results({"steps": ways}, tuple(outcomes))
    return write_report(results, tmp_path_factory.mktemp("many"), PARTS)[0]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("", {4}), ("?routes=", set(range(70))), ("?path=way_12", {12}), ("?standing=failed", {9})],
)
def test_of_many_routes_the_best_is_shown_until_something_is_searched_for(
    browser: Browser, many_routes: Path, asked: str, shown: set[int]
) -> None:
    columns = re.findall(
        r'<th class="path[^>]*title="torch&gt;way_(\d+)&gt;fast"[^>]*>', browser.dom(many_routes, after=asked)
    )
    gone = hidden(browser.dom(many_routes, after=asked), 'th class="path')
    assert {int(number) for number, away in zip(columns, gone, strict=True) if not away} == shown
    assert browser.console == []


def test_one_cell_is_in_the_order_of_the_tab_key_and_arrows_reach_the_others(browser: Browser, page: Path) -> None:
    script = """
    const first = document.querySelector(".matrix td a");
    const tabs = document.querySelectorAll('.matrix td a[tabindex="0"]').length;
    first.focus();
    const ways = ["ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowRight"].map((key) => {
      document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      const cell = document.activeElement.parentElement;
      return `${cell.parentElement.rowIndex - 2},${cell.cellIndex}`;
    });
    return [tabs, ...ways].join(" ");
    """
    assert title(browser.dom(with_keys(page, script))) == "1 1,2 2,2 2,2 2,1 1,1 1,2"


def test_a_command_can_be_copied(browser: Browser, page: Path) -> None:
    (failure, *_) = sorted((page.parent / "failures").glob("softmax*.html"))
    script = "document.querySelector('button').click(); return getSelection().toString();"
    assert title(browser.dom(with_keys(failure, script))) == "nnparity run --case 77"


def test_script_is_copied_as_it_is(browser: Browser, page: Path) -> None:
    (failure,) = (page.parent / "failures").glob("softmax-*.html")
    script = """
        const text = [...document.querySelectorAll("pre")].find((one) => one.textContent.startsWith("import sys"));
        text.previousElementSibling.click();
        return encodeURIComponent(getSelection().toString());
    """
    copied = unquote(title(browser.dom(with_keys(failure, script))))
    assert copied.rstrip() == "import sys\n\nif 1 < 2 and 'y' == \"y\":\n    sys.exit(1)"


@pytest.mark.parametrize("after", ["#%E0%A4%A", "#no-such-cell", "#", "?layer=%00", "?standing=no-such-thing"])
def test_odd_address_is_no_error(browser: Browser, page: Path, after: str) -> None:
    browser.dom(page, after=after)
    assert browser.console == []


def test_hostile_names_do_nothing(browser: Browser, tmp_path: Path) -> None:
    outcomes = [
        drawn.one(
            layer=text,
            detail=text,
            verdict=drawn.Verdict.FAIL,
            error_over_budget=3.0,
            path=(text.replace(">", "") or "step", "runtime"),
            op_counts={"runtime": {text: 3}},
            seconds={"runtime": 1.0},
        )
        for text in drawn.HOSTILE
    ]
    code = {text: {"formula": text, "code": {"torch": text}} for text in drawn.HOSTILE}
    results = Results({"layers": code}, tuple(outcomes))
    before = Results({"cpu": drawn.HOSTILE[0]}, tuple(outcomes[1:]))
    written = write_report(results, tmp_path / "hostile", PARTS, [before, before])
    kinds = {path.parent: path for path in written if path.suffix == ".html"}
    scripted = [path for path in written if path.name.startswith("script-alert")]
    assert {path.parent.name for path in scripted} == {"layers", "failures"}
    for page in {*kinds.values(), *scripted, written[0]}:
        dom = browser.dom(page)
        assert browser.console == [], page
        browsed.assert_tame(dom, drawn=True)


def test_policy_stops_a_script_that_is_not_ours(browser: Browser, page: Path) -> None:
    planted = "document.title = 'obeyed'"
    assert title(browser.dom(with_script(page, planted, policy=False))) == "obeyed"
    assert title(browser.dom(with_script(page, planted, policy=True))) == "nnparity report"
    assert any("Content Security Policy" in line for line in browser.console)


def framed(page: Path, script: str, width: int) -> Path:
    """Return a page whose title is what the script in a copy of the page, in a frame of this width, posts to it."""
    inner = with_script(page, script, policy=False)
    outer = inner.with_name("frame.html")  # a window of Chromium is never narrower than 500 pixels, a frame may be
    outer.write_text(
        "<title></title><script>addEventListener('message', (event) => { document.title = event.data; });</script>"
        f'<iframe src="{inner.name}" width="{width}" height="900" style="border: 0"></iframe>'
    )
    return outer


@pytest.mark.parametrize("kind", ["layers/attention", "index", "trend"])
def test_first_column_stays_on_a_phone(browser: Browser, wide_page: Path, kind: str) -> None:
    measure = """
    for (const one of document.querySelectorAll('details')) one.open = true;
    const wide = [...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth + 40);
    const away = wide.map((one) => {
      one.scrollLeft = one.scrollWidth;
      const first = one.querySelector('tbody th[scope="row"]');
      return Math.round(first.getBoundingClientRect().left - one.getBoundingClientRect().left);
    });
    parent.postMessage(`${wide.length} ${Math.max(...away.map(Math.abs))}`, '*');
    """
    wide, away = map(int, title(browser.dom(framed(wide_page.parent / f"{kind}.html", measure, PHONE))).split())
    assert wide > 0
    assert away == 0


@pytest.mark.parametrize("width", [PHONE, 1400])
@pytest.mark.parametrize(
    "kind", ["index", "layers/attention", "components/onnxruntime_cpu", "machine", "coverage", "trend"]
)
def test_page_is_no_wider_than_the_screen(browser: Browser, wide_page: Path, width: int, kind: str) -> None:
    measure = (
        "for (const one of document.querySelectorAll('details')) one.open = true;"
        "parent.postMessage(`${innerWidth} ${document.documentElement.scrollWidth}`, '*');"
    )
    screen, needed = map(int, title(browser.dom(framed(wide_page.parent / f"{kind}.html", measure, width))).split())
    assert screen == width
    assert needed <= screen


@pytest.mark.parametrize("width", [PHONE, 1400])
def test_page_is_drawn(browser: Browser, wide_page: Path, tmp_path: Path, width: int) -> None:
    columns, rows, distinct = browser.screenshot(wide_page, width=width)
    assert (columns, rows) == (width, 900)
    assert distinct > 300
    blank = tmp_path / "blank.html"
    blank.write_text("<p>.</p>")
    assert browser.screenshot(blank, width=width)[2] < 100
