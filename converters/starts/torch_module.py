"""A torch.nn.Module that a user's own Python file makes, or a pickled one that the user trusts."""

from __future__ import annotations

import inspect
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from nnparity.contracts import Artifact, NotMine, Reading, Refused, TensorSpec, Unsupported, Wanted
from nnparity.dtypes import named
from nnparity.loading import load_file, write_recipe

SUPPORT = Path(__file__).parents[1] / "support"
OPEN_SIZE = 2
PICKLED = frozenset((".pt", ".pth", ".bin", ".ckpt"))


class TorchModule:
    name = "torch_module"
    title = "a PyTorch module in a Python file (file.py:Net)"
    representation = "torch"
    environment = "torch"
    defined_by = ("torch_eager",)

    def takes(self, path: Path, member: str) -> bool:
        if path.suffix in PICKLED:
            return path.is_file() and not member
        return path.suffix == ".py" and bool(member) and load_file(SUPPORT / "own_python.py").imports(path, ("torch",))

    def read(self, wanted: Wanted, folder: Path) -> Reading:
        """Return the module's inputs and outputs, having run it once; the recipe has its weights and buffers.

        A pickled module is read with trust only: unpickling runs whatever the file says.
        """
        if wanted.moved:
            raise Unsupported("a module that is not had in float64 is held to itself at moved inputs alone")
        if not wanted.member:
            refuse_untrusted(Path(wanted.path), trust=wanted.trust)
        return read_module(_module(wanted.path, wanted.member), wanted, folder)


def refuse_untrusted(file: Path, *, trust: bool) -> None:
    """Raise NotMine for TorchScript, which torch.jit.load reads without running what is in it; else Refused."""
    if is_torchscript(file):
        raise NotMine("TorchScript")
    if not trust:
        raise Refused(
            "it is no TorchScript but a pickle (torch.save), which can run any code when it is read; --trust reads a "
            "pickled module, torch.jit.save writes a file that needs no trust, and file.py:Net is the model itself"
        )


def is_torchscript(file: Path) -> bool:
    """Return whether it is an archive with code in it, as torch.jit.save writes; nothing of it is unpickled."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    return any(name.endswith("/constants.pkl") for name in names) and any("/code/" in name for name in names)


def read_module(module: Any, wanted: Wanted, folder: Path) -> Reading:
    """Write the recipe for the module and return what it takes and gives."""
    import torch

    specs = _specs(module, wanted)
    sizes = {size: OPEN_SIZE for spec in specs for size in spec.shape if isinstance(size, str)}
    names = [spec.name for spec in specs]
    dtype = wanted.dtype or dtype_of(module, specs)
    specs = tuple(floats_as(spec, dtype) if wanted.dtype or spec.name not in wanted.dtypes else spec for spec in specs)
    config = {"path": wanted.path, "member": wanted.member, "names": names, "dtype": dtype, "trust": wanted.trust}
    config["plain"] = True
    weights = {name: _array(tensor) for name, tensor in _state(module).items()}
    module = _prepared(module, config, {})
    bounds = _bounds(module, specs)
    tensors = [example(spec, sizes) for spec in specs]
    with torch.inference_mode():
        result = module(*tensors)
    outputs, config["plain"] = named_outputs(result)
    config["plain"] = config["plain"] and _in_order(module, names)
    write_recipe(folder, layer_file=Path(__file__), config=config, weights=weights)
    return Reading(Artifact("torch", None, specs, outputs, sizes), dtype, bounds)


def build(config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Any:
    """Return the module with the weights that it had when it was read, in the config's dtype."""
    return _prepared(_module(config["path"], config["member"]), config, weights)


def _module(path: str, member: str) -> Any:
    import torch

    if not member:
        return _unpickled(path)
    own = load_file(SUPPORT / "own_python.py")
    found = own.member_of(path, member)
    torch.manual_seed(0)
    module = own.made_by(found, lambda one: isinstance(one, torch.nn.Module), member)
    if not isinstance(module, torch.nn.Module):
        raise NotMine(f"{member} gives a {type(module).__name__}, no torch.nn.Module")
    return module


def _unpickled(path: str) -> Any:
    """Return the module that torch.save wrote. Reading it can run any code: only what the user trusts comes here."""
    import torch

    sys.path.insert(0, str(Path(path).parent))  # a pickle names the file that its class is in
    found = torch.load(path, map_location="cpu", weights_only=False)
    if not isinstance(found, torch.nn.Module):
        raise Refused(
            f"it holds a {type(found).__name__}, weights without a model; give file.py:make, a function that builds "
            "the model and loads them"
        )
    return found


def _prepared(module: Any, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Any:
    import torch

    state = _state(module)
    with torch.no_grad():
        for name, array in weights.items():
            state[name].copy_(torch.from_numpy(np.array(array)))
    module = module.cpu().eval()
    if config["dtype"] == "float64":
        module = module.double()
    return module if config["plain"] else _flat(module, config["names"])


def _state(module: Any) -> dict[str, Any]:
    """Return parameters and buffers by name, those too that are not saved with the module."""
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _array(tensor: Any) -> np.ndarray:
    import torch

    plain = tensor.detach().cpu()
    array: np.ndarray = (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()
    return array


def _specs(module: Any, wanted: Wanted) -> tuple[TensorSpec, ...]:
    """Return the inputs that the user gave shapes for, in the order in which forward takes them. Raises Refused."""
    parameters = inspect.signature(module.forward).parameters.values()
    taken = [one.name for one in parameters if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}]
    anything = any(one.kind is one.VAR_POSITIONAL for one in parameters)
    if anything:
        taken += [name for name in wanted.shapes if name not in taken]
    needed = [one.name for one in parameters if one.name in taken and one.default is one.empty]
    return specs_of(taken, needed, wanted)


def specs_of(taken: list[str], needed: list[str], wanted: Wanted) -> tuple[TensorSpec, ...]:
    """Return the inputs that the user gave shapes for, in order. Raises Refused where one is needed and not given."""
    own = load_file(SUPPORT / "own_python.py")
    shown = f"forward({', '.join(taken)})"
    missing = [name for name in needed if name not in wanted.shapes]
    if missing or not wanted.shapes:
        how = " ".join(f"--shape {name}=SIZES" for name in missing or taken)
        raise Refused(f"its {shown} says no sizes; give {how}, such as {(missing or taken or ['x'])[0]}=2,3,224,224")
    for name in wanted.shapes:
        if name not in taken:
            raise Refused(f"--shape {name}=...: its {shown} takes no {name}")
    return tuple(
        TensorSpec(name, wanted.dtypes.get(name) or own.dtype_by_name(name), wanted.shapes[name])
        for name in taken
        if name in wanted.shapes
    )


def floats_as(spec: TensorSpec, dtype: str) -> TensorSpec:
    return TensorSpec(spec.name, dtype, spec.shape) if named(spec.dtype).kind == "f" else spec


def example(spec: TensorSpec, sizes: Mapping[str, int]) -> Any:
    """Return zeros, or ones where zeros could divide by nothing: for floats and masks."""
    import torch

    dtype = named(spec.dtype)
    array = np.ones(spec.sized(sizes), dtype) if dtype.kind in "fb" else np.zeros(spec.sized(sizes), dtype)
    return torch.from_numpy(array)


def dtype_of(module: Any, specs: tuple[TensorSpec, ...]) -> str:
    """Return the coarsest float dtype of the parameters, that of the inputs where there is none."""
    import torch

    found = {tensor.dtype for tensor in _state(module).values() if tensor.is_floating_point()}
    order = (torch.bfloat16, torch.float16, torch.float32, torch.float64)
    coarsest = next((dtype for dtype in order if dtype in found), None)
    if coarsest is not None:
        return str(coarsest).partition(".")[2]
    return next((spec.dtype for spec in specs if named(spec.dtype).kind == "f"), "float32")


def _bounds(module: Any, specs: tuple[TensorSpec, ...]) -> dict[str, int]:
    """Return the rows of the smallest table for every integer input: which input goes to which is not looked for."""
    import torch

    rows = [one.num_embeddings for one in module.modules() if isinstance(one, torch.nn.Embedding)]
    return {spec.name: min(rows) for spec in specs if rows and named(spec.dtype).kind in "iu"}


def named_outputs(result: Any) -> tuple[tuple[str, ...], bool]:
    """Return names for what a call gave, and whether it came as a tensor or a tuple of tensors."""
    import torch

    names = tuple(_names(result))
    if not names:
        raise Refused(f"it gives a {type(result).__name__} without a tensor in it")
    several = isinstance(result, (tuple, list)) and not hasattr(result, "keys")
    plain = isinstance(result, torch.Tensor) or (several and all(isinstance(one, torch.Tensor) for one in result))
    return names, plain


def _names(result: Any, name: str = "output") -> list[str]:
    import torch

    if isinstance(result, torch.Tensor):
        return [name]
    before = "" if name == "output" else f"{name}_"
    if isinstance(result, Mapping):
        return [one for key, value in result.items() for one in _names(value, f"{before}{key}")]
    if isinstance(result, (tuple, list)):
        return [one for place, value in enumerate(result) for one in _names(value, f"{name}_{place}")]
    return []


def _flattened(result: Any) -> list[Any]:
    import torch

    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, Mapping):
        return [one for value in result.values() for one in _flattened(value)]
    return [one for value in result for one in _flattened(value)] if isinstance(result, (tuple, list)) else []


def _in_order(module: Any, names: list[str]) -> bool:
    """Return whether the inputs are the first parameters of forward, so that they can be given by position."""
    parameters = inspect.signature(module.forward).parameters.values()
    taken = [one.name for one in parameters if one.kind is not one.VAR_KEYWORD]
    return taken[: len(names)] == names or any(one.kind is one.VAR_POSITIONAL for one in parameters)


def _flat(module: Any, names: list[str]) -> Any:
    """Return a module that gives the inputs by name and returns every tensor of the result in one tuple."""
    import torch

    class Flat(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = module

        def forward(self, *inputs: Any) -> tuple[Any, ...]:
            return tuple(_flattened(self.model(**dict(zip(names, inputs, strict=True)))))

    return Flat().eval()


START = TorchModule()
LAYER = SimpleNamespace(build={"torch": build})  # what a recipe names, and the representation calls
