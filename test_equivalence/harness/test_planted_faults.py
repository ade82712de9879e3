"""The judge shows every planted fault, in every layer, or it is said why nobody could see it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnparity.bench import Bench
from nnparity.budget import CONSTANT, Expectation, expectation
from nnparity.compare import compare
from nnparity.discovery import Content
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.oracle import Oracle
from nnparity.perturbation import perturbed_runs
from nnparity.plugin import CONTENT, SELECTION

planted = load_file(Path(__file__).with_name("planted.py"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "layer_name" in metafunc.fixturenames:
        config = metafunc.config
        metafunc.parametrize("layer_name", config.stash[SELECTION].layer_names(config.stash[CONTENT]))


class Lax(Oracle):
    """Allows a thousand times what it should."""

    def expectation(self, case: Case, root: str) -> Expectation:
        right = super().expectation(case, root)
        return Expectation({
            name: replace(output, budget=1000 * output.budget) for name, output in right.outputs.items()
        })


def test_every_planted_fault_is_shown(layer_name: str, content: Content, bench: Bench) -> None:
    layer = content.layers[layer_name]
    tally = planted.tallied(layer, planted.fared(layer, planted.cases_of(layer), Oracle(bench), enough=1))
    assert not tally.is_wrong, "\n".join(tally.lines())
    assert len(tally.shown) > 20


def test_a_judge_that_allows_too_much_misses_faults(content: Content, bench: Bench) -> None:
    layer = content.layers["layer_norm"]
    tally = planted.tallied(layer, planted.fared(layer, planted.cases_of(layer), Lax(bench), enough=1))
    missed = {fault.name for fault in tally.missed}
    assert {"inputs: x in float16", "weights: scale in float16", "outputs: y in float16"} <= missed
    assert tally.is_wrong


def test_an_excuse_for_what_is_shown_or_for_nothing_is_an_error(
    content: Content, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = content.layers["softmax"]
    excuses = {"outputs: y missing": "nobody looks", "weights: gone *": "there are none"}
    monkeypatch.setattr(planted, "excuses", lambda _: excuses)
    tally = planted.tallied(layer, planted.fared(layer, planted.cases_of(layer)[:6], Oracle(bench), enough=1))
    assert set(tally.overturned) == set(excuses)
    assert tally.is_wrong


def test_every_file_of_faults_is_a_family_or_a_layers_own(content: Content) -> None:
    named = {file.stem for file in planted.FOLDER.glob("*.py")}
    assert named <= {*planted.FAMILIES, *content.layers}
    assert named >= set(planted.FAMILIES)


@pytest.mark.parametrize("place", [(0, 0), (499, 500), (999, 999)])
def test_one_wrong_element_of_a_million_is_shown(place: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1000, 1000)).astype(np.float32)
    runs = [{"x": x}, *perturbed_runs({"x": x}, rng, "float32")]
    expected = expectation([{"y": tanh(run["x"].astype(np.float64))} for run in runs], [{"y": tanh(x)}], "float32")
    right = tanh(x)
    assert compare({"y": right}, expected).matches
    right[place] += 1e-4
    comparison = compare({"y": right}, expected)
    assert (comparison.wrong, comparison.worst and comparison.worst.index) == (1, place)


def tanh(x: np.ndarray) -> Any:
    return np.tanh(x)


def test_the_figures_of_the_document_come_out_at_a_small_size_too() -> None:
    trust = load_file(Path(__file__).parents[2] / "benchmarks" / "trust.py")
    calibrations = [trust.calibrated(dtype, 6) for dtype in ("float32", "float64")]
    assert [one.alarms for one in calibrations] == [0, 0]
    found = list(trust.tallies(["gelu"], "quick", 0))
    lines = list(trust.figures(calibrations, found))
    shown = trust.DOCUMENT.read_text(encoding="utf-8").split(trust.BEGIN)[1].split(trust.END)[0]
    assert [line for line in lines if line.startswith("|-")] == [
        line for line in shown.splitlines() if line.startswith("|-")
    ]
    assert ", 0 missed" in shown
    assert all(f"| {one.dtype} | {CONSTANT[one.dtype]:g} |" in shown for one in calibrations)
