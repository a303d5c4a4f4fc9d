"""Wrong servers over HTTP, in this process: each gives its own finding and no other; right ones give none.

Each runs in the newest revision in which it is wrong; ``MCP_FULL=1`` runs it in all of them, with all cases.
"""

import os

import pytest
from faulty import FAULTS, VARIANTS
from faulty._audit import Examinations, claims, complaints

from mcp_conformance.revisions import JUDGED
from mcp_conformance.verdicts import Verdict

FULL = bool(os.environ.get("MCP_FULL"))
WRONG = [fault for fault in FAULTS.values() if fault.endpoint is not None]
RIGHT = [variant for variant in VARIANTS.values() if variant.endpoint is not None]
DEADLINE = 2.0


def revisions(standing: list[str]) -> list[str]:
    return standing if FULL else standing[-1:]


FAULTY = [
    (fault.name, revision) for fault in WRONG for revision in revisions([one for one in JUDGED if claims(fault, one)])
]
RARE = [
    (variant.name, revision)
    for variant in RIGHT
    for revision in revisions([one.name for one in variant.server().revisions if one.name in JUDGED])
]


@pytest.fixture(scope="module")
def examined(request: pytest.FixtureRequest) -> Examinations:
    """What the tester says of all servers that are asked for here."""
    return Examinations.of(request, full=FULL, deadline=DEADLINE, start_deadline=DEADLINE, at_once=4, together=16)


@pytest.mark.parametrize(("name", "revision"), FAULTY, ids=[f"{name}-{revision}" for name, revision in FAULTY])
def test_a_fault_over_http_is_found_and_no_other_blamed(name: str, revision: str, examined: Examinations) -> None:
    assert not complaints(FAULTS[name], examined[name, revision], revision)


@pytest.mark.parametrize(("name", "revision"), RARE, ids=[f"{name}-{revision}" for name, revision in RARE])
def test_a_right_server_over_http_has_no_findings(name: str, revision: str, examined: Examinations) -> None:
    result = examined[name, revision]
    assert not [(one.case, one.requirement, one.observed) for one in result.findings]
    assert not result.verdicts(Verdict.INCONCLUSIVE, Verdict.ERROR)
    assert Verdict.PASS in {outcome.verdict for outcome in result.outcomes.values()}
