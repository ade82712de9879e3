"""The toy world itself holds, so that what the other tests find is a finding about the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nnparity.outcome import Stage, Status, Verdict

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

PATHS = ("toy>toy_eager", "toy>table_from_toy>table_cpu", "toy>table_from_toy>table_tidied>table_cpu")


@pytest.mark.parametrize("path", PATHS)
def test_every_path_matches(world: World, path: str) -> None:
    outcome = world.check(world.bench(), path)
    assert (outcome.stage, outcome.status, outcome.verdict) == (Stage.COMPARE, Status.MATCH, Verdict.PASS), (
        outcome.detail
    )
    assert outcome.evidence == {}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("converters/conversions/table_from_toy.py", '{"factor": factor}', '{"factor": factor + 1e-3}'),
        ("converters/conversions/table_tidied.py", "dict(artifact.model)", '{"factor": -artifact.model["factor"]}'),
        ("converters/runtimes/table_cpu.py", 'inputs["x"])', 'inputs["x"][::-1])'),
    ],
)
def test_wrong_component_mismatches(world: World, file: str, old: str, new: str) -> None:
    world.edit(file, old, new)
    outcome = world.check(world.bench(), PATHS[-1])
    assert (outcome.stage, outcome.status, outcome.verdict) == (Stage.COMPARE, Status.MISMATCH, Verdict.FAIL)
    assert outcome.error_over_budget > 1
    window = outcome.evidence["window"]
    assert window["output"] == "y"
    assert window["got"] != window["expected"]
    assert outcome.evidence["inputs"]["x"]["dtype"] == "float32"


def test_wrong_framework_build_mismatches_on_its_own_path(world: World) -> None:
    world.edit("models/toy_scale.py", "return Scale(weights", "return Scale(1.001 * weights")
    outcome = world.check(world.bench(), PATHS[0])
    assert (outcome.stage, outcome.status) == (Stage.COMPARE, Status.MISMATCH)


def test_optimiser_does_not_hide_the_step_before_it(world: World) -> None:
    outcome = world.check(world.bench(), PATHS[-1])
    assert outcome.op_counts == {"toy": {"scale": 1}, "table_from_toy": {"Mul": 1}, "table_tidied": {"Mul": 1}}
