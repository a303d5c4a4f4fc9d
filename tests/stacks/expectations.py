"""What runs against other people's stacks are expected to say, and why that is right: `expected.yaml`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Broken = tuple[str, str, str]
"""A requirement, its level, and a revision in which it is broken."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A finding that is expected on some targets (patterns of names), in the revisions from `since` to `until` of those
    that a run judges; `judgement` says in words why it is right, `link` where the clause is."""

    requirement: str
    level: str
    targets: tuple[str, ...]
    link: str
    judgement: str
    without: tuple[str, ...] = ()
    since: str = ""
    until: str = "9"

    def concerns(self, target: str) -> bool:
        return _matches(target, self.targets) and not _matches(target, self.without)


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A case, or with ``*`` all, that comes to no verdict on some targets, and why."""

    case: str
    targets: tuple[str, ...]
    reason: str


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


@cache
def judgements() -> tuple[Judgement, ...]:
    return tuple(Judgement(**_frozen(entry)) for entry in _read().get("findings") or ())


@cache
def unjudged() -> tuple[Unjudged, ...]:
    return tuple(Unjudged(**_frozen(entry)) for entry in _read().get("inconclusive") or ())


@cache
def _read() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("expected.yaml").read_text(encoding="utf-8"))
    return read


def _frozen(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value.strip() if isinstance(value, str) else value
        for name, value in entry.items()
    }


def expected(target: str, run: Mapping[str, Any]) -> set[Broken]:
    """The findings that are expected of a target, in the revisions of this run."""
    return {
        (judged.requirement, judged.level, revision)
        for judged in judgements()
        if judged.concerns(target)
        for revision in run["revisions"]
        if judged.since <= revision <= judged.until
    }


def found(run: Mapping[str, Any]) -> set[Broken]:
    """What a run has found: each cause by its gravest requirement, in each revision in which it showed. Where no
    revision was judged there is one finding, that nothing could be judged: `inconclusive` explains that."""
    if not run["revisions"]:
        return set()
    return {
        (finding["requirement"], finding["level"], occurrence["revision"])
        for finding in run["findings"]
        for occurrence in finding["occurrences"]
    }


def unexplained(target: str, run: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """Cases that came to no verdict without a known reason: their ids, revisions, and what was said."""
    known = [one.case for one in unjudged() if _matches(target, one.targets)]
    return {
        (case["id"], case["revision"], case["reason"])
        for case in run["cases"]
        if case["verdict"] in ("inconclusive", "error") and not _matches(case["id"], known)
    }
