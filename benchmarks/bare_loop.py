"""Converts and runs what a plan says, in one plain process: no worker, no frames, no cache, no counts, no judging.

Runs in the environment whose components the plan names: python bare_loop.py PLAN.json REPLY.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnparity.contracts import Artifact, TensorSpec
from nnparity.loading import components_in, load_file

DESCRIPTION = "artifact.json"


class BareLoop:
    """Holds what one model's steps share: every artifact is read from its files once."""

    def __init__(self, representations: Mapping[str, str]) -> None:
        self._representations = representations
        self._loaded: dict[str, Artifact] = {}

    def do(self, step: Mapping[str, str]) -> None:
        source = self._load(step["source"])
        component = components_in(Path(step["file"]))[step["component"]]
        if step["does"] == "run":
            session = component.load(source)
            for inputs in step["inputs"].split():
                with np.load(inputs) as arrays:
                    session.run({name: arrays[name] for name in arrays.files})
        else:
            self._save(getattr(component, step["does"])(source), Path(step["target"]))

    def _load(self, place: str) -> Artifact:
        if place not in self._loaded:
            folder = Path(place)
            described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
            self._loaded[place] = Artifact(
                representation=described["representation"],
                model=self._representation(described["representation"]).load(folder),
                inputs=tuple(TensorSpec(name, dtype, tuple(shape)) for name, dtype, shape in described["inputs"]),
                outputs=tuple(described["outputs"]),
                sizes=described["sizes"],
            )
        return self._loaded[place]

    def _save(self, artifact: Artifact, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._representation(artifact.representation).save(artifact.model, folder)
        described = {
            "representation": artifact.representation,
            "inputs": [[spec.name, spec.dtype, spec.shape] for spec in artifact.inputs],
            "outputs": artifact.outputs,
            "sizes": dict(artifact.sizes),
        }
        (folder / DESCRIPTION).write_text(json.dumps(described), encoding="utf-8")

    def _representation(self, name: str) -> Any:
        return load_file(Path(self._representations[name])).REPRESENTATION


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    done: list[str] = []
    failed: dict[str, str] = {}
    for steps in plan["models"]:
        loop = BareLoop(plan["representations"])
        for step in steps:
            if not (Path(step["source"]) / DESCRIPTION).exists():
                continue
            try:
                loop.do(step)
            except Exception as problem:  # noqa: BLE001 a component may raise anything; the next steps are still done
                failed[step["id"]] = f"{type(problem).__name__}: {problem}"[:300]
            else:
                done.append(step["id"])
    Path(sys.argv[2]).write_text(json.dumps({"done": done, "failed": failed}), encoding="utf-8")


if __name__ == "__main__":
    main()
