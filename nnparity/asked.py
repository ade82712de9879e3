"""What the user asked to be checked, as units of work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from nnparity.bench import Bench
from nnparity.discovery import Broken, Content, Route
from nnparity.lanes import Key, Unit
from nnparity.layers import Case
from nnparity.plan import Model, Profile, models_of, models_with, unique
from nnparity.run import units_of, witness_units


@dataclass(frozen=True)
class Asked:
    """What the user asked to be checked. case: only this one, in place of what the profile draws."""

    layers: tuple[str, ...]
    routes: tuple[Route, ...]
    profile: Profile
    seed: int
    case: Case | None = None
    undrawn: list[Broken] = field(default_factory=list)

    def units(self, bench: Bench, recorded: set[Key]) -> Iterator[Unit]:
        """Yield the work that is left: witnesses first, then examples and drawn cases."""
        if self.case is not None:
            yield from units_of([Model(self.case.layer, (self.case,))], self.routes, recorded)
            return
        content = bench.content
        known = [entry for entry in content.known if entry.witness.layer in self.layers]
        yield from witness_units(known, self.routes, bench)
        models = (model for name in self.layers for model in self._models(content, name))
        yield from units_of(unique(models), self.routes, recorded)

    def _models(self, content: Content, name: str) -> Iterator[Model]:
        """Yield the layer's models, first those of cases that failed once.

        A layer whose own strategies raise is remembered in `undrawn`.
        """
        try:
            models = list(models_of(content.layers[name], self.profile, self.seed))
        except Exception as problem:  # noqa: BLE001 a layer file may raise anything; the others still run
            said = f"drawing a case of {name}: {type(problem).__name__}: {problem}"
            self.undrawn.append(Broken(content.layer_files[name], said))
            models = []
        yield from (*models_with(content.found.get(name, ())), *models)
