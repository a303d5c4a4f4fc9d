"""Wrong servers over HTTP, in this process: each gives its own finding and no other; right ones give none.

Each runs in the newest revision in which it is wrong; ``MCP_FULL=1`` runs it in all of them, with all cases.
"""

import os
from collections.abc import Mapping

import anyio
import pytest
from faulty import FAULTS, VARIANTS
from faulty._audit import Result, claims, complaints, examine_all

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
Examined = Mapping[tuple[str, str], Result | Exception]


@pytest.fixture(scope="module")
def examined(request: pytest.FixtureRequest) -> Examined:
    """What the tester says of all servers that are asked for here, several at once."""
    asked = {
        (str(item.callspec.params["name"]), str(item.callspec.params["revision"]))
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.module is request.module and "examined" in item.fixturenames
    }

    async def examine(revision: str) -> dict[str, Result | Exception]:
        entries = [one for one in (*WRONG, *RIGHT) if (one.name, revision) in asked]
        return await examine_all(entries, revision, full=FULL, deadline=DEADLINE, start_deadline=DEADLINE, at_once=4)

    return {
        (name, revision): result
        for revision in sorted({revision for _, revision in asked})
        for name, result in anyio.run(examine, revision).items()
    }


def result_of(examined: Examined, name: str, revision: str) -> Result:
    result = examined[name, revision]
    if isinstance(result, Exception):
        raise result
    return result


@pytest.mark.parametrize(("name", "revision"), FAULTY, ids=[f"{name}-{revision}" for name, revision in FAULTY])
def test_a_fault_over_http_is_found_and_nothing_else_is_blamed(name: str, revision: str, examined: Examined) -> None:
    assert not complaints(FAULTS[name], result_of(examined, name, revision), revision)


@pytest.mark.parametrize(("name", "revision"), RARE, ids=[f"{name}-{revision}" for name, revision in RARE])
def test_a_right_server_over_http_has_no_findings(name: str, revision: str, examined: Examined) -> None:
    result = result_of(examined, name, revision)
    assert not [(one.case, one.requirement, one.observed) for one in result.findings]
    assert not result.verdicts(Verdict.INCONCLUSIVE, Verdict.ERROR)
    assert Verdict.PASS in {outcome.verdict for outcome in result.outcomes.values()}
