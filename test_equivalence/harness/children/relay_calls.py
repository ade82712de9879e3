"""Draws calls of Relay operators whose arguments are all constants, as an importer folds them."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

tvm: Any = importlib.import_module("tvm")
relay: Any = importlib.import_module("tvm.relay")

Draw = Callable[[np.random.Generator], Any]
INTEGERS = ("int8", "uint8", "int32", "int64")
FLOATS = ("float32", "float64")
ANY = (*INTEGERS, *FLOATS, "bool")


def constant(array: np.ndarray) -> Any:
    return relay.Constant(tvm.nd.array(array))


def array(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Draw small numbers, with now and then the greatest, the least, a zero of either sign or an infinity."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.asarray(rng.random(shape) < 0.5)
    if kind == "f":
        values = rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 4)
        special = rng.choice(np.array([0, -0.0, np.inf, -np.inf, np.finfo(dtype).max], dtype=dtype), shape)
    else:
        limits = np.iinfo(dtype)
        values = rng.integers(max(limits.min, -9), 10, shape, dtype=dtype)
        special = rng.choice(np.array([limits.min, limits.max, 0, 1], dtype=dtype), shape)
    return np.asarray(np.where(rng.random(shape) < 0.15, special, values), dtype=dtype)


def shape(rng: np.random.Generator, *, ranks: tuple[int, int] = (0, 3)) -> tuple[int, ...]:
    return tuple(int(size) for size in rng.integers(1, 5, rng.integers(ranks[0], ranks[1] + 1)))


def axis(rng: np.random.Generator, rank: int) -> int:
    return int(rng.integers(-rank, rank))


def elementwise(
    operator: Callable[..., Any], *, dtypes: tuple[str, ...], count: int = 2, ranks: tuple[int, int] = (0, 3)
) -> Draw:
    def draw(rng: np.random.Generator) -> Any:
        dtype, full = str(rng.choice(dtypes)), shape(rng, ranks=ranks)
        shapes = [full, full[int(rng.integers(0, len(full) + 1)) :]]
        return operator(*(constant(array(rng, shapes[place], dtype)) for place in range(count)))

    return draw


def cast(rng: np.random.Generator) -> Any:
    return relay.cast(constant(array(rng, shape(rng), str(rng.choice(ANY)))), str(rng.choice(ANY)))


def where(rng: np.random.Generator) -> Any:
    dtype, size = str(rng.choice(ANY)), shape(rng)
    condition, x = array(rng, size, "bool"), array(rng, size, dtype)
    return relay.where(constant(condition), constant(x), constant(array(rng, (), dtype)))


def concatenate(rng: np.random.Generator) -> Any:
    dtype, size = str(rng.choice(ANY)), shape(rng, ranks=(1, 3))
    place = axis(rng, len(size))
    fields = []
    for extent in rng.integers(1, 4, rng.integers(1, 4)):
        part = list(size)
        part[place] = int(extent)
        fields.append(constant(array(rng, tuple(part), dtype)))
    return relay.concatenate(relay.Tuple(fields), place)


def strided_slice(rng: np.random.Generator) -> Any:
    size = shape(rng, ranks=(1, 3))
    count = int(rng.integers(1, len(size) + 1))
    axes = [int(place) for place in rng.permutation(len(size))[:count]]
    begin = [int(rng.integers(-size[place], size[place])) for place in axes]
    end = [int(rng.choice([*range(-size[place], size[place] + 2), 2**31 - 1])) for place in axes]
    x = constant(array(rng, size, str(rng.choice(ANY))))
    strides = [int(rng.choice([1, 1, 1, 2])) for _ in axes]
    # A slice that is empty has no type; one element is enough where it would be.
    taken = [len(range(*slice(b, e, s).indices(size[p]))) for p, b, e, s in zip(axes, begin, end, strides, strict=True)]
    end = [e if n else b % size[p] + 1 for e, n, b, p in zip(end, taken, begin, axes, strict=True)]
    if axes == list(range(len(axes))) and rng.random() < 0.5:
        return relay.strided_slice(x, begin, end, strides)
    return relay.strided_slice(x, begin, end, strides, axes=axes)


def split(rng: np.random.Generator) -> Any:
    size = list(shape(rng, ranks=(1, 3)))
    place, sections = axis(rng, len(size)), int(rng.integers(1, 4))
    size[place] *= sections
    x = constant(array(rng, tuple(size), str(rng.choice(ANY))))
    if rng.random() < 0.5:
        return relay.split(x, sections, place).astuple()
    cuts = {int(cut) for cut in rng.integers(1, size[place] + 1, 2)} - {size[place]}
    return relay.split(x, sorted(cuts), place).astuple()


def take(rng: np.random.Generator) -> Any:
    size = shape(rng, ranks=(1, 3))
    place = None if rng.random() < 0.3 else axis(rng, len(size))
    bound = int(np.prod(size)) if place is None else size[place]
    indices = rng.integers(0, bound + (rng.random() < 0.2), shape(rng, ranks=(0, 2)))
    return relay.take(
        constant(array(rng, size, str(rng.choice(ANY)))),
        constant(np.asarray(indices, dtype=str(rng.choice(["int32", "int64"])))),
        axis=place,
        mode=str(rng.choice(["clip", "wrap"])),
    )


def reshape(rng: np.random.Generator) -> Any:
    size = shape(rng)
    count = int(np.prod(size))
    options = [(count,), (-1,), (1, count), (-1, 1), (*size, 1), (-2,)]
    return relay.reshape(constant(array(rng, size, str(rng.choice(ANY)))), options[int(rng.integers(len(options)))])


def expand_dims(rng: np.random.Generator) -> Any:
    size = shape(rng)
    place = int(rng.integers(-len(size) - 1, len(size) + 1))
    return relay.expand_dims(constant(array(rng, size, str(rng.choice(ANY)))), place, int(rng.integers(1, 3)))


def squeeze(rng: np.random.Generator) -> Any:
    size = list(shape(rng, ranks=(1, 3)))
    place = axis(rng, len(size))
    size[place] = 1
    x = constant(array(rng, tuple(size), str(rng.choice(ANY))))
    return relay.squeeze(x, None if rng.random() < 0.3 else [place])


def transpose(rng: np.random.Generator) -> Any:
    size = shape(rng, ranks=(1, 3))
    axes = None if rng.random() < 0.3 else [int(place) for place in rng.permutation(len(size))]
    return relay.transpose(constant(array(rng, size, str(rng.choice(ANY)))), axes)


def broadcast_to(rng: np.random.Generator) -> Any:
    size = shape(rng, ranks=(1, 2))
    return relay.broadcast_to(constant(array(rng, size, str(rng.choice(ANY)))), (*shape(rng, ranks=(0, 2)), *size))


def full(rng: np.random.Generator) -> Any:
    dtype = str(rng.choice(ANY))
    return relay.full(constant(array(rng, (), dtype)), shape(rng), dtype)


def prod(rng: np.random.Generator) -> Any:
    size = shape(rng, ranks=(1, 3))
    place = None if rng.random() < 0.3 else axis(rng, len(size))
    x = constant(array(rng, size, str(rng.choice(["int32", "int64", "float32"]))))
    return relay.prod(x, axis=place, keepdims=bool(rng.random() < 0.5))


def shape_of(rng: np.random.Generator) -> Any:
    return relay.shape_of(constant(array(rng, shape(rng), "float32")), str(rng.choice(["int32", "int64"])))


def arrays(value: Any) -> list[np.ndarray]:
    """Return the arrays of a constant or of a tuple of constants."""
    if isinstance(value, relay.Tuple):
        return [array for field in value.fields for array in arrays(field)]
    return [value.data.numpy()]


def computed(calls: list[Any]) -> list[list[np.ndarray]]:
    """Return what TVM computes for each call, with the constants made inputs so that nothing is folded."""
    variables: dict[str, Any] = {}
    values: dict[str, Any] = {}

    def opened(node: Any) -> Any:
        if isinstance(node, relay.Tuple):
            return relay.Tuple([opened(field) for field in node.fields])
        name = f"x{len(values)}"
        values[name] = node.data
        variables[name] = relay.var(name, shape=node.data.shape, dtype=node.data.dtype)
        return variables[name]

    bodies = [relay.Call(call.op, [opened(argument) for argument in call.args], call.attrs) for call in calls]
    module = tvm.IRModule.from_expr(relay.Function(list(variables.values()), relay.Tuple(bodies)))
    types = relay.transform.InferType()(module)["main"].ret_type.fields
    counts = [len(kind.fields) if isinstance(kind, tvm.ir.TupleType) else 1 for kind in types]
    with tvm.transform.PassContext(opt_level=0, config={"tir.disable_cse_tir": True}):
        library = relay.build(module, target="llvm")
    executor = importlib.import_module("tvm.contrib.graph_executor").GraphModule(library["default"](tvm.cpu()))
    executor.run(**values)
    outputs = iter([executor.get_output(place).numpy() for place in range(executor.get_num_outputs())])
    return [list(itertools.islice(outputs, count)) for count in counts]


NUMBERS = (*INTEGERS, *FLOATS)
DRAWS: Mapping[str, Draw] = {
    **{name: elementwise(getattr(relay, name), dtypes=NUMBERS) for name in ("add", "subtract", "multiply")},
    **{name: elementwise(getattr(relay, name), dtypes=NUMBERS) for name in ("maximum", "minimum")},
    # LLVM 22 refuses what TVM 0.19 makes of these for more than one element, as folding meets them in "auto_pad".
    **{
        name: elementwise(getattr(relay, name), dtypes=("int32", "int64"), ranks=(0, 0))
        for name in ("floor_divide", "floor_mod")
    },
    **{
        name: elementwise(getattr(relay, name), dtypes=NUMBERS)
        for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
    },
    **{name: elementwise(getattr(relay, name), dtypes=("bool",)) for name in ("logical_and", "logical_or")},
    "logical_not": elementwise(relay.logical_not, dtypes=("bool",), count=1),
    "divide": elementwise(relay.divide, dtypes=(*FLOATS, "int32", "int64")),
    "sqrt": elementwise(relay.sqrt, dtypes=FLOATS, count=1),
    "cast": cast,
    "where": where,
    "concatenate": concatenate,
    "strided_slice": strided_slice,
    "split": split,
    "take": take,
    "reshape": reshape,
    "expand_dims": expand_dims,
    "squeeze": squeeze,
    "transpose": transpose,
    "broadcast_to": broadcast_to,
    "full": full,
    "prod": prod,
    "shape_of": shape_of,
}
