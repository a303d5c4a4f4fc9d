"""The mistakes that servers really make, in real processes: each gives its own finding and no other.

``MCP_FULL=1`` runs those that show over stdio alone in all judged revisions: nothing else proves them there.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import anyio
import pytest
from faulty import FAULTS, Era, Variant
from faulty._audit import Result, claims, complaints, examine, examine_all

from mcp_conformance.engine import ANSWERS
from mcp_conformance.revisions import JUDGED, era_of
from mcp_conformance.target import StdioTarget
from mcp_conformance.transports.guardian import Guardian
from mcp_conformance.verdicts import Verdict

FAULTY = Path(__file__).parent / "faulty"
*OLDER, NEWEST = (one for one in JUDGED if era_of(one) == "stateful")
MODERN = JUDGED[-1]
OLDER = OLDER if os.environ.get("MCP_FULL") else []
START_DEADLINE = 20.0  # a busy machine starts an interpreter slowly
SILENT_DEADLINE = 3.0  # where nothing ever comes, and the deadline is all that ends the wait
AT_ONCE = 3

CLASSIC = (
    "banner-on-stdout",
    "log-line-on-stdout-during-a-call",
    "id-as-string",
    "id-null",
    "reply-to-every-notification",
    "one-tool-without-input-schema",
    "unknown-tool-has-an-empty-result",
    "echoes-any-version",
    "offers-a-version-never-published",
    "hangs-on-an-unknown-method",
    "dies-of-malformed-json",
    "hangs-after-malformed-json",
    "indented-messages",
    "answers-twice",
    "version-marker-1.0",
    "error-code-as-string",
    "result-beside-error",
    "ping-result-null",
    "ping-result-with-members",
    "latin-1-in-a-notification",
    "dies-of-an-unknown-tool",
    "output-of-the-wrong-type",
    "asks-for-roots-that-nobody-declared",
    "log-message-of-unknown-level",
    "drops-requests-while-one-is-under-way",
    "farewell-on-stdout",
    *(name for name, fault in FAULTS.items() if fault.only_stdio),
)
STATELESS = (
    "any-version-is-served",
    "results-without-a-type",
    "pings-on-the-wire",
    *(name for name, fault in FAULTS.items() if fault.only_stdio and claims(fault, MODERN)),
)
AUDITED = [
    *((name, NEWEST) for name in CLASSIC),
    *((name, MODERN) for name in STATELESS),
    *((name, older) for older in OLDER for name, fault in FAULTS.items() if fault.only_stdio and claims(fault, older)),
]


def command(name: str, *options: str) -> list[str]:
    return [sys.executable, str(FAULTY), name, *options]


@pytest.fixture(scope="module")
def guardian() -> Iterator[Guardian]:
    with Guardian() as guardian:
        yield guardian


Examined = Mapping[tuple[str, str], Result | Exception]


@pytest.fixture(scope="module")
def examined(request: pytest.FixtureRequest, guardian: Guardian) -> Examined:
    """What the tester says of all servers that are asked for here, a few at a time."""
    asked = {
        (item.callspec.params["name"], item.callspec.params["revision"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.module is request.module and "examined" in item.fixturenames
    }

    def reach(variant: Variant, era: Era) -> StdioTarget:
        options = ("--era=stateless",) if era == "stateless" else ()
        return StdioTarget(command(variant.name, *options), guardian, label=variant.name)

    async def examine(revision: str) -> Mapping[str, Result | Exception]:
        entries = [FAULTS[name] for name, its in AUDITED if its == revision and (name, its) in asked]
        return await examine_all(entries, revision, start_deadline=START_DEADLINE, reach=reach, at_once=AT_ONCE)

    revisions = sorted({revision for _, revision in asked})
    return {(name, one): result for one in revisions for name, result in anyio.run(examine, one).items()}


@pytest.mark.parametrize(("name", "revision"), AUDITED, ids=[f"{name}-{revision}" for name, revision in AUDITED])
def test_a_faulty_process_gives_its_own_finding_and_no_other(name: str, revision: str, examined: Examined) -> None:
    result = examined[name, revision]
    if isinstance(result, Exception):
        raise result
    assert not complaints(FAULTS[name], result, revision)


def test_a_server_that_exits_at_once_is_one_failure_with_its_last_words(guardian: Guardian) -> None:
    result = alone("exits-at-start", guardian)
    assert result.outcomes.keys() == {ANSWERS}
    (finding,) = result.findings
    assert result.outcomes[ANSWERS].verdict == Verdict.FAIL
    assert "exited with status 1 before it answered initialize" in finding.observed
    assert "fatal: GITHUB_TOKEN is not set" in finding.stderr


def test_a_server_that_never_speaks_is_one_failure(guardian: Guardian) -> None:
    result = alone("never-says-anything", guardian, SILENT_DEADLINE)
    assert result.outcomes.keys() == {ANSWERS}
    (finding,) = result.findings
    assert result.outcomes[ANSWERS].verdict == Verdict.FAIL
    assert "the server wrote nothing within 3 s (--mcp-start-deadline)" in finding.observed


def alone(name: str, guardian: Guardian, start_deadline: float = START_DEADLINE) -> Result:
    async def run() -> Result:
        def reach(variant: Variant, era: Era) -> StdioTarget:
            return StdioTarget(command(variant.name), guardian, label=variant.name)

        return await examine(FAULTS[name], NEWEST, start_deadline=start_deadline, reach=reach)

    return anyio.run(run)


@pytest.mark.parametrize(
    ("name", "deadline", "told"),
    [
        ("exits-at-start", START_DEADLINE, ("exited with status 1", "fatal: GITHUB_TOKEN is not set")),
        ("never-says-anything", SILENT_DEADLINE, ("wrote nothing within 3 s",)),
    ],
)
def test_pytest_shows_a_dead_server_as_one_failing_item(
    name: str, deadline: float, told: tuple[str, ...], tmp_path: Path
) -> None:
    options = (f"--mcp-server={' '.join(command(name))}", f"--mcp-start-deadline={deadline:g}")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "0 passed, 1 failed" in run.stdout
    assert "mcp/target::answers" in run.stdout
    assert all(words in run.stdout for words in told), run.stdout


def test_a_listing_of_the_faulty_servers_is_given_for_a_name_that_is_none() -> None:
    run = subprocess.run(command("no-such-fault"), capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2
    assert run.stdout == ""
    assert "banner-on-stdout" in run.stderr
