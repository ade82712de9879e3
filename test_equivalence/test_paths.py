"""Every layer on every path is the function that it was written to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import hypothesis.strategies as st
import pytest
from hypothesis import given

from nnparity.bench import Bench
from nnparity.describe import steps_of
from nnparity.discovery import Content, Route
from nnparity.divergence import KnownDivergence
from nnparity.layers import Case, LayerSpec
from nnparity.op_counts import unclaimed
from nnparity.outcome import Outcome, Verdict
from nnparity.plan import (
    BATCH,
    OPEN_BATCHES,
    Profile,
    configs_of,
    draw,
    examples_of,
    open_model,
    related,
    seed_of,
    variations,
    weight_seed,
)
from nnparity.plugin import Checks, Keep, Subject
from nnparity.progress import NEW


def drawn_cases(data: st.DataObject, layer: LayerSpec, inputs: int) -> Iterator[Case]:
    """Draw one config, with the batch fixed or left open, and yield a case for each of several inputs.

    What is not asked for is not drawn: nothing after the case that fails is left for Hypothesis to shrink.
    """
    config = data.draw(layer.configs, label="config")
    opened = data.draw(st.booleans(), label="open batch")
    seed = data.draw(st.integers(0, 999), label="seed of the weights")
    if opened:
        config = {**config, BATCH: max(2, config[BATCH])}
    for index in range(inputs):
        sized = {**config, BATCH: OPEN_BATCHES[index % len(OPEN_BATCHES)]} if opened else config
        arrays = data.draw(layer.inputs(sized), label=f"inputs {index}")
        yield Case(layer.name, config, seed, arrays, open_axes=(BATCH,) if opened else ())


def message(outcome: Outcome) -> str:
    return (
        f"{outcome.verdict.value}: {outcome.stage.value} {outcome.status.value} for case {outcome.case}, "
        f"config {dict(outcome.config)}, open axes {outcome.open_axes}: {outcome.detail}\n"
        f"repeat with: {outcome.reproduce}"
    )


def conclude(outcomes: list[Outcome]) -> None:
    """Pass if anything matched; else say what is known, or what was declared not supported or could not run."""
    verdicts = Counter(outcome.verdict for outcome in outcomes)
    if verdicts[Verdict.XFAIL] or verdicts[Verdict.ALLOWED]:
        known = sorted({f"{outcome.verdict.value} {outcome.known}" for outcome in outcomes if outcome.known})
        pytest.xfail(f"known: {', '.join(known)}")
    if not verdicts[Verdict.PASS]:
        reasons = sorted({f"{outcome.verdict.value}: {outcome.component}: {outcome.detail}" for outcome in outcomes})
        pytest.skip("; ".join(reasons)[:400])


def test_path_keeps_the_function(
    subject: Subject, content: Content, profile: Profile, checked: Checks, kept_as_example: Keep
) -> None:
    layer = content.layers[subject.layer]
    outcomes: list[Outcome] = []
    failed: list[Case] = []

    def hold(case: Case) -> None:
        outcome = checked(case, subject.route)
        outcomes.append(outcome)
        if outcome.verdict in NEW:
            failed.append(case)
        assert outcome.verdict not in NEW, message(outcome)

    for case in content.found.get(layer.name, ()):
        hold(case)
    for config in (*examples_of(layer, profile), *variations(layer, profile)):
        inputs = draw(layer.inputs(config), count=profile.inputs, seed=seed_of(layer.name, config))
        cases = [Case(layer.name, config, weight_seed(0, config), arrays) for arrays in inputs]
        for case in (*cases, *related(layer, cases, profile)):
            hold(case)

    @given(data=st.data())
    def hold_drawn(data: st.DataObject) -> None:
        cases = []
        for case in drawn_cases(data, layer, profile.inputs):
            hold(case)
            cases.append(case)
        for case in related(layer, cases, profile):
            hold(case)

    try:
        if profile.configs:
            hold_drawn()
    except Exception as problem:  # the last that fails while Hypothesis shrinks is the smallest
        if failed:
            problem.add_note(kept_as_example(failed[-1]))
        raise
    for config in configs_of(layer, profile, 0)[: profile.open_configs]:
        for case in open_model(layer, config, profile, 0).cases:
            hold(case)
    counted_as = {step: facts["representation"] for step, facts in steps_of(content).items()}
    lost = unclaimed(outcomes, counted_as, content.representations)
    assert not lost, f"no family claims these operators: {lost}; add them to converters/representations/"
    conclude(outcomes)


def test_witness_still_shows_its_divergence(
    witnessed: tuple[KnownDivergence, Route], checked: Checks, bench: Bench
) -> None:
    entry, route = witnessed
    if not bench.holds_here(entry):
        pytest.skip(f"{entry.id} is about {entry.about}, which this machine has not")
    outcome = checked(entry.witness, route)
    if outcome.verdict in {Verdict.NOT_RUN, Verdict.UNSUPPORTED}:
        pytest.skip(f"{outcome.verdict.value}: {outcome.component}: {outcome.detail}"[:400])
    said = {Verdict.XFAIL, *([Verdict.ALLOWED] if entry.is_allowed else [])}
    assert outcome.verdict in said, f"delete the entry {entry.id}, or correct it: {message(outcome)}"
