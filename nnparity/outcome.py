"""What happened to one case on one path, and what it means against what is known."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any


class Stage(enum.Enum):
    """How far the case got; the last stage that was entered."""

    BUILD = "BUILD"
    CONVERT = "CONVERT"
    LOAD = "LOAD"
    RUN = "RUN"
    COMPARE = "COMPARE"


class Status(enum.Enum):
    """What happened there."""

    MATCH = "MATCH"
    MISMATCH = "MISMATCH"
    UNSUPPORTED = "UNSUPPORTED"
    ERROR = "ERROR"
    CRASH = "CRASH"
    TIMEOUT = "TIMEOUT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    NOT_RUN = "NOT_RUN"


class Verdict(enum.Enum):
    """What it means. FAIL and XPASS make the run fail.

    XFAIL and ALLOWED are known divergences; ALLOWED ones are what a specification leaves open, or says otherwise.
    """

    PASS = "PASS"  # noqa: S105 a verdict, not a password
    XFAIL = "XFAIL"
    ALLOWED = "ALLOWED"
    XPASS = "XPASS"
    FAIL = "FAIL"
    UNSUPPORTED = "UNSUPPORTED"
    NOT_RUN = "NOT_RUN"


class Failure(Exception):
    """A step that did not succeed, with its stage and status."""

    def __init__(self, stage: Stage, status: Status, detail: str, *, component: str = "") -> None:
        super().__init__(detail)
        self.stage = stage
        self.status = status
        self.detail = detail
        self.component = component


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of results.jsonl.

    path: root, conversions, runtime. known: the entry that explains it, "" if none.
    component: where it stopped, "" after a comparison. max_abs, max_ulp, error_over_budget: NaN if not compared.
    op_counts, op_total, seconds, megabytes: by step name, in path order; run_microseconds: one run, NaN if not run.
    megabytes: the most that the step's process held while it converted, or loaded the model, its framework included.
    open_axes: axes whose size the converter was not told. witness: the case belongs to a known divergence.
    relation: the fact of the layer that was asked about, by which two runs are compared; "" for outputs by themselves.
    accuracy_loss: of a quantised model, the greatest distance of what it says from the layer, over the range of the
    layer's output; NaN, and not in the line, for all others. Its verdict says whether the runtime keeps to the model.
    evidence: of failures and witnesses, the numbers that a reader wants to see: `window`, up to 5 x 5 values around the
    worst element (output, index, shape, corner, expected, got, allowed), and `inputs` by name (dtype, shape, min, max,
    nan, inf, first). JSON values; empty, and not in the line, for all others and in files that are older.
    """

    case: str
    layer: str
    config: Mapping[str, Any]
    path: tuple[str, ...]
    stage: Stage
    status: Status
    verdict: Verdict = Verdict.FAIL
    known: str = ""
    component: str = ""
    open_axes: tuple[str, ...] = ()
    witness: bool = False
    relation: str = ""
    max_abs: float = math.nan
    max_ulp: float = math.nan
    error_over_budget: float = math.nan
    op_counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    op_total: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    megabytes: Mapping[str, int] = field(default_factory=dict)
    run_microseconds: float = math.nan
    detail: str = ""
    reproduce: str = ""
    accuracy_loss: float = math.nan
    evidence: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path_id(self) -> str:
        return ">".join(self.path)

    @property
    def key(self) -> tuple[str, str]:
        """What makes two outcomes the same question: case and path."""
        return self.case, self.path_id

    def judged(self, verdict: Verdict, known: str = "") -> Outcome:
        return replace(self, verdict=verdict, known=known)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values only: enums by name, NaN as null, infinities as strings; unknown keys as read."""
        record: dict[str, Any] = dict(self.extra)
        for name in _NAMES:
            record[name] = _plain(getattr(self, name))
        if not self.evidence:
            del record["evidence"]
        if math.isnan(self.accuracy_loss):
            del record["accuracy_loss"]
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Outcome:
        """Return the outcome that `to_json` wrote. Raises KeyError, ValueError or TypeError for anything else."""
        values = {name: value for name, value in record.items() if name in _NAMES}
        values["path"] = tuple(values["path"])
        values["open_axes"] = tuple(values.get("open_axes", ()))
        values["stage"] = Stage(values["stage"])
        values["status"] = Status(values["status"])
        values["verdict"] = Verdict(values["verdict"])
        for name in ("max_abs", "max_ulp", "error_over_budget", "run_microseconds", "accuracy_loss"):
            values[name] = math.nan if values.get(name) is None else float(values[name])
        return cls(**values, extra={name: value for name, value in record.items() if name not in _NAMES})


_NAMES = tuple(item.name for item in fields(Outcome) if item.name != "extra")
_ALREADY_PLAIN = {str, int, bool, type(None)}


def _plain(value: Any) -> Any:
    if type(value) in _ALREADY_PLAIN:
        return value
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, float):
        return _plain_number(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _plain_number(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)
