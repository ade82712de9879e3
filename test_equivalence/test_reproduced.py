"""Scripts that `nnparity reproduce` writes of known divergences show them: a few, and all in the nightly profile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nnparity.bench import Bench
from nnparity.by_hand import by_hand_in
from nnparity.discovery import Content
from nnparity.divergence import KnownDivergence
from nnparity.plugin import CONTENT, SELECTION, current_profile
from nnparity.reproduced import Became, tried

SAMPLED = 5


def sampled(content: Content) -> Iterator[KnownDivergence]:
    """Yield a few entries of components that always run, each in another environment, as their witnesses' hashes fall.

    Nobody chose them: what is taken differs from what is easy.
    """
    seen: set[str] = set()
    for entry in sorted(content.known, key=lambda one: one.witness.digest):
        component = content.components.get(entry.component)
        if component is None or entry.component in content.on_demand or component.environment in seen:
            continue
        if len(seen) < SAMPLED:
            seen.add(component.environment)
            yield entry


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scripted" in metafunc.fixturenames:
        content, asked = metafunc.config.stash[CONTENT], metafunc.config.stash[SELECTION]
        chosen = list(content.known if current_profile().on_demand else sampled(content))
        chosen = [one for one in chosen if not asked.layers or one.witness.layer in asked.layers]
        chosen = [one for one in chosen if not asked.components or one.component in asked.components]
        nothing = pytest.param(None, marks=pytest.mark.skip("no known divergence of what was asked for is tried"))
        metafunc.parametrize("scripted", [pytest.param(one, id=one.id) for one in chosen] or [nothing])


def test_script_shows_the_known_divergence(scripted: KnownDivergence, bench: Bench, tmp_path: Path) -> None:
    one = tried(scripted, bench, tmp_path, by_hand_in())
    if one.became is Became.NOT_HERE:
        pytest.skip(f"no path of it can run here: {one.said}"[:400])
    made = one.made.file if one.made else "no script"
    assert one.became.right, f"{one.became.value}: {scripted.id} on {one.path}, {made}: {one.said}"
