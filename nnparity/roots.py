"""From a case to the folder that a root's representation builds its model from."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from nnparity.contracts import Artifact
from nnparity.given import ReadModel
from nnparity.layers import Case, LayerSpec, weights_of
from nnparity.loading import RECIPE, write_recipe
from nnparity.outcome import Failure, Stage, Status
from nnparity.worker import ARTIFACT, NO_SPACE, describe_artifact


def write_root(folder: Path, case: Case, root: str, *, layer: LayerSpec, layer_file: Path) -> None:
    """Write what the root's representation builds the case's model from. Raises Failure if the layer's file does."""
    with layer_blamed(Stage.BUILD, layer.name, f"writing down the weights and the signature of {layer.name}"):
        weights = weights_of(layer, case.config, case.seed)
        signature = layer.signature(case.config)
        named = (name for spec in signature.inputs for name in spec.shape if isinstance(name, str))
        sizes = {name: int(case.config[name]) for name in named}
        shown = {name: name if name in case.open_axes else size for name, size in sizes.items()}
        inputs = tuple(
            replace(spec, shape=tuple(shown[size] if isinstance(size, str) else size for size in spec.shape))
            for spec in signature.inputs
        )
        write_recipe(folder, layer_file=layer_file, config=case.config, weights=weights)
        described = describe_artifact(Artifact(root, None, inputs, signature.outputs, sizes))
        (folder / ARTIFACT).write_text(json.dumps(described), encoding="utf-8")


def write_given(folder: Path, case: Case, read: ReadModel) -> None:
    """Write what the representation loads a given model from, its open axes sized as the case has them."""
    for file in read.folder.iterdir():
        if file.name == RECIPE:
            shutil.copy(file, folder / file.name)
        elif file.name != ARTIFACT:
            os.link(file, folder / file.name)
    described = json.loads((read.folder / ARTIFACT).read_text(encoding="utf-8"))
    sizes = {name: int(case.config[name]) for name in read.open_axes}
    shown = {name: name if name in case.open_axes else size for name, size in sizes.items()}
    described["inputs"] = [
        [spec.name, spec.dtype, [shown[size] if isinstance(size, str) else size for size in spec.shape]]
        for spec in read.inputs
    ]
    (folder / ARTIFACT).write_text(json.dumps({**described, "sizes": sizes, "operators": None}), encoding="utf-8")


@contextlib.contextmanager
def layer_blamed(stage: Stage, component: str, doing: str) -> Iterator[None]:
    """Turn whatever a layer's own functions raise into a Failure, so that the others still run; a full disk stays."""
    try:
        yield
    except Exception as problem:
        if isinstance(problem, OSError) and problem.errno in NO_SPACE:
            raise
        detail = f"{doing}: {type(problem).__name__}: {problem}; correct the layer's file"
        raise Failure(stage, Status.ERROR, detail, component=component) from problem
