"""The figures of the advice page are what the outcomes say, on outcomes whose figures can be reckoned by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nnparity.facts import Facts
from nnparity.loading import load_file
from nnparity.outcome import Outcome, Stage, Status, Verdict
from nnparity.pages import Recorded

ROOT = Path(__file__).parents[2]
one = load_file(Path(__file__).with_name("drawn_results.py")).one
FACTS = Facts.of({
    "families": {
        "torch": {"cond": "control flow", "shrink": "custom", "add": "elementwise"},
        "onnx": {"Gelu": "activation", "BiasGelu": "fused", "Erf": "elementwise"},
    },
    "steps": {
        "torch": {"representation": "torch", "title": "PyTorch"},
        "to_onnx": {"representation": "onnx", "title": "ONNX"},
        "tidied": {"representation": "onnx", "title": "ONNX"},
        "fast": {"representation": "onnx", "title": "ONNX", "kind": "runtime"},
    },
})
ONNX = ("torch", "to_onnx", "fast")
TIDIED = ("torch", "to_onnx", "tidied", "fast")
DECLINED = {"stage": Stage.CONVERT, "status": Status.UNSUPPORTED, "verdict": Verdict.UNSUPPORTED}


def told(section: str, outcomes: Sequence[Outcome]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = load_file(ROOT / "reports" / f"advice_{section}.py").context(Recorded(outcomes, FACTS))
    return found


def counted(layer: str, before: Mapping[str, int], after: int, **changes: Any) -> Outcome:
    total = {"torch": sum(before.values()), "to_onnx": after}
    made: Outcome = one(
        layer=layer, path=ONNX, op_counts={"torch": before, "to_onnx": {"Any": after}}, op_total=total, **changes
    )
    return made


def test_layers_with_control_flow_stand_apart_with_what_took_them() -> None:
    outcomes = [
        counted("loop", {"cond": 1, "add": 1}, 6),
        counted("loop", {"cond": 1, "add": 1}, 6, case="2", **DECLINED),
        counted("branch", {"cond": 1}, 1, **DECLINED),
        counted("sum", {"add": 2}, 2),
        one(layer="sum", path=("torch", "torch_eager")),
    ]
    context = told("control_flow", outcomes)
    with_it, without = context["rows"]
    assert (with_it["layers"], with_it["pairs"], with_it["taken"], with_it["matched"]) == (2, 2, 1, 0)
    assert with_it["growth"] == 2.0  # 6 / 2 and 1 / 1
    assert (without["layers"], without["taken"], without["matched"], without["growth"]) == (1, 1, 1, 1.0)
    assert context["paths"] == [{"path": ONNX, "layers": 2, "taken": 1}]


def test_routes_that_take_a_custom_operator_are_told_with_the_words_of_those_that_do_not() -> None:
    outcomes = [
        counted("mine", {"shrink": 1}, 1),
        one(layer="mine", path=TIDIED, component="tidied", detail="no such operator", **DECLINED),
        counted("sum", {"add": 1}, 1),
    ]
    context = told("custom_operators", outcomes)
    assert (context["layers"], context["taken"], len(context["rows"])) == (["mine"], 1, 2)
    refused = context["rows"][1]
    assert (refused["taken"], refused["component"], refused["words"]) == (False, "tidied", "no such operator")


def test_runtimes_are_measured_against_the_fastest_of_the_same_model() -> None:
    def timed(layer: str, runtime: str, microseconds: float) -> Outcome:
        made: Outcome = one(layer=layer, path=("torch", "to_onnx", runtime), run_microseconds=microseconds)
        return made

    outcomes = [
        timed("sum", "fast", 2.0),
        timed("sum", "slow", 8.0),
        timed("dot", "fast", 1.0),
        timed("dot", "slow", 16.0),
    ]
    context = told("runtimes", [*outcomes, timed("lone", "fast", 1.0), timed("untimed", "slow", math.nan)])
    assert [(row["runtime"], row["times"]) for row in context["rows"]] == [("fast", 1.0), ("slow", 10.0)]
    assert (context["layers"], context["spread"], context["widest"]) == (2, 10.0, 16.0)


def test_optimiser_is_measured_against_the_path_without_it() -> None:
    def run(path: tuple[str, ...], case: str, after: int, microseconds: float, **changes: Any) -> Outcome:
        total = {"torch": 9, "to_onnx": 4, **({"tidied": after} if "tidied" in path else {})}
        made: Outcome = one(path=path, case=case, op_total=total, run_microseconds=microseconds, **changes)
        return made

    wrong = {"status": Status.MISMATCH, "verdict": Verdict.FAIL}
    outcomes = [
        run(ONNX, "1", 0, 10.0),
        run(ONNX, "2", 0, 10.0, **wrong),
        run(ONNX, "3", 0, 10.0),
        run(TIDIED, "1", 2, 5.0),
        run(TIDIED, "2", 2, 5.0, **wrong),  # it was wrong before
        run(TIDIED, "3", 2, 5.0, **wrong),
    ]
    (row,) = told("optimisers", outcomes)["rows"]
    assert (row["name"], row["models"], row["fewer"], row["same"], row["more"]) == ("tidied", 1, 1, 0, 0)
    assert (row["operators"], row["times"], row["compared"], row["changed"]) == (0.5, 0.5, 2, 1)


def test_open_batch_is_measured_against_the_same_model_with_it_fixed() -> None:
    outcomes = [
        one(path=ONNX, op_total={"to_onnx": 4}, run_microseconds=10.0),
        one(path=ONNX, op_total={"to_onnx": 6}, run_microseconds=20.0, open_axes=("batch",)),
        one(path=TIDIED),
        one(path=TIDIED, open_axes=("batch",), **DECLINED),
        one(path=ONNX, config={"batch": 3}, open_axes=("batch",)),  # never fixed
    ]
    context = told("batch", outcomes)
    assert [(row["models"], row["fixed"], row["opened"]) for row in context["rows"]] == [(1, 1, 1), (1, 1, 0)]
    assert (context["rows"][0]["operators"], context["rows"][0]["times"]) == (1.5, 2.0)
    assert (context["whole"]["models"], context["whole"]["fixed"], context["whole"]["opened"]) == (2, 2, 1)


def test_what_is_written_with_tricks_is_measured_against_the_same_model_written_plainly() -> None:
    def run(written: str, left: Mapping[str, int], microseconds: float, **changes: Any) -> Outcome:
        config = {"written": written, "batch": changes.pop("batch", 2)}
        counts = {"fast": left} if left else {}
        total = {"to_onnx": 2 if written == "plain" else 6, **{step: sum(n.values()) for step, n in counts.items()}}
        made: Outcome = one(
            path=ONNX, config=config, op_counts=counts, op_total=total, run_microseconds=microseconds, **changes
        )
        return made

    outcomes = [
        run("plain", {"BiasGelu": 1, "Gelu": 1}, 10.0),
        run("cast", {"Erf": 3, "Gelu": 1}, 30.0),
        run("apart", {}, math.nan, **DECLINED),
        run("cast", {"Erf": 9}, 90.0, batch=3),  # never written plainly
        one(path=ONNX),  # does not say how it is written
        one(path=("torch", "torch_eager"), config={"written": "plain", "batch": 2}),  # nothing is told of
        one(path=("torch", "torch_eager"), config={"written": "cast", "batch": 2}),  # a path without a conversion
    ]
    context = told("tricks", outcomes)
    assert context["layers"] == ["softmax"]
    (cast,) = context["rows"]  # of what never ran both ways nothing is told by runtime
    assert (cast["runtime"], cast["written"], cast["pairs"], cast["plain"], cast["tricks"]) == ("fast", "cast", 1, 1, 1)
    assert (cast["given"], cast["left"], cast["times"], cast["fused"]) == (3.0, 2.0, 3.0, (1, 0))
    assert cast["lost"] == ["BiasGelu"]
    apart, same = context["whole"]
    assert (apart["written"], apart["pairs"], apart["plain"], apart["tricks"]) == ("apart", 1, 1, 0)
    assert math.isnan(apart["given"])
    assert (same["written"], same["pairs"]) == ("cast", 1)
