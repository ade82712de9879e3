"""Known divergences, and the verdict that an outcome gets against them."""

from __future__ import annotations

import enum
import fnmatch
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from nnparity.layers import Case
from nnparity.outcome import Outcome, Stage, Status, Verdict
from nnparity.processor import fits, wrong_words


class Fix(enum.Enum):
    """Whose move a known divergence is."""

    HERE = "here"
    UPSTREAM = "upstream"
    ALLOWED = "allowed"
    NEVER = "never"


def every_case(case: Case) -> bool:
    """Return that an entry holds for the case, whatever it is."""
    return True


def _fits(name: str, globs: str) -> bool:
    """Whether the name fits one of the globs, and none that begins with !."""
    fitting = [glob for glob in globs.split() if fnmatch.fnmatchcase(name, glob.removeprefix("!"))]
    return bool(fitting) and not any(glob.startswith("!") for glob in fitting)


@dataclass(frozen=True)
class KnownDivergence:
    """A difference that we know, with a witness that must still show it.

    component: the conversion, runtime or root that diverges. layer: a layer's name, or globs where one cause shows in
    many; the witness is of one of them. reason: the narrowed cause, never "differs".
    link: the upstream issue, or "none found: <search words>"; for `allowed`, document and section.
    versions: requirements such as "torch<=2.13"; the entry applies only where all installed ones satisfy them.
    applies: says for which cases of the layer it holds. paths: globs over path ids that all show it.
    Globs stand side by side, and one that begins with ! takes away what it fits.
    up_to: the greatest error that it explains, in budgets; an error beyond, or a number of the wrong kind, is another
    fault. For a default that computes in a coarser dtype that is how much coarser its unit of rounding is.
    processor: the sets of instructions that it must have, as Linux names them ("avx512_vnni", or one of "avx2|sse4_1"),
    and with ! before, those that it must lack: for kernels that are chosen by the processor.
    """

    component: str
    layer: str
    stage: Stage
    status: Status
    fix: Fix
    reason: str
    link: str
    versions: tuple[str, ...]
    witness: Case
    applies: Callable[[Case], bool] = every_case
    paths: str = "*"
    up_to: float = math.inf
    processor: str = ""

    @property
    def id(self) -> str:
        return f"{self.component}/{self.layer}/{self.stage.value}-{self.status.value}/{self.witness.id}"

    @property
    def about(self) -> str:
        """The versions that it is known of, and the processors if it is not about all."""
        return ", ".join([*self.versions, *([f"a processor with {self.processor}"] if self.processor else [])])

    @property
    def is_allowed(self) -> bool:
        """Whether the specification in `link` leaves it open, or says otherwise than the layer."""
        return self.fix is Fix.ALLOWED

    def about_layer(self, layer: str) -> bool:
        """Whether the entry speaks about this layer."""
        return _fits(layer, self.layer)

    def on_path(self, steps: tuple[str, ...]) -> bool:
        """Whether the entry speaks about this path."""
        return self.component in steps and _fits(">".join(steps), self.paths)

    def covers(self, layer: str, steps: tuple[str, ...]) -> bool:
        """Whether the entry speaks about the layer on the path; `applies` says for which cases."""
        return self.about_layer(layer) and self.on_path(steps)

    def holds_with(self, installed: Mapping[str, str], features: Collection[str]) -> bool:
        """Whether the entry speaks about these versions on a processor with these sets of instructions."""
        return self.versions_hold(installed) and fits(self.processor, features)

    def versions_hold(self, installed: Mapping[str, str]) -> bool:
        """Whether every requirement in `versions` that names an installed distribution is satisfied."""
        for text in self.versions:
            requirement = Requirement(text)
            version = installed.get(canonicalize_name(requirement.name))
            if version is not None and not requirement.specifier.contains(version, prereleases=True):
                return False
        return True

    def shown_by(self, outcome: Outcome) -> bool:
        """Whether the outcome is what the entry tells of."""
        greater = outcome.stage is Stage.COMPARE and outcome.error_over_budget > self.up_to
        return outcome.stage is self.stage and outcome.status is self.status and not greater


def of_each(
    components: Iterable[str],
    layer: str,
    *,
    shown: tuple[Stage, Status] = (Stage.COMPARE, Status.MISMATCH),
    **fields: Any,
) -> tuple[KnownDivergence, ...]:
    """Return one entry for each component, which diverge alike. shown: stage and status. fields: the entry's others."""
    stage, status = shown
    return tuple(
        KnownDivergence(component=name, layer=layer, stage=stage, status=status, **fields) for name in components
    )


def askable(entries: Iterable[object]) -> tuple[KnownDivergence, ...]:
    """Return a file's KNOWN. Raises TypeError or ValueError for the first of it that no run could ask."""
    asked = []
    for entry in entries:
        if not isinstance(entry, KnownDivergence):
            raise TypeError(f"KNOWN has {entry!r:.80}; expected KnownDivergence(...)")
        for text in entry.versions:
            try:
                Requirement(text)
            except InvalidRequirement as problem:
                said = f"versions of {entry.id}: {text!r}: {problem}; write it as in 'numpy<=2.4'"
                raise ValueError(said) from problem
        if wrong_words(entry.processor):
            said = f"processor of {entry.id}: {entry.processor!r}; write it as in 'avx2 !avx512f'"
            raise ValueError(said)
        asked.append(entry)
    return tuple(asked)


def judge(
    outcome: Outcome, entries: Iterable[KnownDivergence], binds: Callable[[KnownDivergence], bool] = lambda entry: True
) -> Outcome:
    """Return the outcome with its verdict; `entries` are those that cover its case and path.

    binds: whether an entry's witness must show it on this path.

    | entry | observed | verdict |
    |---|---|---|
    | any | NOT_RUN, UNSUPPORTED | the same: declared, counted on their own; but FAIL where the entry's own component
    declines its witness, because the entry then says something that is over |
    | none | MATCH / anything else | PASS / FAIL |
    | some | one's stage and status, no greater error | XFAIL; ALLOWED where every such entry quotes what allows it |
    | some | MATCH | PASS for a drawn case, XPASS for a witness |
    | some | anything else | FAIL |

    An entry about UNSUPPORTED does not exist: that a component declines is data, not a divergence.
    """
    if outcome.status is Status.NOT_RUN:
        return outcome.judged(Verdict.NOT_RUN)
    covering = tuple(entries)
    witnessed = next((entry for entry in covering if entry.witness.id == outcome.case and binds(entry)), None)
    if outcome.status is Status.UNSUPPORTED:
        if witnessed is not None and witnessed.component == outcome.component:
            return outcome.judged(Verdict.FAIL, witnessed.id)
        return outcome.judged(Verdict.UNSUPPORTED)
    shown = sorted((entry for entry in covering if entry.shown_by(outcome)), key=lambda entry: entry.is_allowed)
    if shown:
        return outcome.judged(Verdict.ALLOWED if shown[0].is_allowed else Verdict.XFAIL, shown[0].id)
    if outcome.status is Status.MATCH:
        return outcome.judged(Verdict.XPASS, witnessed.id) if witnessed else outcome.judged(Verdict.PASS)
    return outcome.judged(Verdict.FAIL, covering[0].id if covering else "")
