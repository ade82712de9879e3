"""Inputs and outputs of two models are matched by name, shape or the user's word, and never by a guess."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnparity.contracts import TensorSpec
from nnparity.errors import UserError
from nnparity.given import ReadModel
from nnparity.layers import Case
from nnparity.matching import End, Match, Source, axes_between, matched
from nnparity.own_inputs import batch_axis, drawn, models_of

IMAGE = End("image", ("n", 3, 8, 9), "float32")


def test_names_go_before_shapes() -> None:
    ends = [End("a", (2, 3), "float32"), End("b", (2, 3), "float32")]
    sources, notes = matched(ends, ends[::-1], said={}, what="input")
    assert {name: source.name for name, source in sources.items()} == {"a": "a", "b": "b"}
    assert notes == []


def test_shape_decides_where_only_one_fits() -> None:
    wanted = [End("p", (2, 3), "float32"), End("q", (2, 5), "float32")]
    there = [End("y", (2, 5), "float32"), End("x", ("n", 3), "float32")]
    sources, notes = matched(wanted, there, said={}, what="output")
    assert {name: source.name for name, source in sources.items()} == {"p": "x", "q": "y"}
    assert notes == ["output p is x", "output q is y"]


def test_two_that_fit_are_asked_about() -> None:
    wanted = [End("p", (2, 3), "float32"), End("q", (2, 3), "float32")]
    there = [End("x", (2, 3), "float32"), End("y", (2, 3), "float32")]
    with pytest.raises(UserError, match="--map p=x"):
        matched(wanted, there, said={}, what="input")
    sources, _ = matched(wanted, there, said={"p": "y"}, what="input")
    assert {name: source.name for name, source in sources.items()} == {"p": "y", "q": "x"}


def test_integers_of_another_width_are_cast() -> None:
    sources, _ = matched([End("ids", (2,), "int32")], [End("ids", (2,), "int64")], said={}, what="input")
    assert sources["ids"].of({"ids": np.array([1, 2])}).dtype == np.int32


@pytest.mark.parametrize("shape", [(2, 3), (1, 3, 9, 8), (1, 8, 3, 9)])
def test_what_no_move_of_the_channels_explains_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="no move of the channels"):
        matched([IMAGE], [End("x", shape, "float32")], said={}, what="input")


@given(sizes=st.lists(st.integers(1, 5), min_size=3, max_size=5), last=st.booleans())
def test_channels_that_moved_are_moved_back(sizes: list[int], last: bool) -> None:
    rank = len(sizes)
    axes = (0, rank - 1, *range(1, rank - 1)) if last else (0, *range(2, rank), 1)
    array = np.arange(np.prod(sizes), dtype=np.float32).reshape(sizes)
    turned = array.transpose(axes)
    found = axes_between(End("there", array.shape, "float32"), End("wanted", turned.shape, "float32"))
    assert found is not None
    assert Source("there", found).of({"there": array}).shape == turned.shape
    match = Match({}, {"wanted": Source("there", found)})
    np.testing.assert_array_equal(match.outputs_back(match.outputs_of({"there": array}))["there"], array)


def test_integers_keep_within_the_table_and_masks_are_prefixes() -> None:
    inputs = (
        TensorSpec("ids", "int64", ("n", 40)),
        TensorSpec("attention_mask", "int64", ("n", 40)),
        TensorSpec("pixels", "uint8", ("n", 40)),
        TensorSpec("flag", "bool", ()),
    )
    read = ReadModel(folder=None, key="", dtype="float32", inputs=inputs, outputs=(), bounds={"ids": 5})  # type: ignore[arg-type]
    arrays = drawn(read, {"n": 20}, 0, 0)
    assert set(np.unique(arrays["ids"])) == set(range(5))
    assert (np.diff(arrays["attention_mask"]) <= 0).all()
    assert arrays["attention_mask"][:, 0].all()
    assert arrays["pixels"].max() > 200
    assert {name: (array.dtype.name, array.shape) for name, array in arrays.items()} == {
        spec.name: (spec.dtype, spec.sized({"n": 20})) for spec in inputs
    }


def test_open_batch_is_run_at_several_sizes_and_real_inputs_at_their_own() -> None:
    read = ReadModel(None, "", "float32", (TensorSpec("x", "float32", ("n", "length")),), ())  # type: ignore[arg-type]
    assert batch_axis(read) == "n"
    fixed, opened = models_of("own", read, {"n": 2, "length": 4}, count=2, seed=0, real=None)
    assert {case.inputs["x"].shape for case in fixed.cases} == {(2, 4)}
    assert {case.inputs["x"].shape for case in opened.cases} == {(3, 4), (1, 4)}
    real = {"x": np.ones((2, 4), np.float32)}
    fixed, opened = models_of("own", read, {"n": 2, "length": 4}, count=2, seed=0, real=real)
    np.testing.assert_array_equal(fixed.cases[0].inputs["x"], real["x"])
    assert not np.array_equal(fixed.cases[1].inputs["x"], real["x"])
    assert isinstance(opened.cases[0], Case)
