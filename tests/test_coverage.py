"""The index: what counts as observable, judged and proven, and that nothing is counted that isn't so."""

from dataclasses import replace

import pytest

from mcp_conformance import coverage
from mcp_conformance.cases.loader import LoadedCase, bundled
from mcp_conformance.requirements import EDITIONS, catalogue
from mcp_conformance.revisions import JUDGED, era_of

NEWEST = max(revision for revision in JUDGED if era_of(revision) == "stateful")


def row(requirement: str, cases: tuple[LoadedCase, ...], seen: coverage.Proofs) -> coverage.Row:
    return next(one for one in coverage.rows(NEWEST, "server", cases, seen) if one.requirement.id == requirement)


def case(**changes: object) -> LoadedCase:
    found = next(case for case in bundled() if case.id == "ping.is-answered")
    return replace(found, **changes)  # type: ignore[arg-type]


PROOFS = {NEWEST: {"ping.respond": ["some-fault"]}}


def test_a_requirement_is_judged_by_a_case_and_proven_by_a_faulty_server() -> None:
    assert not row("ping.respond", (), PROOFS).proven
    assert row("ping.respond", (), PROOFS).reason == "no case yet"
    judged = row("ping.respond", (case(),), {})
    assert (judged.judged, judged.proven, judged.reason) == (True, False, "")
    assert row("ping.respond", (case(),), PROOFS).proven


def test_a_case_of_other_revisions_or_transports_judges_nothing_here() -> None:
    assert not row("ping.respond", (case(revisions=("2025-06-18",)),), PROOFS).judged
    assert not row("ping.respond", (case(transports=("memory",)),), PROOFS).judged
    assert row("ping.respond", (case(transports=("http",)),), PROOFS).judged


def test_what_holds_over_one_transport_is_judged_by_cases_that_run_over_it() -> None:
    name = "http.notification-202"
    assert row(name, (case(judges=(name,)),), {}).judged
    assert row(name, (case(judges=(name,), transports=("stdio", "sse")),), {}).reason == "no case yet"


def test_what_cannot_be_seen_is_never_judged() -> None:
    hidden = next(one for one in catalogue().entries(NEWEST) if one.observable == "no" and one.binds_servers)
    found = row(hidden.id, (case(judges=(hidden.id,)),), {NEWEST: {hidden.id: ["x"]}})
    assert not found.judged
    assert found.reason == "can't be seen from outside"


def test_texts_sides_and_transports_that_are_not_judged_say_so() -> None:
    extension = coverage.rows("ext-tasks", "server", bundled(), PROOFS)
    assert {one.reason for one in extension if one.observable} == {"this text isn't judged yet"}
    clients = coverage.rows(NEWEST, "client", bundled(), PROOFS)
    assert {one.reason for one in clients if one.observable} == {"clients aren't judged yet"}
    over_http = [one for one in coverage.rows(NEWEST, "server", bundled(), PROOFS)
                 if one.requirement.transports == "http" and one.observable]  # fmt: skip
    assert {one.reason for one in over_http if not one.judged} == {"no case yet"}
    assert {one.reason for one in over_http if one.judged} == {""}


def test_the_numbers_hang_together() -> None:
    for edition, sides in coverage.numbers(EDITIONS, bundled(), coverage.proofs()).items():
        for side, strengths in sides.items():
            for strength, found in strengths.items():
                where = f"{edition} {side} {strength}"
                assert 0 <= found["proven"] <= found["judged"] <= found["observable"], where
                assert found["conditional"] <= found["observable"], where
    newest = coverage.numbers([NEWEST], bundled(), coverage.proofs())[NEWEST]["server"]
    assert newest["MUST"]["proven"] > 40


def test_must_counts_must_not_and_may_is_left_out() -> None:
    entries = [one for one in catalogue().entries(NEWEST) if one.binds_servers and one.observable != "no"]
    found = coverage.numbers([NEWEST], (), {})[NEWEST]["server"]
    assert found["MUST"]["observable"] == sum(one.level in ("MUST", "MUST NOT") for one in entries)
    assert found["SHOULD"]["observable"] == sum(one.level in ("SHOULD", "SHOULD NOT") for one in entries)
    assert any(one.level == "MAY" for one in entries)


@pytest.mark.parametrize("area", ["tasks", "auth"])
def test_an_excluded_area_takes_what_needs_it_along(area: str) -> None:
    left = coverage.rows(NEWEST, "server", bundled(), {}, [area])
    ids = {one.requirement.id for one in left}
    assert not [name for name in ids if name.startswith(f"{area}.")]
    assert "ping.respond" in ids
    assert "schema.CreateTaskResult" in {one.requirement.id for one in coverage.rows(NEWEST, "server", (), {})}
    assert ("schema.CreateTaskResult" in ids) == (area != "tasks")


def test_everything_that_is_not_judged_has_a_reason_on_the_page() -> None:
    text = "\n".join(coverage.markdown([NEWEST], bundled(), coverage.proofs()))
    for one in coverage.rows(NEWEST, "server", bundled(), coverage.proofs()):
        if one.reason and one.requirement.level != "MAY":
            assert one.requirement.id.partition(".")[2] in text


@pytest.mark.parametrize(
    ("edition", "requirement", "areas"),
    [
        ("ext-tasks", "schema.GetTaskRequest", {"schema", "tasks"}),  # needs client.ext.tasks
        ("2025-11-25", "schema.CompleteResult", {"schema", "completion"}),  # needs completions
        ("2026-07-28", "schema.CallToolRequest", {"schema", "tools"}),  # needs nothing there, tools elsewhere
        ("2025-11-25", "schema.PingRequest", {"schema", "ping"}),  # needs nothing anywhere
        ("2025-11-25", "schema.EmptyResult", {"schema"}),
        ("2025-11-25", "tasks.client-required", {"tasks"}),  # needs tasks.requests.tools.call
    ],
)
def test_a_requirement_belongs_to_the_areas_that_it_is_about(edition: str, requirement: str, areas: set[str]) -> None:
    found = catalogue().get(edition, requirement)
    assert found is not None
    assert coverage.areas_of(found) == areas
