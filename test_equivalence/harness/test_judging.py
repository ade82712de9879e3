"""Who computes in a narrower dtype is judged in it; a quantised model by what it says itself, in its own steps."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnparity.cases import save_case
from nnparity.compare import compare
from nnparity.judging import accuracy_loss, as_told, expectation_of_quantised, narrowed
from nnparity.layers import BUILT_IN, Case
from nnparity.options import load_content
from nnparity.outcome import Outcome, Verdict

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

RUNTIME = "converters/runtimes/table_cpu.py"
CONVERSION = "converters/conversions/table_from_toy.py"
RESULT = 'np.multiply(self._factor, inputs["x"])'
PATH = "toy>table_from_toy>other"


def quantised(world: World, off: float, step: float = 0.5) -> Outcome:
    """Return the outcome of a runtime that is `off` from what the quantised table says."""
    world.add(
        "converters/runtimes/other.py", RUNTIME, ('"table_cpu"', '"other"'), (RESULT, f"{RESULT} + np.float32({off})")
    )
    world.edit(
        "converters/representations/table.py", '    name = "table"', '    name = "table"\n    meaning = "table_cpu"'
    )
    world.edit(CONVERSION, '{"factor": factor})', '{"factor": factor * 1.25}).with_steps({"y": ' + str(step) + "})")
    return world.check(world.bench(), PATH)


@pytest.mark.parametrize(("off", "verdict"), [(0.0, Verdict.PASS), (0.45, Verdict.PASS), (0.6, Verdict.FAIL)])
def test_runtime_of_a_quantised_model_is_held_to_its_steps_and_the_loss_stands_apart(
    world: World, off: float, verdict: Verdict
) -> None:
    outcome = quantised(world, off)
    assert outcome.verdict is verdict, outcome.detail
    assert 0.0 < outcome.accuracy_loss < 1.0  # the model's own, whatever the runtime made of it


def test_quantised_model_whose_outputs_have_another_shape_is_held_to_the_layer(world: World) -> None:
    world.edit(RUNTIME, RESULT, f"np.ravel({RESULT})")
    outcome = quantised(world, 0.0)
    assert outcome.verdict is Verdict.FAIL, outcome.detail
    assert "shape" in outcome.detail


def test_loss_is_recorded_where_there_is_one_and_read_back(world: World) -> None:
    outcome = quantised(world, 0.0)
    again = Outcome.from_json(json.loads(json.dumps(outcome.to_json())))
    assert again.accuracy_loss == outcome.accuracy_loss
    plain = world.check(world.bench(), "toy>toy_eager")
    assert "accuracy_loss" not in plain.to_json()
    assert math.isnan(Outcome.from_json(plain.to_json()).accuracy_loss)


@pytest.mark.parametrize(
    ("computes", "factor", "verdict"),
    [
        ("", "1 + 2.0**-12", Verdict.FAIL),
        ("float16", "1 + 2.0**-12", Verdict.PASS),
        ("float16", "1 + 2.0**-4", Verdict.FAIL),
        ("float64", "1 + 2.0**-12", Verdict.FAIL),  # a finer dtype than the case's excuses nothing
    ],
)
def test_runtime_that_computes_in_a_coarser_dtype_is_held_to_it(
    world: World, computes: str, factor: str, verdict: Verdict
) -> None:
    world.edit(RUNTIME, RESULT, f"({RESULT} * ({factor})).astype(np.float32)")
    if computes:
        world.edit(RUNTIME, '    name = "table_cpu"', f'    name = "table_cpu"\n    computes_in = "{computes}"')
    outcome = world.check(world.bench(), "toy>table_from_toy>table_cpu")
    assert outcome.verdict is verdict, outcome.detail


def test_output_may_be_a_step_away_and_as_far_as_moves_of_the_inputs_make_it_go() -> None:
    runs = [
        {"y": np.array([1.0, 1.0], np.float32)},
        {"y": np.array([1.0, 3.0], np.float32)},
        {"y": np.array([1.0, 0.5], np.float32)},
    ]
    expectation = expectation_of_quantised(runs, {"y": 0.25})
    assert expectation.budget["y"].tolist() == [0.25, 2.25]
    assert compare({"y": np.array([1.25, -1.25], np.float32)}, expectation).matches
    assert not compare({"y": np.array([1.26, 1.0], np.float32)}, expectation).matches
    assert not compare({"y": np.array([1.0, -1.3], np.float32)}, expectation).matches


def test_output_told_to_a_digit_is_allowed_half_of_it_and_integers_none() -> None:
    exact = expectation_of_quantised([{"y": np.array([1], np.float32), "n": np.array([3])}], {})
    told = as_told(exact, 0.02)
    assert compare({"y": np.array([1.0099], np.float32), "n": np.array([3])}, told).matches
    assert not compare({"y": np.array([1.0101], np.float32), "n": np.array([3])}, told).matches
    assert not compare({"y": np.array([1], np.float32), "n": np.array([4])}, as_told(exact, 20.0)).matches
    assert as_told(exact, 0.0) is exact


def test_output_without_a_step_is_allowed_the_greatest_one_and_integers_are_exact() -> None:
    runs: list[dict[str, np.ndarray]] = [
        {"y": np.array([1.0], np.float32), "n": np.array([4], np.int64), "z": np.array([0.0], np.float32)}
    ] * 2
    expectation = expectation_of_quantised(runs, {"y": 0.25})
    assert expectation.budget["z"].tolist() == [0.25]
    given = {"y": np.array([1.0], np.float32), "z": np.array([0.25], np.float32)}
    assert compare({**given, "n": np.array([4], np.int64)}, expectation).matches
    assert not compare({**given, "n": np.array([5], np.int64)}, expectation).matches


@pytest.mark.parametrize(
    ("given", "reference", "loss"),
    [
        ([0.0, 1.5], [0.0, 2.0], 0.25),
        ([0.0, np.nan, 2.0], [0.0, 1.0, 2.0], 0.0),
        ([3.0, 3.0], [1.0, 1.0], np.nan),
        ([], [], np.nan),
    ],
)
def test_loss_is_relative_to_the_range_of_what_the_layer_gives(
    given: list[float], reference: list[float], loss: float
) -> None:
    found = accuracy_loss({"y": np.array(given, np.float32)}, {"y": np.array(reference, np.float64)})
    assert found == loss or math.isnan(found) is math.isnan(loss) is True


def test_loss_of_truth_values_is_that_of_zero_and_one() -> None:
    given, reference = np.array([True, False]), np.array([True, True])
    assert accuracy_loss({"y": given}, {"y": ~given}) == 1.0
    assert math.isnan(accuracy_loss({"y": given}, {"y": reference}))


def test_what_is_right_in_the_cases_own_dtype_is_not_wrong_for_one_who_computes_in_a_coarser(world: World) -> None:
    world.edit(RUNTIME, '    name = "table_cpu"', '    name = "table_cpu"\n    computes_in = "float16"')
    bench = world.bench()
    case = world.cases(bench)[0]
    great = Case(case.layer, case.config, case.seed, {"x": np.full_like(case.inputs["x"], 1e6)})
    outcome = world.check(bench, "toy>table_from_toy>table_cpu", case=great)  # infinite in float16
    assert outcome.verdict is Verdict.PASS, outcome.detail


@pytest.mark.parametrize(
    ("greatest", "factor", "verdict"),
    [
        (0.5 + 2.0**-20, "1 + 2.0**-12", Verdict.PASS),  # 0.5 in float16, where the gate closes
        (0.5 + 2.0**-20, "1 + 2.0**-4", Verdict.FAIL),
        (0.5 + 2.0**-20, "-3", Verdict.FAIL),
        (0.5, "1 + 2.0**-12", Verdict.FAIL),
    ],
)
def test_edge_that_an_input_is_only_rounded_to_leaves_what_is_right_without_rounding_right(
    world: World, greatest: float, factor: str, verdict: Verdict
) -> None:
    model = "models/toy_scale.py"
    world.edit(model, '"factor"], inputs["x"])', '"factor"], inputs["x"]) * (1 if inputs["x"].max() > 0.5 else -1)')
    world.edit(model, "(self.factor, x)", "(self.factor, x) * (1 if x.max() > 0.5 else -1)")
    world.edit(RUNTIME, RESULT, f"({RESULT} * ({factor})).astype(np.float32)")
    world.edit(RUNTIME, '    name = "table_cpu"', '    name = "table_cpu"\n    computes_in = "float16"')
    bench = world.bench()
    x = np.full((2, 5), 0.5, np.float32)  # of ten one moves up in every perturbed run
    x[0, 0] = greatest
    case = Case("toy_scale", {"batch": 2, "dtype": "float32", "inner": [5]}, 0, {"x": x})
    outcome = world.check(bench, case=case)
    assert outcome.verdict is verdict, outcome.detail


def test_narrowed_config_says_what_the_model_was_built_in(world: World) -> None:
    world.edit(RUNTIME, '    name = "table_cpu"', '    name = "table_cpu"\n    computes_in = "float16"')
    bench = world.bench()
    case = world.cases(bench)[0]
    assert narrowed(case, "table_cpu", bench).config == {**case.config, "dtype": "float16", BUILT_IN: "float32"}
    assert BUILT_IN not in narrowed(case, "other", bench).config


def test_default_epsilon_of_a_narrowed_layer_is_that_of_the_model() -> None:
    layer = load_content((), ()).layers["rms_norm"]
    config = {"batch": 1, "dtype": "float16", "inner": [1], "axes": 1, "eps": "default", "affine": False}
    x = {"x": np.array([[2.0**-10]])}
    own, built = (layer.reference(one, {}, x)["y"].item() for one in (config, {**config, BUILT_IN: "float32"}))
    assert own == pytest.approx((1 + 2.0**10) ** -0.5)
    assert built == pytest.approx((1 + 2.0**-3) ** -0.5)


def known(world: World, component: str, case: Case) -> str:
    (world.converters / "known").mkdir(exist_ok=True)
    save_case(case, world.converters / "known")
    text = f'''
from pathlib import Path
from nnparity.cases import load_case
from nnparity.divergence import Fix, KnownDivergence
from nnparity.outcome import Stage, Status

KNOWN = (
    KnownDivergence(
        component="{component}", layer="toy_scale", stage=Stage.COMPARE, status=Status.MISMATCH, fix=Fix.UPSTREAM,
        reason="made up", link="none found: made up", versions=(),
        witness=load_case(Path(__file__).with_name("{case.id}.npz")),
    ),
)
'''
    (world.converters / "known" / f"{component}.py").write_text(text, encoding="utf-8")
    return case.id


@pytest.mark.parametrize(
    ("component", "where", "change", "verdict"),
    [
        ("table_from_toy", "converters/representations/table.py", 'meaning = "table_cpu"', Verdict.PASS),
        ("table_from_toy", RUNTIME, 'computes_in = "float16"', Verdict.PASS),
        ("table_from_toy", RUNTIME, 'computes_in = "float32"', Verdict.XPASS),
        ("table_cpu", RUNTIME, 'computes_in = "float16"', Verdict.XPASS),
        ("table_cpu", "converters/representations/table.py", 'meaning = "table_cpu"', Verdict.XPASS),
    ],
)
def test_witness_of_an_earlier_step_need_not_show_where_outputs_are_held_to_something_else(
    world: World, component: str, where: str, change: str, verdict: Verdict
) -> None:
    name = "table" if "representations" in where else "table_cpu"
    world.edit(where, f'    name = "{name}"', f'    name = "{name}"\n    {change}')
    case = world.cases(world.bench())[0]
    known(world, component, case)
    bench = world.bench()
    assert not bench.content.broken
    outcome = world.check(bench, "toy>table_from_toy>table_cpu", case=bench.content.known[-1].witness)
    assert outcome.verdict is verdict, outcome.detail
