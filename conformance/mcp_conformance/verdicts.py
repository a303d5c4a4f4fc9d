"""Verdicts and what they rest on. Plain data that turns into JSON and back: it crosses processes."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from mcp_conformance.requirements import Requirement


class Verdict(StrEnum):
    """What became of a case. `WARNING` is a failed case none of whose broken requirements is a MUST: the second axis,
    the level, is the requirement's own, this is only the column in which the case is counted."""

    PASS = "pass"
    FAIL = "fail"
    WARNING = "warning"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


_WORST_FIRST = (
    Verdict.ERROR, Verdict.FAIL, Verdict.WARNING, Verdict.INCONCLUSIVE, Verdict.PASS, Verdict.NOT_APPLICABLE,
)  # fmt: skip


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst of several: a case is as bad as its worst judgement; one pass outweighs what didn't apply."""
    return min(verdicts, key=_WORST_FIRST.index)


@dataclass(frozen=True, slots=True)
class Problem:
    """A requirement seen broken, before levels and links are known.

    `at` is a JSON Pointer into the message of the last event, or a few words where there is no message. `events` are
    numbers in the transcript. `cause` names the root cause: problems of one cause are one finding, also across
    requirements and cases.
    """

    requirement: str
    expected: str
    observed: str
    at: str = ""
    events: tuple[int, ...] = ()
    cause: str = ""
    remedy: str = ""
    secondary: bool = False
    """Seen as a consequence: where the cause itself was seen too, that is what is told."""

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that name the root cause, the same in every run: no ids, counts or times go in."""
        cause = self.cause or f"{self.requirement}|{_general(self.at)}"
        return hashlib.sha256(cause.encode(errors="backslashreplace")).hexdigest()[:12]


def _general(pointer: str) -> str:
    """A pointer with its array indexes left out: the third tool and the fifth break the same rule."""
    return re.sub(r"/\d+(?=/|$)", "/*", pointer)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line of the wire: `direction` is "sent", "received" or "closed"; `text` printable, cut to what is telling."""

    event: int
    direction: str
    text: str


@dataclass(slots=True)
class Finding:
    """A broken requirement with all that a maintainer needs to see it."""

    requirement: str
    level: str
    revision: str
    transport: str
    case: str
    at: str
    expected: str
    observed: str
    evidence: list[Evidence]
    reproduce: str
    fingerprint: str
    link: str
    summary: str
    remedy: str = ""
    interpretation: str = ""
    """Where the text pulls two ways: how, and how it was read."""
    stderr: str = ""
    secondary: bool = False
    occurrences: list[dict[str, str]] = field(default_factory=list)

    @property
    def is_must(self) -> bool:
        return self.level in ("MUST", "MUST NOT")

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Finding":
        return cls(**{**data, "evidence": [Evidence(**line) for line in data["evidence"]]})


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one case says of one requirement."""

    requirement: str
    level: str
    verdict: Verdict
    reason: str


@dataclass(slots=True)
class Outcome:
    """What became of one case in one revision over one transport."""

    case: str
    area: str
    revision: str
    transport: str
    verdict: Verdict
    reason: str
    judgements: list[Judgement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    server_seconds: float = 0.0

    @property
    def requirements(self) -> list[str]:
        return [judgement.requirement for judgement in self.judgements]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types only: it has to cross to another process."""
        made: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return made

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Outcome":
        return cls(
            **{
                **data,
                "verdict": Verdict(data["verdict"]),
                "judgements": [Judgement(**{**row, "verdict": Verdict(row["verdict"])}) for row in data["judgements"]],
                "findings": [Finding.from_json(row) for row in data["findings"]],
            }
        )


def failed(requirement: Requirement) -> Verdict:
    """The column in which a broken requirement is counted."""
    return Verdict.FAIL if requirement.is_must else Verdict.WARNING
