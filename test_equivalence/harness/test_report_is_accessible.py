"""Every kind of page of the report passes axe-core's rules, in a light and in a dark browser."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from nnparity.loading import load_file
from nnparity.pages import discover_parts
from nnparity.report import write_report
from nnparity.store import Results

HERE = Path(__file__).parent
drawn = load_file(HERE / "drawn_results.py")
browsing = load_file(HERE / "browser.py")
PARTS = discover_parts(HERE.parents[1] / "reports")
AXE = (HERE / "axe_core" / "axe.min.js").read_text(encoding="utf-8")
DARK = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")
FOUND = "found "
EXAMINE = f"""
addEventListener("load", async () => {{
  const found = await axe.run();
  const told = found.violations.map((one) => `${{one.id}}: ${{one.nodes[0].html}}`);
  document.title = "{FOUND}" + JSON.stringify({{ told, passes: found.passes.map((one) => one.id) }});
}});
"""

pytestmark = browsing.needs_chromium


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    facts, outcomes = drawn.small_run()
    place = tmp_path_factory.mktemp("small")
    write_report(Results(facts, tuple(outcomes), ("a note",)), place, PARTS, [Results({}, tuple(outcomes[:2]))])
    return place


def examined(page: Path, folder: Path, *flags: str) -> dict[str, list[str]]:
    """Return the violations that axe-core tells of and the rules that passed."""
    text = re.sub(r"<meta http-equiv=.*>", "", page.read_text(encoding="utf-8"))
    changed = page.with_name("examined.html")
    changed.write_text(text.replace("</body>", f"<script>{AXE}</script><script>{EXAMINE}</script></body>"), "utf-8")
    title = browsing.title(browsing.Browser(folder).dom(changed, flags=flags))
    changed.unlink()
    assert title.startswith(FOUND), title
    return json.loads(html.unescape(title.removeprefix(FOUND)))  # type: ignore[no-any-return]


@pytest.mark.parametrize("flags", [(), DARK], ids=["light", "dark"])
@pytest.mark.parametrize("kind", ["index", "layers/softmax", "components/onnxruntime_cpu", "failures/*", "[a-hj-z]*"])
def test_page_has_no_violation(folder: Path, tmp_path: Path, kind: str, flags: tuple[str, ...]) -> None:
    pages = sorted(folder.glob(f"{kind}.html"))
    assert pages
    for page in pages:
        found = examined(page, tmp_path, *flags)
        assert found["told"] == [], page.name
        assert {"color-contrast", "document-title", "html-has-lang"} <= set(found["passes"])


def test_violation_would_be_seen(folder: Path, tmp_path: Path) -> None:
    bad = folder / "bad.html"
    text = (folder / "index.html").read_text(encoding="utf-8")
    bad.write_text(text.replace("</main>", '<img><p style="color: #777; background: #888">dim</p></main>'), "utf-8")
    told = examined(bad, tmp_path)["told"]
    bad.unlink()
    assert {one.partition(":")[0] for one in told} >= {"image-alt", "color-contrast"}
