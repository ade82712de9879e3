"""What is found out about new failures before a run ends: the operator that goes wrong, and a script that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnparity.alike import alike, representative
from nnparity.bench import Bench
from nnparity.by_hand import by_hand_in
from nnparity.case_at import CaseAt
from nnparity.cases import case_in
from nnparity.divergence import KnownDivergence
from nnparity.errors import INTERRUPTED, UserError
from nnparity.escape import visible
from nnparity.located import environments_to_locate, found_of, known_lines, lines_of
from nnparity.making import CannotReproduce
from nnparity.oracle import Oracle
from nnparity.outcome import Failure, Outcome, Status, Verdict
from nnparity.reproduce import ran_here, reproduction, run_script
from nnparity.store import ResultsWriter

SCRIPTS = "reproduce"
Told = Mapping[str, Any]
SLOW = {Status.TIMEOUT, Status.OUT_OF_MEMORY}
LATER = {"operator": "not looked for: every trial may take as long, or as much memory, as the failure itself did"}


@dataclass(frozen=True)
class Explainer:
    """Looks into the new failures among the outcomes that a run records in the folder `out`.

    known: the known divergences of all layers. converters: folders of a third party's own. failing: what it took.
    """

    bench: Bench
    oracle: Oracle
    known: Sequence[KnownDivergence]
    converters: Sequence[Path]
    out: Path
    say: Callable[[str], None]
    failing: list[Outcome] = field(default_factory=list)

    def take(self, outcome: Outcome) -> None:
        """Keep the outcome if it is a new failure."""
        if outcome.verdict is Verdict.FAIL:
            self.failing.append(outcome)

    def record(self, writer: ResultsWriter, most: int) -> int:
        """Record what is found out about at most so many failures; return the exit code, 0 unless interrupted."""
        try:
            for name, told in self.explained(most):
                writer.add_facts({"explained": {name: told}})
        except KeyboardInterrupt:
            self.say("interrupted; all outcomes are recorded, and what was found out about failures")
            return INTERRUPTED
        return 0

    def explained(self, most: int) -> Iterator[tuple[str, Told]]:
        """Yield CASE@PATH and what is to be recorded about it, of at most so many failures that are not alike."""
        shown = [representative(paths) for paths in alike(self.failing).values()]
        if shown and most:
            of_all = f"{min(most, len(shown))} of {len(shown)} failures that differ"
            self.say(f"looking into {of_all}: which operator, and a script that shows it (--explain says how many)")
        for outcome in shown[:most]:
            asked = self._asked(outcome)
            if asked is not None:
                self.say(f"{outcome.layer} {asked.id}")
                yield asked.id, self._told(outcome, asked)

    def _asked(self, outcome: Outcome) -> CaseAt | None:
        case = case_in(outcome.case, [self.out / "cases"])
        route = next((one for one in self.bench.content.routes if one.id == outcome.path_id), None)
        return None if case is None or route is None else CaseAt(case, route)

    def _told(self, outcome: Outcome, asked: CaseAt) -> Told:
        return LATER if outcome.status in SLOW else {"operator": self._operator(asked), **self._script(asked)}

    def _operator(self, asked: CaseAt) -> str:
        """Return lines about the operator that goes wrong, or why none is named."""
        content = self.bench.content
        failed = self.bench.environments.build_all(environments_to_locate(asked.route, content), self.say)
        if failed:
            return "; ".join(failed.values())
        try:
            report = found_of(asked.case, asked.route, self.bench, self.oracle)
            _, _, *lines = lines_of(report, asked.case, asked.route, content)  # the failure itself is told already
            lines += known_lines(report, self.known, self.bench)
        except UserError as problem:
            lines = [f"no operator is named: {problem}"]
        for line in lines:
            self.say(f"  {visible(line)}")
        return "\n".join(lines)

    def _script(self, asked: CaseAt) -> Told:
        """Return the script with what became of it when it was run, or why there is none."""
        try:
            made = reproduction(asked, self.bench, self.oracle, self.out / SCRIPTS, by_hand_in(self.converters))
        except (CannotReproduce, Failure, UserError) as problem:
            self.say(f"  no script: {visible(str(problem))}")
            return {"said": str(problem)}
        folder = made.file.parent
        others = sorted(file for file in folder.iterdir() if file != made.file)
        said = ran_here(run_script(made, self.bench.environments))
        self.say(f"  script: {made.file}; {said}")
        return {
            "script": made.file.read_text(encoding="utf-8"),
            "folder": folder.relative_to(self.out).as_posix(),
            "files": ", ".join(file.name for file in others),
            "modules": {file.name: file.read_text(encoding="utf-8") for file in others if file.suffix == ".py"},
            "said": said,
        }
