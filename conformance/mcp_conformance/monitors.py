"""Passive oracles: the checks that watch all traffic, whatever case causes it."""

from mcp_conformance.cases.checks import CHECKS
from mcp_conformance.observation import Observation
from mcp_conformance.verdicts import Problem


def watch(observation: Observation) -> list[Problem]:
    """What the watching checks have to complain of in a stretch of a session."""
    found: list[Problem] = []
    for check in CHECKS.values():
        if check.everywhere and (not check.revisions or observation.revision in check.revisions):
            found.extend(check.look(observation).problems)
    return found
