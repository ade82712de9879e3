"""A model of the user's own is held to itself on every path from it; what cannot be read is said with exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import Result

from nnparity.discovery import Content
from nnparity.environments import NOTHING_WRITTEN, Environments
from nnparity.errors import UserError
from nnparity.outcome import Outcome, Verdict
from nnparity.own_models import routes_from
from nnparity.store import read_results

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

Command = Callable[..., Result]
RUNTIME = "converters/runtimes/table_cpu.py"
WRONG = ('    name = "table_cpu"\n', '    name = "wrong_cpu"\n')
FAULT = ("np.multiply(self._factor, inputs", "np.multiply(self._factor + self._factor.dtype.type(1e-3), inputs")


@pytest.fixture
def check(command: Command, built_world: World) -> Command:
    """Return f(arguments of `nnparity check`), called beside a file `own.table` of the user's."""
    save(built_world.folder / "own.table", np.array([2, 3, 5], np.float32))
    return lambda *arguments: command("check", *arguments, "--models", "models", "--converters", "converters")


def save(file: Path, factor: np.ndarray) -> None:
    with open(file, "wb") as stream:
        np.savez(stream, factor=factor)


def recorded(world: World) -> tuple[Outcome, ...]:
    return read_results(world.folder / "nnparity-check" / "results.jsonl").outcomes


def test_own_model_is_checked_on_every_path_but_the_one_that_measures_it(check: Command, built_world: World) -> None:
    ended = check("own.table")
    assert ended.exit_code == 0, ended.output
    assert {outcome.path_id for outcome in recorded(built_world)} == {"table>table_tidied>table_cpu"}
    assert {outcome.verdict for outcome in recorded(built_world)} == {Verdict.PASS}
    assert {outcome.open_axes for outcome in recorded(built_world)} == {(), ("batch",)}
    assert "it takes x float32 (batch, 3) and gives y" in ended.output
    assert "in float64, run by table_cpu" in ended.output
    assert "5 of 5 match" in ended.output
    assert "1 operator (Mul 1)" in ended.output
    assert (built_world.folder / "nnparity-check" / "index.html").exists()


def test_runtime_that_differs_fails_and_says_how_to_repeat_it(check: Command, built_world: World) -> None:
    built_world.add("converters/runtimes/wrong_cpu.py", RUNTIME, WRONG, FAULT)
    ended = check("own.table", "--seed", "3")
    assert ended.exit_code == 1, ended.output
    wrong = [outcome for outcome in recorded(built_world) if outcome.path[-1] == "wrong_cpu"]
    assert {outcome.verdict for outcome in wrong} == {Verdict.FAIL}
    assert wrong[0].reproduce.startswith("nnparity check own.table ")
    assert wrong[0].reproduce.endswith(f"--seed 3 --to '{wrong[0].path_id}'")
    assert "FAIL" in ended.output


def test_to_narrows_and_may_name_the_measure_itself(check: Command, built_world: World) -> None:
    assert check("own.table", "--to", "table_c*").exit_code == 0
    assert {outcome.path_id for outcome in recorded(built_world)} == {
        "table>table_cpu",
        "table>table_tidied>table_cpu",
    }
    ended = check("own.table", "--to", "table_cqu")
    assert ended.exit_code == 2
    assert "did you mean table_cpu" in ended.stderr


def test_to_takes_on_demand_only_what_it_names(check: Command, built_world: World) -> None:
    built_world.add_on_demand()
    assert check("own.table", "--to", "table_tidied").exit_code == 0
    assert {outcome.path[-1] for outcome in recorded(built_world)} == {"table_cpu"}
    assert check("own.table", "--to", "rare").exit_code == 0
    assert {outcome.path[-1] for outcome in recorded(built_world)} == {"rare"}


def test_each_glob_has_its_paths_though_one_names_paths_that_always_run(content: Content) -> None:
    both = routes_from(content, ("onnxruntime_cpu", "mnn_cpu"), everything=False)
    assert {route.runtime for route in both} == {"onnxruntime_cpu", "mnn_cpu"}
    assert {route.id for route in routes_from(content, ("onnxruntime_cpu",), everything=False)} < {
        one.id for one in both
    }


def test_real_inputs_are_used_as_given_and_moved(check: Command, built_world: World) -> None:
    np.savez(built_world.folder / "real.npz", x=np.array([[1, 2, 3]], np.float32))
    assert check("own.table", "--inputs", "real.npz").exit_code == 0
    np.savez(built_world.folder / "wide.npz", x=np.ones((2, 3)))
    assert check("own.table", "--inputs", "wide.npz").exit_code == 0
    np.savez(built_world.folder / "other.npz", z=np.array([[1, 2, 3]], np.float32))
    ended = check("own.table", "--inputs", "other.npz")
    assert ended.exit_code == 2
    assert "no input of the model" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing.table",), "there is no nothing.table"),
        (("broken.table",), "it is no table; write one with np.savez"),
        (("models",), "no model that is known here; there are"),
        (("models/toy_scale.py",), "which model of the file?"),
        (("own.table", "--shape", "x"), "expected NAME=SIZES"),
        (("own.table", "--shape", "x=2,4"), "fixed"),
        (("own.table", "--shape", "z=2,3"), "no input of the model"),
        (("own.table", "--shape", "x=2,3:object"), "no dtype of numbers"),
        (("own.table", "--reference", "other.table", "own.table"), "none of the targets"),
        (("own.table", "own.table", "--map", "x"), "expected NAME=NAME"),
    ],
)
def test_mistake_is_said_in_one_message(
    check: Command, built_world: World, arguments: tuple[str, ...], said: str
) -> None:
    (built_world.folder / "broken.table").write_bytes(b"PK no archive")
    ended = check(*arguments)
    assert ended.exit_code == 2, ended.output
    assert said in ended.stderr
    assert "Traceback" not in ended.output + ended.stderr


def test_odd_one_out_of_several_is_named(check: Command, built_world: World) -> None:
    save(built_world.folder / "same.table", np.array([2, 3, 5], np.float32))
    save(built_world.folder / "odd.table", np.array([2, 3, 5.001], np.float32))
    ended = check("own.table", "same.table", "odd.table")
    assert ended.exit_code == 1, ended.output
    assert "these agree: own.table, same.table; the odd one out is odd.table" in ended.output
    ended = check("own.table", "same.table", "odd.table", "--reference", "odd.table")
    assert "the odd one out is odd.table" in ended.output
    assert check("own.table", "same.table").exit_code == 0


def test_own_interpreter_stands_in_and_gets_nothing_written(tmp_path: Path, built_world: World) -> None:
    content = built_world.content()
    environments = Environments(content.environments, tmp_path)
    ours = environments.key("toy")
    environments.stand_in("toy", Path(sys.executable))
    built = environments.build("toy")
    assert built.interpreter == Path(sys.executable)
    assert built.versions["numpy"] == np.__version__
    assert environments.key("toy") != ours
    assert NOTHING_WRITTEN.items() <= (environments.specs["toy"].variables or {}).items()
    with pytest.raises(UserError, match="give the python of your environment"):
        environments.stand_in("toy", tmp_path / "python")


def test_failure_like_a_known_one_of_a_layer_is_said_to_be(check: Command, built_world: World) -> None:
    built_world.add("converters/runtimes/wrong_cpu.py", RUNTIME, WRONG, FAULT)
    (built_world.converters / "known").mkdir()
    (built_world.converters / "known" / "wrong_cpu.py").write_text(KNOWN, encoding="utf-8")
    ended = check("own.table", "--to", "table_tidied>wrong_cpu")
    assert ended.exit_code == 1, ended.output
    assert "1 known divergences of wrong_cpu end like this in layers" in ended.output


KNOWN = """
import numpy as np

from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status

CONFIG = {"batch": 1, "dtype": "float32", "inner": [1]}
KNOWN = [
    KnownDivergence(
        component="wrong_cpu",
        layer="toy_scale",
        stage=Stage.COMPARE,
        status=Status.MISMATCH,
        fix=Fix.HERE,
        reason="it adds a thousandth to the factor",
        link="none found: thousandth",
        versions=(),
        witness=Case("toy_scale", CONFIG, 0, {"x": np.ones((1, 1), np.float32)}),
    )
]
"""
