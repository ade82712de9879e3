"""Relations hold for every layer's own reference, and show what a single run of a path cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nnparity.cases import load_case, save_case
from nnparity.contracts import Arrays, Config
from nnparity.discovery import Content
from nnparity.layers import Case, LayerSpec, changed_by_relation, relation_of, rounded, weights_of
from nnparity.oracle import EXACT, Oracle
from nnparity.outcome import Outcome, Status, Verdict
from nnparity.plan import PROFILES, models_of
from nnparity.plugin import CONTENT, SELECTION
from nnparity.related import Side, compare_related
from nnparity.relations import Relation, changed_inputs

if TYPE_CHECKING:
    from click.testing import Result

    from test_equivalence.harness.conftest import World

PATH = "toy>table_from_toy>table_cpu"
SUMMED = Relation(
    "greatest twice",
    "it takes a maximum of x",
    lambda config, inputs, rng: {**inputs, "y": inputs["y"] + inputs["x"].max()},
)
LEAKS = {
    ("rows alone", "another row's NaN"): ('return {"y": ', 'return {"y": 0 * inputs["x"].sum() + '),
    ("rows alone", "another row's size"): (
        'return {"y": ',
        'return {"y": np.float32(np.abs(inputs["x"]).max() > 100) + ',
    ),
    ("rows in any order", "the run before"): (
        'return {"y": np.multiply(self._factor, inputs["x"])}',
        'y, self._kept = getattr(self, "_kept", inputs["x"]), inputs["x"]\n'
        '        return {"y": np.multiply(self._factor, y)}',
    ),
}

FAULTS: dict[tuple[str, str], tuple[Callable[[Arrays], Arrays], Callable[[Arrays, np.ndarray], np.ndarray]]] = {
    ("gather", "rows alone"): (dict, lambda inputs, y: y + 0 * inputs["x"].sum()),
    ("gather", "picked in any order"): (dict, lambda inputs, y: y + np.arange(y.size).reshape(y.shape)),
    ("gather", "renumbered"): (lambda inputs: {**inputs, "indices": np.minimum(inputs["indices"], 0)}, lambda _, y: y),
    ("where", "a not taken"): (dict, lambda inputs, y: y + 0 * inputs["a"]),
    ("where", "b not taken"): (dict, lambda inputs, y: y + 0 * inputs["b"]),
    ("scatter", "updates in any order"): (
        lambda inputs: {**inputs, "updates": np.concatenate([0 * inputs["updates"][:1], inputs["updates"][1:]])},
        lambda _, y: y,
    ),
    ("scatter", "rows replaced"): (dict, lambda inputs, y: y + inputs["table"]),
    ("scatter", "first row alone"): (dict, lambda inputs, y: y + 0 * inputs["table"].sum()),
    ("einsum", "summed in any order"): (
        lambda inputs: {**inputs, "left": np.where(np.arange(inputs["left"].shape[-1]) > 0, inputs["left"], 0)},
        lambda _, y: y,
    ),
    ("einsum", "kept in any order"): (dict, lambda inputs, y: y + np.arange(y.size).reshape(y.shape)),
}
"""By layer and relation: what goes wrong with the inputs, and with the outputs, so that the relation is broken."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "layer_name" in metafunc.fixturenames and "relation" not in metafunc.fixturenames:
        content, selection = metafunc.config.stash[CONTENT], metafunc.config.stash[SELECTION]
        metafunc.parametrize("layer_name", selection.layer_names(content))


def related_cases(layer: LayerSpec) -> list[Case]:
    return [case for model in models_of(layer, PROFILES["ci"], 0) for case in model.cases if case.relation]


def with_relations(world: World) -> None:
    world.edit("models/toy_scale.py", "    examples=(", "    relations=relations.ROWS,\n    examples=(")
    world.edit(
        "models/toy_scale.py",
        "from nnparity import strat",
        "from nnparity import relations\nfrom nnparity import strat",
    )


def verdicts(world: World, **options: Any) -> dict[str, list[Outcome]]:
    """Return the outcomes of the toy layer's first model, by relation."""
    bench = world.bench(**options)
    found: dict[str, list[Outcome]] = {}
    for case in world.cases(bench):
        found.setdefault(case.relation, []).append(world.check(bench, PATH, case=case))
    return found


def sides(case: Case, layer: LayerSpec, content: Content) -> tuple[Side, Side]:
    """Return both runs of the relation, as the layer's reference has them."""
    oracle = Oracle(Unbuilt(content))  # type: ignore[arg-type]
    weights = rounded(weights_of(layer, case.config, case.seed), EXACT)
    changed = changed_by_relation(case, layer)
    assert changed is not None
    both = []
    for inputs in (case.inputs, changed):
        one = replace(case, relation="", inputs=inputs)
        with np.errstate(all="ignore"):
            outputs = layer.reference(case.config, weights, rounded(inputs, EXACT))
            both.append(Side(rounded(outputs, case.config["dtype"]), oracle.bare_expectation(one)))
    return both[0], both[1]


class Unbuilt:
    """A bench of which only the content is asked."""

    def __init__(self, content: Content) -> None:
        self.content = content


def test_the_reference_keeps_its_own_relations(layer_name: str, content: Content) -> None:
    layer = content.layers[layer_name]
    for case in related_cases(layer):
        first, second = sides(case, layer, content)
        comparison = compare_related(relation_of(case, layer), case, first, second)
        assert comparison.matches, f"{case.relation}, config {dict(case.config)}: {comparison.detail}"


def test_every_relation_is_asked_about_and_shows_a_wrong_second_run(layer_name: str, content: Content) -> None:
    layer = content.layers[layer_name]
    shown: dict[str, list[bool]] = {relation.name: [] for relation in layer.relations}
    for case in related_cases(layer):
        first, second = sides(case, layer, content)
        wrong = replace(second, outputs={name: moved(array) for name, array in second.outputs.items()})
        shown[case.relation].append(not compare_related(relation_of(case, layer), case, first, wrong).matches)
    assert [name for name, seen in shown.items() if not any(seen)] == []


@pytest.mark.parametrize(("layer_name", "relation"), FAULTS, ids=map("-".join, FAULTS))
def test_a_fault_breaks_the_relation_that_is_about_it(layer_name: str, relation: str, content: Content) -> None:
    layer = content.layers[layer_name]
    before, after = FAULTS[layer_name, relation]

    def faulty(config: Config, weights: Arrays, inputs: Arrays) -> Arrays:
        return {"y": after(inputs, layer.reference(config, weights, before(inputs))["y"])}

    wrong = replace(layer, reference=faulty)
    cases = [case for case in related_cases(layer) if case.relation == relation]
    comparisons = [compare_related(relation_of(case, layer), case, *sides(case, wrong, content)) for case in cases]
    assert not all(comparison.matches for comparison in comparisons)


def moved(array: np.ndarray) -> np.ndarray:
    return array + 1 if array.dtype.kind != "b" else ~array


def test_an_input_without_elements_leaves_nothing_to_say() -> None:
    x = np.zeros((0, 2), np.float32)
    assert changed_inputs(SUMMED, {}, {"x": x, "y": np.ones(3)}, 0) is None
    assert changed_inputs(SUMMED, {}, {"x": np.ones((1, 2)), "y": np.ones(3)}, 0) is not None


def test_relations_hold_on_a_path_that_keeps_them(world: World) -> None:
    with_relations(world)
    found = verdicts(world)
    assert set(found) == {"", "rows alone", "rows in any order"}
    assert {one.verdict for outcomes in found.values() for one in outcomes} == {Verdict.PASS}
    assert {one.relation for one in found["rows alone"]} == {"rows alone"}


@pytest.mark.parametrize(("relation", "leak"), LEAKS)
def test_what_leaks_into_a_run_breaks_a_relation_and_nothing_else(world: World, relation: str, leak: str) -> None:
    with_relations(world)
    world.edit("converters/runtimes/table_cpu.py", *LEAKS[relation, leak])
    bench = world.bench()
    kept = world.cases(bench)
    # Whether the other row becomes NaN or a thousand is drawn for each case.
    alone = [replace(kept[0], seed=seed, relation=relation) for seed in range(12)]
    outcomes = [world.check(bench, PATH, case=case) for case in alone]
    assert Status.MISMATCH in {outcome.status for outcome in outcomes}
    assert {world.check(bench, PATH, case=replace(case, relation="")).status for case in alone} == {Status.MATCH}
    broken = next(outcome for outcome in outcomes if outcome.status is Status.MISMATCH)
    assert broken.detail.startswith(f"relation {relation!r}: ")


def test_a_relation_that_says_nothing_about_a_case_is_an_error(world: World) -> None:
    with_relations(world)
    bench = world.bench()
    one_row = replace(world.cases(bench)[0], inputs={"x": np.ones((1, 3), np.float32)}, relation="rows alone")
    outcome = world.check(bench, PATH, case=one_row)
    assert (outcome.status, "says nothing" in outcome.detail) == (Status.ERROR, True)


@pytest.mark.parametrize(
    "outputs",
    [{}, {"y": [1.0]}, {"y": np.ones((2, 9), np.float32)}, {"y": np.ones((2, 3), np.float32), "z": np.ones(1)}],
    ids=["missing", "no array", "another shape", "one too many"],
)
@pytest.mark.parametrize("place", [0, 1])
def test_outputs_that_cannot_be_tied_are_problems(world: World, outputs: Arrays, place: int) -> None:
    with_relations(world)
    content = world.content()
    layer = content.layers["toy_scale"]
    case = next(case for case in related_cases(layer) if case.config["inner"] == [3] and len(case.inputs["x"]) == 2)
    both = list(sides(case, layer, content))
    both[place] = replace(both[place], outputs=outputs)
    assert not compare_related(relation_of(case, layer), case, both[0], both[1]).matches


def test_a_case_keeps_its_relation_in_its_file_and_its_id(world: World, tmp_path: Path) -> None:
    with_relations(world)
    cases = world.cases(world.bench())
    one = next(case for case in cases if case.relation)
    assert load_case(save_case(one, tmp_path)).relation == one.relation
    assert len({case.id for case in cases}) == len(cases)


def test_a_case_about_a_relation_that_is_gone_is_refused(command: Callable[..., Result], built_world: World) -> None:
    case = replace(next(iter(models_of(built_world.content().layers["toy_scale"], PROFILES["quick"], 0))).cases[0])
    save_case(replace(case, relation="lost"), built_world.folder / "nnparity-results" / "cases")
    result = command(
        "run", "--models", "models", "--converters", "converters", "--case", replace(case, relation="lost").id
    )
    assert (result.exit_code, "'lost'" in result.output) == (2, True)
