"""Verdicts turn into what pytest, JUnit and the JSON report say of them; each finding is told in full once."""

import json
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from mcp_conformance.harness import Harness

from .runs import WORKERS, Run, read, small, verdicts, with_ini

FULL = "   expected "  # a line that only a finding told in full has


def told_in_full(result: pytest.RunResult) -> int:
    return sum(line.startswith(FULL) for line in result.outlines)


def test_all_is_well(run: Run, pytester: pytest.Pytester) -> None:
    result = run(small(), "--mcp-json=run.json")
    written = read(pytester.path)
    assert result.ret == 0
    assert written["complete"] is True
    assert written["findings"] == []
    assert set(verdicts(written).values()) == {"pass", "not_applicable"}
    assert result.parseoutcomes() == {
        "passed": written["counts"]["pass"],
        "skipped": written["counts"]["not_applicable"],
    }
    assert written["server"]["name"] == "small"
    result.stdout.fnmatch_lines(
        ["mcp-conformance: small 1, 2025-06-18, 2025-11-25 over stdio; 1 of 2 tools may be called*"]
    )
    result.stdout.fnmatch_lines(["Conformant in what was tested."])


def test_a_failure_is_told_once_and_later_items_name_it(run: Run, pytester: pytest.Pytester) -> None:
    result = run(small("ping-fails"), "--mcp-select=ping.is-answered", "--mcp-json=run.json")
    written = read(pytester.path)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert len(written["findings"]) == told_in_full(result) == 1
    assert written["findings"][0]["requirement"] == "ping.respond"
    assert len(written["findings"][0]["occurrences"]) == 2
    result.stdout.fnmatch_lines(
        [
            "MUST ping.respond: observed error -32603*",
            "told in full under MCP conformance, below",
            "same cause as mcp/ping::ping.is-answered[[]2025-06-18-stdio[]]",
            "1. FAIL  ping.respond: *",
            "   again      pytest --mcp-server=*ping-fails* --mcp-select=ping.is-answered --mcp-revision=2025-06-18",
            "FAILED mcp/ping::ping.is-answered[[]2025-06-18-stdio[]] - MUST ping.respond:*",
        ]
    )


def test_a_broken_recommendation_is_a_warning_and_strict_makes_it_fail(run: Run, pytester: pytest.Pytester) -> None:
    arguments = [small("hostile"), "--mcp-select=tools.names.characters", "--mcp-json=run.json", "-v"]
    result = run(*arguments)
    assert result.ret == 0
    assert result.parseoutcomes()["warnings"] == 1
    assert read(pytester.path)["counts"]["warning"] == 1
    result.stdout.fnmatch_lines(["mcp/tools::tools.names.characters* WARNING*", "1. WARNING  tools.name-characters: *"])
    strict = run(*arguments, "--mcp-strict")
    assert strict.ret == pytest.ExitCode.TESTS_FAILED
    assert read(pytester.path)["counts"]["warning"] == 1
    assert told_in_full(result) == told_in_full(strict) == 1


def test_what_could_not_be_judged_makes_the_session_fail_once(run: Run, pytester: pytest.Pytester) -> None:
    arguments = [small("one-revision"), "--mcp-revision=2025-11-25", "--mcp-json=run.json", "-v"]
    result = run(*arguments)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.parseoutcomes() == {"inconclusive": 1}
    assert read(pytester.path)["counts"]["inconclusive"] == 1
    result.stdout.fnmatch_lines(
        ["mcp/target::answers INCONCLUSIVE*", "*2025-11-25 was asked for, and the server doesn't speak it*"]
    )


def test_what_does_not_apply_is_skipped_with_its_reason(run: Run) -> None:
    result = run(small("no-tools"), "--mcp-select=tools.call.is-answered,ping", "-rs")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["SKIPPED [[]2[]] *suites/tools.yaml:*: the server doesn't declare tools"])


@WORKERS
def test_nothing_applicable_is_5_and_never_0(run_outside: Run, workers: list[str]) -> None:
    assert run_outside(small("no-tools"), "--mcp-select=tools.call.is-answered", *workers).ret == 5


def test_a_server_of_another_time_is_5(run: Run) -> None:
    result = run(small("unknown-revision"))
    assert result.ret == 5
    result.stdout.fnmatch_lines(
        ["*speaks 2024-10-07, which isn't judged here*", "No answer: the server speaks 2024-10-07*"]
    )


def reference(era: str) -> str:
    """The option that makes the reference server of an era the target."""
    return f"--mcp-server={json.dumps([sys.executable, '-m', 'reference_servers.github', f'--era={era}'])}"


STATEFUL, STATELESS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"], ["2026-07-28"]


@pytest.mark.parametrize(
    ("era", "spoken", "unspoken"), [("stateful", STATEFUL, STATELESS), ("stateless", STATELESS, STATEFUL)]
)
def test_what_a_server_does_not_speak_does_not_apply_to_it_and_is_one_line(
    run: Run, pytester: pytest.Pytester, era: str, spoken: list[str], unspoken: list[str]
) -> None:
    result = run(reference(era), "--mcp-select=base.unknown-method.error-code", "--mcp-json=run.json")
    assert result.ret == 0
    result.assert_outcomes(passed=len(spoken))
    result.stdout.fnmatch_lines(["not applicable: " + ", ".join(unspoken) + ", which it doesn't speak"])
    assert {case["revision"] for case in read(pytester.path)["cases"]} == set(spoken)


@pytest.mark.parametrize(
    ("era", "wanted", "spoken"), [("stateful", *STATELESS, "2025-11-25"), ("stateless", "2025-06-18", *STATELESS)]
)
def test_a_revision_that_was_asked_for_and_is_not_spoken_is_inconclusive_and_says_so(
    run: Run, pytester: pytest.Pytester, era: str, wanted: str, spoken: str
) -> None:
    result = run(reference(era), f"--mcp-revision={wanted}", "--mcp-json=run.json")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            f"mcp-conformance: *: speaks {spoken}, not {wanted}",
            f"*{wanted} was asked for, and the server doesn't speak it: it names {spoken} (target.answers)",
        ]
    )
    written = read(pytester.path)
    assert (written["counts"]["inconclusive"], written["findings"], len(written["cases"])) == (1, [], 1)


def test_a_dead_server_is_one_failing_item(run: Run, pytester: pytest.Pytester) -> None:
    result = run(small("dies"), "--mcp-json=run.json", "--mcp-revision=2025-11-25")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.parseoutcomes() == {"failed": 1}
    written = read(pytester.path)
    assert written["counts"]["fail"] == told_in_full(result) == 1
    assert written["counts"]["pass"] == 0
    assert written["counts"]["inconclusive"] == len(written["cases"]) - 1 > 40
    result.stdout.fnmatch_lines(["1. FAIL  lifecycle.server-responds: *", "   stderr     can't start"])


@pytest.mark.parametrize("arguments", [["mcp/ping"], ["--mcp-select=ping"]], ids=["by id", "by selection"])
def test_a_dead_server_is_told_whatever_was_chosen(run: Run, arguments: list[str]) -> None:
    assert run(small("dies"), *arguments).parseoutcomes() == {"failed": 1}


def test_a_dead_server_with_nothing_left_to_run_still_has_no_pass(run: Run, pytester: pytest.Pytester) -> None:
    result = run(small("dies"), "-k", "ping", "--mcp-json=run.json")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert read(pytester.path)["counts"]["pass"] == 0


def test_a_mute_server_has_no_pass(run: Run, pytester: pytest.Pytester) -> None:
    result = run(small("mute"), "--mcp-start-deadline=0.5", "--mcp-json=run.json")
    assert result.parseoutcomes() == {"failed": 1}
    assert read(pytester.path)["counts"]["pass"] == 0
    result.stdout.fnmatch_lines(["   observed   the server wrote nothing within 0.5 s (--mcp-start-deadline)"])


@pytest.fixture
def broken_harness(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Harness.judge

    def judge(self: Harness, case: str, revision: str) -> dict[str, object]:
        if case == "ping.is-answered":
            raise LookupError(f"a bug of ours, with {self.options.reach.env.get('CANARY')}")
        return sound(self, case, revision)

    monkeypatch.setattr(Harness, "judge", judge)


def test_a_bug_of_ours_is_an_error_with_its_traceback(
    run: Run, pytester: pytest.Pytester, broken_harness: None
) -> None:
    result = run(small(), "--mcp-select=ping", "--mcp-json=run.json", "--mcp-env=CANARY=s3cr3t-canary", "--showlocals")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.parseoutcomes() == {"passed": 10, "skipped": 4, "errors": 2}
    written = read(pytester.path)
    assert written["counts"]["error"] == 2
    assert written["findings"] == []
    result.stdout.fnmatch_lines(
        ["*ERROR at call of ping.is-answered*", "E*LookupError: a bug of ours*", "*test_verdicts.py:*: LookupError"]
    )
    result.stdout.fnmatch_lines(["No answer: the harness failed*"])
    assert "s3cr3t-canary" not in result.stdout.str() + (pytester.path / "run.json").read_text()


def test_junit_tells_verdict_reason_and_requirements(run: Run, pytester: pytest.Pytester) -> None:
    run(
        small("ping-fails"), "--mcp-select=ping.is-answered,cancellation", "--junitxml=junit.xml", "--mcp-json=run.json"
    )
    suite = ElementTree.parse(pytester.path / "junit.xml").getroot()[0]
    assert int(suite.attrib["tests"]) == len(read(pytester.path)["cases"])
    failed = next(case for case in suite.iter("testcase") if case.find("failure") is not None)
    assert failed.attrib["name"] == "ping.is-answered[2025-06-18-stdio]"
    assert failed.attrib["classname"] == "mcp.ping"
    properties = [(entry.attrib["name"], entry.attrib["value"]) for entry in failed.iter("property")]
    assert ("mcp_verdict", "fail") in properties
    assert ("mcp_requirement", "ping.respond MUST fail") in properties
    failure = failed.find("failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("MUST ping.respond: observed error -32603")
    assert FULL in (failure.text or "")


@WORKERS
def test_choosing_leaves_the_report_true(run_outside: Run, pytester: pytest.Pytester, workers: list[str]) -> None:
    result = run_outside(
        small("ping-fails"), *workers, "-k", "ping.empty-result or ping.string-id", "--mcp-json=run.json"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert set(verdicts(read(pytester.path))) == {
        (case, revision)
        for case in ("ping.empty-result", "ping.string-id")
        for revision in ("2025-06-18", "2025-11-25")
    }
    assert told_in_full(result) == len(read(pytester.path)["findings"])


def test_a_report_that_cannot_be_written_is_told(run: Run, pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("out")
    pytester.makeconftest("import shutil\ndef pytest_collection_finish(session): shutil.rmtree('out')\n")
    result = run(small(), "--mcp-select=ping", f"--mcp-json={folder}/run.json", "-p", "no:cacheprovider")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["The run could not be written to *out/run.json: No such file or directory"])


# -------------------------------------------------------------------------------------- fixtures for users' own tests


OWN_TESTS = """\
def test_profile(mcp_profile):
    assert mcp_profile.server_info["name"] == "small"
    assert list(mcp_profile.revisions) == ["2025-06-18", "2025-11-25"]
    assert [tool.name for tool in mcp_profile.revisions["2025-11-25"].tools] == ["echo", "erase"]

def test_session(mcp_session):
    assert mcp_session.revision == "2025-11-25"
    answer = mcp_session.call("tools/call", {"name": "echo", "arguments": {"text": "hi"}})
    assert answer.result["content"] == [{"type": "text", "text": "hi"}]
    mcp_session.notify("notifications/progress", {"progressToken": 1, "progress": 1})
    mcp_session.raw(b"not JSON")
    assert mcp_session.call("no/such/method").error["code"] == -32601
    assert len(mcp_session.transcript.events) > 8

def test_another(mcp_session):
    assert mcp_session.call("ping").result == {}
"""


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "workers"])
def test_the_fixtures_give_profile_and_session(run_outside: Run, pytester: pytest.Pytester, workers: list[str]) -> None:
    with_ini(pytester)
    pytester.makepyfile(test_own=OWN_TESTS)
    run_outside("test_own.py", *workers).assert_outcomes(passed=3)


def test_with_a_dead_server_a_session_fails_with_the_reason(run: Run, pytester: pytest.Pytester) -> None:
    with_ini(pytester, "dies")
    pytester.makepyfile(test_own="def test_it(mcp_session): pass")
    result = run("test_own.py")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["the MCP server can't be used: the server closed its output*"])
