"""Loads one content file as a module of its own, and rebuilds a root's model from its recipe."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Dict, Tuple

import numpy as np

from nnparity.dtypes import read_back

if TYPE_CHECKING:
    from nnparity.contracts import Arrays, Config

RECIPE = "recipe.json"
WEIGHTS = "weights.npz"


def load_file(path: Path) -> ModuleType:
    """Return the file as a module; the same module for the same path. Raises whatever the file raises."""
    resolved = path.resolve()
    name = "nnparity_content_" + hashlib.sha256(str(resolved).encode()).hexdigest()[:16]
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, resolved)
    if spec is None or spec.loader is None:
        raise ImportError(f"loading {path}: expected a Python file (.py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def write_recipe(folder: Path, *, layer_file: Path, config: Config, weights: Arrays) -> None:
    """Write what a root's representation needs to build the model: where the layer is, its config, its weights."""
    recipe = {"layer_file": str(layer_file.resolve()), "config": dict(config)}
    (folder / RECIPE).write_text(json.dumps(recipe, sort_keys=True), encoding="utf-8")
    with zipfile.ZipFile(folder / WEIGHTS, "w") as archive:  # as np.savez does, which has parameters of its own names
        for name, array in weights.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)


def read_recipe(folder: Path) -> Tuple[Path, Dict[str, Any], Dict[str, np.ndarray]]:
    """Return (layer file, config, weights) as `write_recipe` wrote them."""
    recipe = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
    with np.load(folder / WEIGHTS, allow_pickle=False) as archive:
        weights = {name: read_back(archive[name]) for name in archive.files}
    return Path(recipe["layer_file"]), recipe["config"], weights


def build_root(folder: Path, root: str) -> Any:
    """Return what the layer's build for this root returns, from the recipe in `folder`."""
    layer_file, config, weights = read_recipe(folder)
    layer = load_file(layer_file).LAYER
    return layer.build[root](config, weights)


def components_in(path: Path) -> Dict[str, Any]:
    """Return the components of a file by name: its COMPONENT, or its COMPONENTS where a runtime has several settings.

    Raises AttributeError if the file has neither, ValueError if two of them have one name.
    """
    module = load_file(path)
    components = module.COMPONENTS if hasattr(module, "COMPONENTS") else (module.COMPONENT,)
    found: Dict[str, Any] = {}
    for component in components:
        if component.name in found:
            raise ValueError(f"two components are named {component.name!r}; choose another name for one")
        found[component.name] = component
    return found
