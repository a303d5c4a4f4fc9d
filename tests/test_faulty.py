"""Each requirement that is judged was seen to fail on a wrong server, and nothing unrelated with it; right ones pass.

``MCP_FULL=1`` runs all cases in all judged revisions; otherwise each server meets the checks and the cases of its own
areas, in the newest revision of each era in which it stands: in both, unless it takes long.
"""

import os
from collections.abc import Sequence

import pytest
from _pytest.mark import ParameterSet
from faulty import FAULTS, VARIANTS, Fault, Variant
from faulty._audit import Examinations, claims, complaints
from faulty._proofs import proofs

from mcp_conformance.cases.loader import bundled
from mcp_conformance.engine import ANSWERS
from mcp_conformance.requirements import catalogue
from mcp_conformance.revisions import JUDGED, era_of
from mcp_conformance.verdicts import Verdict

FULL = bool(os.environ.get("MCP_FULL"))
STATEFUL, STATELESS = ([one for one in JUDGED if era_of(one) == era] for era in ("stateful", "stateless"))
IN_MEMORY = [fault for fault in FAULTS.values() if not fault.only_stdio and fault.endpoint is None]
RIGHT = [variant for variant in VARIANTS.values() if variant.endpoint is None]


def revisions_of(entry: Variant) -> Sequence[str]:
    """The revisions in which a server is examined here, oldest first."""
    standing = [one for one in JUDGED if entry.shows_in(one) and (not isinstance(entry, Fault) or claims(entry, one))]
    standing = [one for one in standing if not entry.revisions or one in entry.revisions]
    if FULL:
        return standing
    newest = [one for one in standing if one in STATEFUL][-1:]
    return [*newest, *(one for one in standing[-1:] if one in STATELESS and not (newest and is_slow(entry)))]


def is_slow(entry: Variant) -> bool:
    """Whether the tester has to wait for answers that never come, whatever the era."""
    return isinstance(entry, Fault) and not _WAITING.isdisjoint({*entry.cases, *entry.may})


_WAITING = {"base.ids.interleaved", "base.requests-are-answered", "base.notifications.with-params-is-unanswered"}


def parameters(entries: Sequence[Variant]) -> list[ParameterSet]:
    """Each server with the revisions in which it is examined, by revision: that is how they are examined together."""
    made: list[ParameterSet] = []
    for revision in JUDGED:
        for entry in entries:
            if revision in revisions_of(entry):
                blind = entry.blind if isinstance(entry, Fault) else ""
                marks = [pytest.mark.xfail(reason=blind, strict=True)] if blind else []
                made.append(pytest.param(entry.name, revision, id=f"{entry.name}-{revision}", marks=marks))
    return made


@pytest.fixture(scope="module")
def examined(request: pytest.FixtureRequest) -> Examinations:
    """What the tester says of all servers that are asked for here."""
    return Examinations.of(request, full=FULL)


@pytest.mark.parametrize(("name", "revision"), parameters(IN_MEMORY))
def test_a_faulty_server_is_found_and_nothing_else_is_blamed(name: str, revision: str, examined: Examinations) -> None:
    fault, result = FAULTS[name], examined[name, revision]
    assert not complaints(fault, result, revision)


@pytest.mark.parametrize(("name", "revision"), parameters(RIGHT))
def test_a_right_server_with_a_rare_feature_has_no_findings(name: str, revision: str, examined: Examinations) -> None:
    result = examined[name, revision]
    if revision not in result.revisions:
        assert result.outcomes[ANSWERS].verdict is not Verdict.FAIL, result.outcomes[ANSWERS].reason
        pytest.skip(f"this server doesn't speak {revision}")
    assert not [(one.case, one.requirement, one.observed) for one in result.findings]
    assert not result.verdicts(Verdict.INCONCLUSIVE, Verdict.ERROR)
    assert Verdict.PASS in {outcome.verdict for outcome in result.outcomes.values()}


@pytest.mark.parametrize("revision", JUDGED)
def test_each_judged_requirement_has_a_faulty_server(revision: str) -> None:
    judged = {requirement.id for case in bundled() for requirement in case.requirements(revision)}
    assert not judged - proofs()[revision].keys(), (
        "these were never seen to fail: write a faulty server for each in tests/faulty"
    )


def test_faults_name_cases_that_exist_and_requirements_that_they_judge() -> None:
    cases = {case.id for case in bundled()}
    unknown = {name: odd for name, fault in FAULTS.items() if (odd := {*fault.cases, *fault.may} - {*cases, ANSWERS})}
    assert not unknown, "no such cases"
    strange = {name: fault.breaks for name, fault in FAULTS.items() if not set(fault.breaks) <= catalogue().all_ids()}
    assert not strange, "no such requirements"


def test_each_case_was_seen_to_fail() -> None:
    seen = {case for fault in FAULTS.values() for case in fault.cases}
    mays = {case for fault in FAULTS.values() for case in fault.may}
    assert not {case.id for case in bundled()} - seen - mays, "no faulty server makes these cases fail"


def test_what_may_fail_has_a_reason() -> None:
    assert all(reason.strip() for fault in FAULTS.values() for reason in fault.may.values())
    assert not [name for name, fault in FAULTS.items() if set(fault.cases) & fault.may.keys()]
