"""A keras.Model or tf.Module that a user's own Python file makes, a .keras file, or a SavedModel folder."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from nnparity.contracts import Artifact, NotMine, Reading, Refused, TensorSpec, Unsupported, Wanted
from nnparity.dtypes import named
from nnparity.loading import load_file, write_recipe

SUPPORT = Path(__file__).parents[1] / "support"
GRAPH = "saved_model.pb"
SERVING = "serving_default"
OPEN_SIZE = 2


class TensorFlowModel:
    name = "tensorflow_model"
    title = "a Keras model or tf.Module in a Python file (file.py:Net), a .keras file, a SavedModel folder"
    representation = "tensorflow"
    environment = "tensorflow"
    defined_by = ("tensorflow_eager",)

    def takes(self, path: Path, member: str) -> bool:
        if not member:
            return (path / GRAPH).is_file() or path.suffix == ".keras"
        imports = load_file(SUPPORT / "own_python.py").imports
        return path.suffix == ".py" and bool(imports(path, ("tensorflow", "keras", "tf_keras")))

    def read(self, wanted: Wanted, folder: Path) -> Reading:
        """Return the model's inputs and outputs, having run it once; the recipe has its variables."""
        path = Path(wanted.path)
        if wanted.dtype and path.is_dir():
            raise Unsupported("a SavedModel is a graph of float32")
        _refuse_large(path, wanted)
        config: dict[str, Any] = {
            "path": wanted.path,
            "member": wanted.member,
            "digest": "" if wanted.member else _digest(path),
            "dtype": wanted.dtype or "float32",
            "trust": wanted.trust,
        }
        model = _model(config)
        specs = _specs(model, wanted)
        if wanted.dtype:
            specs = tuple(_floats_as(spec, wanted.dtype) for spec in specs)
        sizes = {size: OPEN_SIZE for spec in specs for size in spec.shape if isinstance(size, str)}
        config["inputs"] = [[spec.name, spec.dtype, spec.sized(sizes)] for spec in specs]
        callable_model = _callable(model, config)
        outputs = tuple(callable_model(*_example(config)))
        variables = {f"v{place}": np.asarray(one) for place, one in enumerate(_variables(model))}
        if wanted.moved:
            move = load_file(SUPPORT / "moved_weights.py").moved
            rng = np.random.default_rng(wanted.moved)
            variables = {name: move(array, rng) for name, array in variables.items()}
        kept = {} if path.is_dir() and not wanted.moved else variables
        write_recipe(folder, layer_file=Path(__file__), config=config, weights=kept)
        dtypes = {spec.dtype for spec in specs if named(spec.dtype).kind == "f"} or {"float32"}
        dtype = min(dtypes, key=lambda name: named(name).itemsize)
        artifact = Artifact(self.representation, None, specs, outputs, sizes)
        return Reading(artifact, wanted.dtype or dtype, _bounds(model, specs))


def build(config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Any:
    """Return the model with the variables that it had when it was read; it takes its inputs by position."""
    model = _model(config)
    built = _callable(model, config)
    if weights:
        built(*_example(config))  # Keras makes variables at the first call
        for place, variable in enumerate(_variables(model)):
            variable.assign(np.asarray(weights[f"v{place}"]).astype(np.dtype(_dtype_of(variable))))
    return built


def _model(config: Mapping[str, Any]) -> Any:
    import tensorflow as tf

    path = Path(config["path"])
    with _floats(config["dtype"]):
        if path.is_dir():
            return tf.saved_model.load(str(path))
        import keras

        if not config["member"]:
            # Keras's own safe mode refuses what would run code from the file.
            return keras.models.load_model(path, compile=False, safe_mode=not config["trust"])
        own = load_file(SUPPORT / "own_python.py")
        keras.utils.set_random_seed(0)
        model = own.made_by(own.member_of(config["path"], config["member"]), _is_model, config["member"])
    if not _is_model(model):
        raise NotMine(f"{config['member']} gives a {type(model).__name__}, no keras.Model and no tf.Module")
    return model


def _is_model(found: Any) -> bool:
    import keras
    import tensorflow as tf

    return isinstance(found, (tf.Module, keras.Layer))


@contextlib.contextmanager
def _floats(dtype: str) -> Iterator[None]:
    """Let Keras make its layers in the dtype; what says a dtype of its own keeps to that."""
    import keras

    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    if dtype != "float32":
        keras.config.set_floatx(dtype)
        keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


def _callable(model: Any, config: Mapping[str, Any]) -> Any:
    """Return a tf.Module that takes the inputs in order and gives the outputs by name."""
    import tensorflow as tf

    names = [name for name, _, _ in config["inputs"]]
    call = _call_of(model, names)

    class Named(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def __call__(self, *inputs: Any) -> dict[str, Any]:
            return _outputs(call(*inputs), model)

    return Named()


def _call_of(model: Any, names: list[str]) -> Any:
    import keras

    served = _served(model)
    if served is not None:
        return lambda *inputs: served(**dict(zip(names, inputs, strict=True)))
    if not isinstance(model, keras.Layer):
        return model
    struct = getattr(model, "_inputs_struct", None)
    if isinstance(struct, Mapping):
        return lambda *inputs: model(dict(zip(names, inputs, strict=True)), training=False)
    if isinstance(struct, (list, tuple)) and len(names) > 1:
        return lambda *inputs: model(list(inputs), training=False)
    trains = "training" in inspect.signature(model.call).parameters or struct is not None
    return (lambda *inputs: model(*inputs, training=False)) if trains else model


def _served(model: Any) -> Any:
    """Return the serving function of a loaded SavedModel, None for all else. Raises Refused where it has none."""
    signatures = getattr(model, "signatures", None)
    if signatures is None or not hasattr(signatures, "keys"):
        return None
    if not signatures:
        raise Refused("its SavedModel has no signature; save it with signatures=... or Keras's model.export")
    return signatures[SERVING if SERVING in signatures else sorted(signatures)[0]]


def _outputs(result: Any, model: Any) -> dict[str, Any]:
    if isinstance(result, Mapping):
        return dict(result)
    if not isinstance(result, (tuple, list)):
        return {"output": result}
    names = [one.name for one in getattr(model, "outputs", None) or ()]
    if len(set(names)) != len(result):
        names = [f"output_{place}" for place in range(len(result))]
    return dict(zip(names, result, strict=True))


def _specs(model: Any, wanted: Wanted) -> tuple[TensorSpec, ...]:
    """Return the inputs as the model says them, else as the user does. Raises Refused where neither does."""
    served = _served(model)
    if served is not None:
        said = served.structured_input_signature[1]
        return tuple(_spec(name, said[name], wanted) for name in sorted(said))
    struct = getattr(model, "_inputs_struct", None)
    if isinstance(struct, Mapping):
        return tuple(_spec(name, one, wanted) for name, one in struct.items())
    inputs = getattr(model, "inputs", None)
    if inputs:
        return tuple(_spec(one.name, one, wanted) for one in inputs)
    own = load_file(SUPPORT / "own_python.py")
    call = model.call if hasattr(model, "call") else model.__call__
    parameters = inspect.signature(getattr(call, "python_function", call)).parameters.values()
    kinds = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    taken = [one.name for one in parameters if one.kind in kinds and one.name not in {"self", "training"}]
    missing = [
        one.name
        for one in parameters
        if one.name in taken and one.default is one.empty and one.name not in wanted.shapes
    ]
    if missing or not wanted.shapes:
        how = " ".join(f"--shape {name}=SIZES" for name in missing or taken)
        raise Refused(f"it says no sizes of {', '.join(missing or taken)}; give {how}")
    given = [name for name in taken if name in wanted.shapes]
    for name in wanted.shapes:
        if name not in taken or given != taken[: len(given)]:
            raise Refused(f"--shape {name}=...: it takes {', '.join(taken)}, by position")
    return tuple(
        TensorSpec(name, wanted.dtypes.get(name) or own.dtype_by_name(name), wanted.shapes[name]) for name in given
    )


def _spec(name: str, said: Any, wanted: Wanted) -> TensorSpec:
    import tensorflow as tf

    if said.shape is None or (hasattr(said.shape, "rank") and said.shape.rank is None):
        raise Refused(f"its input {name} says no rank; export it with an input signature")
    axes = [
        ("batch" if place == 0 else f"{_fit(name)}_{place}") if size is None else int(size)
        for place, size in enumerate(tuple(said.shape))
    ]
    return TensorSpec(name, tf.as_dtype(said.dtype).name, tuple(axes))


def _fit(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _floats_as(spec: TensorSpec, dtype: str) -> TensorSpec:
    return TensorSpec(spec.name, dtype, spec.shape) if named(spec.dtype).kind == "f" else spec


def _example(config: Mapping[str, Any]) -> list[Any]:
    import tensorflow as tf

    return [
        tf.ones(shape, dtype) if dtype == "bool" or "float" in dtype else tf.zeros(shape, dtype)
        for _, dtype, shape in config["inputs"]
    ]


def _variables(model: Any) -> list[Any]:
    return list(getattr(model, "variables", ()))


def _dtype_of(variable: Any) -> str:
    import tensorflow as tf

    return str(tf.as_dtype(variable.dtype).name)


def _bounds(model: Any, specs: tuple[TensorSpec, ...]) -> dict[str, int]:
    """Return the rows of the smallest table for every integer input."""
    import keras

    layers = model._flatten_layers() if isinstance(model, keras.Layer) else ()
    rows = [one.input_dim for one in layers if isinstance(one, keras.layers.Embedding)]
    return {spec.name: min(rows) for spec in specs if rows and named(spec.dtype).kind in "iu"}


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def _digest(path: Path) -> str:
    hasher = hashlib.sha256()
    for file in _files(path):
        hasher.update(f"{file.relative_to(path)} {file.stat().st_size} ".encode())
        hasher.update(file.read_bytes())
    return hasher.hexdigest()


def _refuse_large(path: Path, wanted: Wanted) -> None:
    size = -(-sum(file.stat().st_size for file in _files(path)) // 2**20)
    if size > wanted.megabytes:
        raise Refused(f"it has {size} MB, and at most {wanted.megabytes} are read; --max-megabytes {size} reads it")


START = TensorFlowModel()
LAYER = SimpleNamespace(build={"tensorflow": build})  # what a recipe names, and the representation calls
