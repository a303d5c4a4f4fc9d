"""Passive oracles: the checks that watch all traffic, whatever case causes it."""

from mcp_conformance.cases.checks import CHECKS
from mcp_conformance.observation import Observation
from mcp_conformance.revisions import era_of
from mcp_conformance.verdicts import Problem


def watch(observation: Observation) -> list[Problem]:
    """What the watching checks have to complain of in a stretch of a session."""
    found: list[Problem] = []
    era = era_of(observation.revision)
    for check in CHECKS.values():
        if check.everywhere and check.era in (None, era):
            found.extend(check.look(observation).problems)
    return found
