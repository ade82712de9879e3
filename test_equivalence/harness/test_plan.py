"""What is drawn depends on the seed and on nothing else, and every layer in models/ keeps its own promises."""

from __future__ import annotations

import importlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnparity import strategies
from nnparity.discovery import discover
from nnparity.layers import Case, LayerSpec, rounded, weights_of
from nnparity.plan import (
    BATCH,
    OPEN_BATCHES,
    PROFILES,
    VARIATIONS,
    Profile,
    configs_of,
    draw,
    draw_many,
    models_of,
    open_model,
    seed_of,
    unique,
    variations,
)

LAYERS = discover().layers
SMALL = Profile("small", configs=2, inputs=2, open_configs=1)
each_layer = pytest.mark.parametrize("layer", LAYERS.values(), ids=list(LAYERS))
quick = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def cases(layer: LayerSpec, profile: Profile = SMALL, seed: int = 0) -> list[Case]:
    return [case for model in models_of(layer, profile, seed) for case in model.cases]


def ids(layer: LayerSpec, seed: int = 0) -> list[str]:
    return [case.id for case in cases(layer, seed=seed)]


def test_there_are_layers() -> None:
    assert len(LAYERS) >= 10


@each_layer
def test_same_seed_draws_the_same(layer: LayerSpec) -> None:
    assert ids(layer, 3) == ids(layer, 3)


@each_layer
def test_another_seed_draws_something_else(layer: LayerSpec) -> None:
    assert set(ids(layer, 3)) != set(ids(layer, 4))


@each_layer
def test_source_files_that_happen_to_be_loaded_change_no_draw(
    layer: LayerSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ids(layer)
    numbers = ", ".join(str(number) for number in range(100, 9999, 53))
    name = f"constants_beside_{layer.name}"
    (tmp_path / f"{name}.py").write_text(f"NUMBERS = [{numbers}]\nTEXTS = ['drawn', 'by chance']\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module(name)
    try:
        assert ids(layer) == before
    finally:
        del sys.modules[name]


@each_layer
def test_examples_come_first(layer: LayerSpec) -> None:
    assert layer.examples
    configs = configs_of(layer, SMALL, 0)
    assert configs[: len(layer.examples)] == list(layer.examples)
    assert len({json.dumps(config, sort_keys=True) for config in configs}) == len(configs)
    first = [next(iter(model.cases)).config for model in models_of(layer, SMALL, 0)]
    assert first[: len(layer.examples)] == list(layer.examples)


@each_layer
def test_open_batch_is_converted_at_two_or_more_and_run_at_several_sizes(layer: LayerSpec) -> None:
    for config in configs_of(layer, SMALL, 0):
        model = open_model(layer, {**config, BATCH: 1}, Profile("p", 0, len(OPEN_BATCHES), 1), 0)
        assert {case.config[BATCH] for case in model.cases} == {2}
        assert {case.open_axes for case in model.cases} == {(BATCH,)}
        assert len({case.model_text for case in model.cases}) == 1
        plain = [case for case in model.cases if not case.relation]
        assert [batch_of(layer, case) for case in plain] == list(OPEN_BATCHES)


def batch_of(layer: LayerSpec, case: Case) -> int:
    """Return the batch that the case's inputs have."""
    sizes = {
        case.inputs[spec.name].shape[axis]
        for spec in layer.signature(case.config).inputs
        for axis, size in enumerate(spec.shape)
        if size == BATCH
    }
    assert len(sizes) == 1
    return int(sizes.pop())


@each_layer
def test_a_batch_of_no_rows_is_one_model_without_relations(layer: LayerSpec) -> None:
    models = [model for model in models_of(layer, PROFILES["quick"], 0) if model.cases[0].config[BATCH] == 0]
    assert [model.cases[0].config for model in models] == [{**layer.examples[0], BATCH: 0}]
    for case in models[0].cases:
        assert (batch_of(layer, case), case.open_axes, case.relation) == (0, (), "")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_profile_draws_as_much_as_it_says(profile: Profile) -> None:
    layer = LAYERS["softmax"]
    models = list(models_of(layer, profile, 0))
    closed = [model for model in models if not model.cases[0].open_axes]
    varied = [{**one, **changed} for one in layer.examples[: profile.varied] for changed in VARIATIONS]
    if profile.in_turn:
        varied = [one for one in varied if one in variations(layer, profile)]
        assert len(varied) == profile.varied
    examples = layer.examples[: profile.examples]
    assert len(closed) == len(examples) + profile.configs + len(varied)
    assert [model.cases[0].config for model in closed][len(closed) - len(varied) :] == varied
    assert len(models) - len(closed) == profile.open_configs
    for model in models:
        plain = [case for case in model.cases if not case.relation]
        assert (len(plain), model.cases[: len(plain)]) == (profile.inputs, tuple(plain))
        asked = Counter(case.relation for case in model.cases if case.relation)
        assert all(asked[relation.name] <= profile.relations for relation in layer.relations)


def test_every_variation_has_its_turn() -> None:
    turns: Counter[int] = Counter()
    for layer in LAYERS.values():
        (taken,) = variations(layer, PROFILES["suite"])
        turns[variations(layer, PROFILES["quick"]).index(taken)] += 1
    assert min(turns[place] for place in range(len(VARIATIONS))) > len(LAYERS) / 6


def test_nightly_alone_takes_paths_on_demand() -> None:
    assert {name for name, profile in PROFILES.items() if profile.on_demand} == {"nightly"}


@each_layer
def test_case_comes_up_once(layer: LayerSpec) -> None:
    models = list(models_of(layer, SMALL, 0))
    kept = [case.digest for model in unique([*models, *models]) for case in model.cases]
    assert len(set(kept)) == len(kept)
    assert set(kept) == {case.digest for model in models for case in model.cases}


@quick
@given(st.lists(st.one_of(st.integers(), st.text(), st.dictionaries(st.text(), st.integers())), max_size=4))
def test_seed_depends_on_every_part_and_on_their_order(parts: list[Any]) -> None:
    seed = seed_of(*parts)
    assert seed_of(*json.loads(json.dumps(parts))) == seed
    assert seed_of(*parts, 1) != seed
    if parts != parts[::-1]:
        assert seed_of(*parts[::-1]) != seed


def test_draw_is_the_same_in_every_profile_of_hypothesis() -> None:
    drawn = draw(strategies.tensors((3,), "float32"), count=20, seed=5)
    with_database = settings(derandomize=True, max_examples=3)
    settings.register_profile("of_this_test", with_database)
    before = settings.get_current_profile_name()
    try:
        settings.load_profile("of_this_test")
        again = draw(strategies.tensors((3,), "float32"), count=20, seed=5)
    finally:
        settings.load_profile(before)
    assert [one.tobytes() for one in drawn] == [one.tobytes() for one in again]


@each_layer
@quick
@given(data=st.data())
def test_layer_keeps_its_promises(layer: LayerSpec, data: st.DataObject) -> None:
    config = data.draw(layer.configs, label="config")
    assert json.loads(json.dumps(config)) == config, "a config holds JSON values only"
    assert {BATCH, "dtype"} <= set(config)
    inputs = data.draw(layer.inputs(config), label="inputs")
    check_promises(layer, config, inputs, seed=data.draw(st.integers(0, 99), label="seed of the weights"))


@each_layer
def test_inputs_are_of_the_dtype_that_a_variation_asks_for(layer: LayerSpec) -> None:
    for config in variations(layer, PROFILES["nightly"]):
        asked = {spec.name: spec.dtype for spec in layer.signature(config).inputs}
        for inputs in draw_many(layer.inputs(config), count=32, seed=0):
            assert {name: array.dtype.name for name, array in inputs.items()} == asked


@each_layer
def test_layer_keeps_its_promises_for_its_examples(layer: LayerSpec) -> None:
    for config in (*layer.examples, *variations(layer, PROFILES["nightly"])):
        assert json.loads(json.dumps(config)) == config
        for inputs in draw(layer.inputs(config), count=3, seed=0):
            check_promises(layer, config, inputs, seed=0)


def check_promises(layer: LayerSpec, config: Any, inputs: Any, *, seed: int) -> None:
    signature = layer.signature(config)
    assert list(inputs) == [spec.name for spec in signature.inputs]
    for spec in signature.inputs:
        assert (inputs[spec.name].dtype, inputs[spec.name].shape) == (spec.dtype, spec.sized({BATCH: config[BATCH]}))
    drawn = layer.weights(config, np.random.default_rng(seed))
    assert all(array.dtype == np.float64 or array.dtype.kind in "iub" for array in drawn.values())
    weights = weights_of(layer, config, seed)
    assert all(array.dtype == config["dtype"] or array.dtype.kind in "iub" for array in weights.values())
    before = [array.tobytes() for array in (*inputs.values(), *weights.values())]
    with np.errstate(all="ignore"):
        outputs = layer.reference(config, rounded(weights, "float64"), rounded(inputs, "float64"))
    assert [array.tobytes() for array in (*inputs.values(), *weights.values())] == before, (
        "the reference changed its input"
    )
    assert tuple(outputs) == signature.outputs
    for name, array in outputs.items():
        assert isinstance(array, np.ndarray), f"output {name} is {type(array).__name__}"
        assert array.dtype == np.float64 or array.dtype.kind in "iub", f"output {name} is {array.dtype}"


@each_layer
def test_reference_takes_the_batch_from_its_arrays(layer: LayerSpec) -> None:
    for case in open_model(layer, layer.examples[0], Profile("p", 0, 3, 1), 0).cases:
        inputs, weights = rounded(case.inputs, "float64"), rounded(weights_of(layer, case.config, 0), "float64")
        sized = {**case.config, BATCH: batch_of(layer, case)}
        with np.errstate(all="ignore"):
            here, there = (layer.reference(config, weights, inputs) for config in (case.config, sized))
        for name in here:
            np.testing.assert_array_equal(here[name], there[name])


@each_layer
def test_weights_depend_on_the_seed_alone(layer: LayerSpec) -> None:
    config = layer.examples[0]
    one, same, other = (weights_of(layer, config, seed) for seed in (1, 1, 2))
    assert {name: array.tobytes() for name, array in one.items()} == {
        name: array.tobytes() for name, array in same.items()
    }
    if any(array.size for array in one.values()):
        assert any(one[name].tobytes() != other[name].tobytes() for name in one)


CHANGES = {
    "layer": lambda case: Case("other", case.config, case.seed, case.inputs),
    "config": lambda case: Case(case.layer, {**case.config, "batch": 9}, case.seed, case.inputs),
    "seed": lambda case: Case(case.layer, case.config, case.seed + 1, case.inputs),
    "open axes": lambda case: Case(case.layer, case.config, case.seed, case.inputs, open_axes=(BATCH,)),
    "name of an input": lambda case: Case(case.layer, case.config, case.seed, {"z": case.inputs["x"]}),
    "value": lambda case: Case(
        case.layer, case.config, case.seed, {"x": np.nextafter(case.inputs["x"], np.float32(9))}
    ),
    "sign of a zero": lambda case: Case(case.layer, case.config, case.seed, {"x": case.inputs["x"] * np.float32(-1)}),
    "dtype": lambda case: Case(case.layer, case.config, case.seed, {"x": case.inputs["x"].view(np.int32)}),
    "shape": lambda case: Case(case.layer, case.config, case.seed, {"x": case.inputs["x"].reshape(3, 2)}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_every_part_of_a_case_changes_its_id(change: Any) -> None:
    case = Case("toy", {"batch": 2, "dtype": "float32"}, 0, {"x": np.zeros((2, 3), np.float32)})
    assert change(case).id != case.id


def test_memory_layout_and_order_of_keys_do_not_change_a_cases_id() -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    case = Case("toy", {"batch": 2, "dtype": "float32"}, 0, {"x": x, "y": x})
    other = Case("toy", {"dtype": "float32", "batch": 2}, 0, {"y": x, "x": np.asfortranarray(x)})
    assert other.id == case.id


def test_no_two_inputs_of_a_case_are_the_same_where_they_can_differ() -> None:
    layer = LAYERS["attention"]
    config = {**layer.examples[0], "query_length": 5, "mask": "none"}
    for arrays in draw_many(layer.inputs(config), count=40, seed=0):
        q, k, v = arrays["q"], arrays["k"], arrays["v"]
        varied = len(np.unique(q)) > 2 and np.isfinite(q).all()
        assert not (varied and (np.array_equal(q, k) or np.array_equal(k, v) or np.array_equal(q, v)))
