"""Random graphs of real operators in which one operator is computed wrongly: what `nnparity locate` must find.

A graph is drawn once, as JSON, and written in each representation by the conversions in planted_graphs/. Right after
it, on the way to the runtime, another conversion there changes one operator, in whatever part of the graph holds it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.bench import Bench
from nnparity.cache import Made, digest
from nnparity.compare import Comparison
from nnparity.contracts import Artifact, TensorSpec
from nnparity.layers import Case
from nnparity.loading import load_file
from nnparity.locate import Finding, Graph, Located, locate
from nnparity.locating import PartTrials, Wrong
from nnparity.worker import ARTIFACT, describe_artifact

CONVERTERS = Path(__file__).with_name("planted_graphs")
SPEC = "spec.json"
RECENT = 6
planting = load_file(CONVERTERS / "support" / "planting.py")


@dataclass(frozen=True)
class Planted:
    """A graph and its fault. operators: (kind, what it takes by place, -1 being the input), in order."""

    seed: int
    operators: tuple[tuple[str, tuple[int, ...]], ...]
    place: int
    fault: str

    def as_json(self) -> dict[str, Any]:
        kind = self.operators[self.place][0]
        wrong = {"place": self.place, "fault": self.fault, "kind": kind, "swapped": planting.SWAPPED[kind]}
        return {"seed": self.seed, "shape": planting.SHAPE, "operators": self.operators, **wrong}


def drawn(seed: int, count: int = planting.OPERATORS) -> Planted:
    """Return a graph of so many operators with branches, all of which lead to its one output, and its fault."""
    rng = np.random.default_rng(seed)
    operators: list[tuple[str, tuple[int, ...]]] = []
    loose = [-1]
    while len(operators) < count:
        left = count - len(operators)
        join = len(loose) > 1 and (rng.random() < 0.35 or left <= len(loose) - 1)
        table = planting.BINARY if join or rng.random() < 0.15 else planting.UNARY
        weights = np.array([often for often, _ in table.values()], float)
        kind = str(rng.choice(list(table), p=weights / weights.sum()))
        if join:
            first, second = (int(one) for one in rng.choice(loose, 2, replace=False))
            takes: tuple[int, ...] = (first, second)
        else:
            # To take again what was used already makes a branch.
            again = bool(rng.random() < 0.25) and left > len(loose)
            made = range(max(-1, len(operators) - RECENT), len(operators))
            first = int(rng.choice(list(made) or [-1])) if again else int(rng.choice(loose))
            takes = (first, int(rng.choice(list(made) or [-1]))) if table is planting.BINARY else (first,)
        loose = [one for one in loose if one not in takes] + [len(operators)]
        operators.append((kind, takes))
    return Planted(
        seed,
        tuple(operators),
        int(rng.integers(count)),
        planting.FAULTS[int(rng.integers(len(planting.FAULTS)))],
    )


def made_of(planted: Planted, bench: Bench, folder: Path) -> Made:
    """Return the graph as what the conversions in planted_graphs/ begin with."""
    text = json.dumps(planted.as_json(), sort_keys=True)
    key = digest("planted", text)
    place = folder / key
    place.mkdir(parents=True, exist_ok=True)
    artifact = Artifact("abstract", None, (TensorSpec("x", "float32", planting.SHAPE),), ("y",), {}, {})
    (place / SPEC).write_text(text, encoding="utf-8")
    (place / ARTIFACT).write_text(json.dumps(describe_artifact(artifact)), encoding="utf-8")
    return Made(key, place, "abstract", {}, 0.0, 0, fresh=True)


@dataclass(frozen=True)
class Tried:
    """What came of one planted fault. shown: whether it shows in the output. right: whether it alone is named."""

    planted: Planted
    shown: bool
    located: Located | None
    names: tuple[str, ...]
    runs: int
    operators: int

    @property
    def right(self) -> bool:
        """Whether what is at fault is named and nothing else; a fault of fusing is that of two operators."""
        first = self.planted.operators[self.planted.place][1][0]
        fused = (f"t{first}",) if self.planted.fault == planting.FUSED else ()
        return self.located is not None and self.names == (*fused, f"t{self.planted.place}")


def tried(planted: Planted, representation: str, runtime: str, bench: Bench, folder: Path) -> Tried:
    """Return what is located of the fault, of which nothing is told but the case that shows it."""
    made = bench.convert(made_of(planted, bench, folder), f"{representation}_from_abstract")
    names, operators = bench.operators(made)
    graph = Graph(tuple(names["inputs"]), tuple(names["outputs"]), tuple(operators))
    rng = np.random.default_rng([planted.seed, 1])
    inputs = {"x": rng.standard_normal(planting.SHAPE).astype(np.float32)}
    case = Case("planted", {"dtype": "float32"}, planted.seed, inputs)
    wrong = Wrong(None, Comparison((), 0, 0, 0, 0.0, 0, 0.0, None))
    steps = (f"{representation}_planted_{planted.fault}_{planted.place}", *runtime.split(">"))
    trials = PartTrials(bench, made, graph, steps=steps, case=case, wrong=wrong)
    whole = trials.before(len(operators))
    if whole.finding is Finding.UNKNOWN:
        raise RuntimeError(f"graph {planted.seed} does not run: {whole.failure}")
    shown = whole.finding is Finding.BAD
    located = locate(graph, trials) if shown else None
    places = located.operators if located else ()
    named = tuple(operators[place].name or f"t{place}" for place in places)
    return Tried(planted, shown, located, named, trials.runs, len(operators))
