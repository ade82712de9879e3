"""What becomes of the script of a known divergence: only what shows, or is declared, passes for right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nnparity.bench import Bench
from nnparity.by_hand import by_hand_in
from nnparity.environments import Environments
from nnparity.reproduced import Became, tried

if TYPE_CHECKING:
    from test_equivalence.harness.conftest import World

CONVERTERS = Path(__file__).parents[2] / "converters"
TABLE_CPU, BY_HAND = "converters/runtimes/table_cpu.py", "converters/by_hand/toy.py"
KNOWN = """
import numpy as np
from nnparity.divergence import Fix, KnownDivergence
from nnparity.layers import Case
from nnparity.outcome import Stage, Status
witness = Case("toy_scale", {"batch": 1, "dtype": "float32", "inner": [2]}, 0, {"x": np.ones((1, 2), np.float32)})
KNOWN = [
    KnownDivergence(
        "table_cpu", layer="toy_scale", stage=Stage.STAGE, status=Status.STATUS, fix=Fix.HERE,
        reason="it is too much", link="", versions=(), witness=witness,
    )
]
"""
DIFFERENT, FAILING = ("COMPARE", "MISMATCH"), ("RUN", "ERROR")
DOUBLE = (TABLE_CPU, "np.multiply(self._factor", "np.multiply(2 * self._factor")
DOUBLE_BY_HAND = (BY_HAND, 'np.load(source / "table.npz")["factor"]', '2 * np.load(source / "table.npz")["factor"]')
STOP = (TABLE_CPU, "        return {", '        raise ValueError("it would read beyond")\n        return {')
CRASH = (TABLE_CPU, "        return {", "        import os\n        os.abort()\n        return {")
LACK = (
    TABLE_CPU,
    "        return TableSession",
    '        from nnparity.contracts import NotHere\n\n        raise NotHere("a card")\n        return TableSession',
)
ONE_PATH_LACKS = (
    "converters/conversions/table_tidied.py",
    "        return artifact",
    '        from nnparity.contracts import NotHere\n\n        raise NotHere("a card")\n        return artifact',
)
NOTHING_BY_HAND = (BY_HAND, "def table_cpu", "def another")
DECLARE = (BY_HAND, "def multiplied", 'NOT_SHOWN = {"would read beyond": "it is not let"}\n\n\ndef multiplied')


def became(
    world: World, shown: tuple[str, str], *edits: tuple[str, str, str], built: bool = True, times: int = 1
) -> tuple[Became, str]:
    (world.converters / "known").mkdir()
    text = KNOWN.replace("Stage.STAGE", f"Stage.{shown[0]}").replace("Status.STATUS", f"Status.{shown[1]}")
    (world.converters / "known" / "table_cpu.py").write_text(text, encoding="utf-8")
    for edit in edits:
        world.edit(*edit)
    bench: Bench = world.bench()
    if not built:
        bench.environments = Environments(bench.content.environments, world.folder / "nothing")
    (entry,) = (one for one in bench.content.known if one.component == "table_cpu")
    one = tried(entry, bench, world.folder / "scripts", by_hand_in([world.converters]), times=times)
    return one.became, one.said


@pytest.mark.parametrize(
    ("shown", "edits", "expected", "said"),
    [
        (DIFFERENT, (DOUBLE, DOUBLE_BY_HAND), Became.SHOWS, ""),
        (DIFFERENT, (DOUBLE,), Became.DOES_NOT, "it does not show"),
        (DIFFERENT, (DOUBLE, NOTHING_BY_HAND), Became.NO_SCRIPT, "write a function table_cpu there"),
        (DIFFERENT, (), Became.MASKED, "COMPARE MATCH"),
        (DIFFERENT, (CRASH,), Became.MASKED, "RUN CRASH"),
        (DIFFERENT, (DOUBLE, DECLARE), Became.DOES_NOT, "it does not show"),
        (DIFFERENT, (LACK,), Became.NOT_HERE, "a card"),
        (DIFFERENT, (ONE_PATH_LACKS,), Became.MASKED, "COMPARE MATCH"),
        (FAILING, (STOP, DECLARE), Became.DECLARED, "no script shows this: it is not let"),
        (FAILING, (STOP,), Became.DOES_NOT, "it does not show"),
    ],
)
def test_only_what_shows_or_is_declared_is_right(
    world: World, shown: tuple[str, str], edits: tuple[tuple[str, str, str], ...], expected: Became, said: str
) -> None:
    found, why = became(world, shown, *edits)
    assert (found, said in why) == (expected, True), why
    assert found.right is (expected in {Became.SHOWS, Became.DECLARED})


@pytest.mark.parametrize(("times", "expected"), [(1, Became.SHOWS), (2, Became.DOES_NOT)])
def test_what_shows_the_first_time_only_is_no_witness(world: World, times: int, expected: Became) -> None:
    factor = 'np.load(source / "table.npz")["factor"]'
    once = (BY_HAND, factor, f'{factor} * (1 if (source / "ran").exists() else (source / "ran").write_text("12"))')
    assert became(world, DIFFERENT, DOUBLE, once, times=times)[0] is expected


def test_entry_for_paths_that_do_not_exist_is_no_matter_of_what_is_built(world: World) -> None:
    astray = ("converters/known/table_cpu.py", "versions=()", 'versions=(), paths="*>no_such_step>*"')
    found, why = became(world, DIFFERENT, DOUBLE, astray)
    assert (found, why) == (Became.MASKED, "no path fits '*>no_such_step>*'")


def test_what_is_not_built_is_not_here(world: World) -> None:
    assert became(world, DIFFERENT, DOUBLE, built=False) == (Became.NOT_HERE, "not built here: toy")


def test_words_that_are_declared_for_one_component_are_not_for_another(world: World) -> None:
    of_another = ("converters/by_hand/other.py", "def table_cpu", "def toy_eager")
    world.add("converters/by_hand/other.py", BY_HAND, *(edit[1:] for edit in (DECLARE, of_another)))
    assert became(world, FAILING, STOP)[0] is Became.DOES_NOT


def test_what_is_declared_is_prevented_by_a_component_in_these_words_or_differs_each_time() -> None:
    said = "\n".join(
        " ".join(file.read_text(encoding="utf-8").replace('"', "").replace(" f", " ").split())
        for folder in ("conversions", "runtimes", "support")
        for file in sorted((CONVERTERS / folder).glob("*.py"))
    )
    declared = by_hand_in().not_shown
    assert declared
    for component, reasons in declared.items():
        for words, why in reasons.items():
            prevented = words in said and why.startswith("nnparity does not let")
            assert prevented or why.endswith("differs each time"), component
