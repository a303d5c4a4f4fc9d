"""The one model of a run, as JSON (``schemas/run.schema.json``): what every report is made of."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mcp_conformance import __version__
from mcp_conformance.profile import Profile
from mcp_conformance.verdicts import Finding, Outcome, Verdict

RUN_VERSION = 1


def merge_findings(outcomes: Sequence[Outcome]) -> list[Finding]:
    """One finding a root cause, gravest first, each with all the cases that showed it."""
    merged: dict[str, Finding] = {}
    for outcome in outcomes:
        for finding in outcome.findings:
            seen = {
                "case": outcome.case,
                "revision": outcome.revision,
                "transport": outcome.transport,
                "requirement": finding.requirement,
            }
            known = merged.get(finding.fingerprint)
            if known is None:
                finding.occurrences = [seen]
                merged[finding.fingerprint] = finding
                continue
            known.occurrences.append(seen)
            if (not finding.is_must, finding.secondary) < (not known.is_must, known.secondary):
                finding.occurrences = known.occurrences
                merged[finding.fingerprint] = finding
    return sorted(merged.values(), key=lambda finding: not finding.is_must)


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many cases came to each verdict; together they are all cases."""
    made = {verdict.value: 0 for verdict in Verdict}
    for outcome in outcomes:
        made[outcome.verdict.value] += 1
    return made


def build(
    *,
    target: dict[str, Any],
    profile: Profile,
    outcomes: Sequence[Outcome],
    settings: dict[str, Any],
    versions: dict[str, str],
    seconds: float,
    complete: bool,
) -> dict[str, Any]:
    """The run as a JSON value, not yet redacted. `complete` is false when it was cut short."""
    info = profile.server_info
    tools = next(reversed(profile.revisions.values())).tools if profile.revisions else []
    return {
        "format": RUN_VERSION,
        "target": target,
        "server": {"name": info.get("name"), "version": info.get("version"), "title": info.get("title")},
        "harness": {"name": "pytest-mcp-conformance", "version": __version__, **versions},
        "settings": settings,
        "complete": complete,
        "revisions": list(profile.revisions),
        "offers": profile.offers,
        "transports": [profile.transport],
        "tools": {
            "listed": len(tools),
            "callable": sum(tool.callable for tool in tools),
            "called": sum(tool.called for tool in tools),
            "accepted": sum(tool.arguments is not None for tool in tools),
        },
        "seconds": {
            "total": round(seconds, 3),
            "server": round(profile.server_seconds + sum(outcome.server_seconds for outcome in outcomes), 3),
            "start": round(profile.start_seconds, 3),
        },
        "counts": counts(outcomes),
        "findings": [_finding(finding) for finding in merge_findings(outcomes)],
        "cases": [_case(outcome) for outcome in outcomes],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    made = asdict(finding)
    del made["secondary"]  # it only served to choose what speaks for the cause
    return made


def _case(outcome: Outcome) -> dict[str, Any]:
    return {
        "id": outcome.case,
        "area": outcome.area,
        "revision": outcome.revision,
        "transport": outcome.transport,
        "verdict": outcome.verdict.value,
        "reason": outcome.reason,
        "requirements": [
            {"id": judgement.requirement, "level": judgement.level, "verdict": judgement.verdict.value}
            for judgement in outcome.judgements
        ],
        "findings": [finding.fingerprint for finding in outcome.findings],
        "notes": outcome.notes,
        "seconds": round(outcome.seconds, 4),
        "server_seconds": round(outcome.server_seconds, 4),
    }


def write(path: Path, run: dict[str, Any]) -> None:
    """Write a run in one step: a reader sees the old file or the whole new one."""
    text = json.dumps(run, ensure_ascii=True, indent=1)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
