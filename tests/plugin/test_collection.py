"""Bundled suites and users' own are collected, chosen and run as every pytest user expects."""

import pytest

from .runs import Run, node_ids, read, small, verdicts, with_ini

OWN_SUITE = """\
area: own
cases:
  - case: own.ping-works
    judges: [ping.respond]
    purpose: a ping is answered here as well
    steps:
      - request: ping
      - expect: {result: true}
"""
PING = "mcp/ping::ping.is-answered[2025-11-25-stdio]"


@pytest.fixture
def own_tests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_own="def test_of_mine(): pass\n\ndef test_other(): pass")


def test_ids_are_the_same_from_any_directory(run: Run, pytester: pytest.Pytester) -> None:
    here = node_ids(run(small(), "--collect-only", "-q"))
    elsewhere = pytester.mkdir("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(elsewhere)
        there = node_ids(run(small(), "--collect-only", "-q"))
    assert here == there
    assert here[0] == "mcp/target::answers"
    assert PING in here
    assert all(name.startswith("mcp/") and len(name.split("::")) == 2 for name in here)
    assert len(set(here)) == len(here) > 80


def test_collecting_only_calls_no_tool_and_reports_no_run(run: Run, pytester: pytest.Pytester) -> None:
    result = run(small(), "--collect-only", "--mcp-json=run.json", "--mcp-select=ping")
    result.stdout.fnmatch_lines(
        ["*<Area ping>", "*<CaseItem ping.is-answered[[]2025-11-25-stdio[]]>", "*16 tests collected*"]
    )
    result.stdout.no_fnmatch_line("*= MCP conformance =*")
    assert not (pytester.path / "run.json").exists()
    assert result.ret == 0


def test_a_target_on_the_command_line_runs_our_suites_only(run: Run, own_tests: None) -> None:
    result = run(small(), "-q", "--co")
    result.stdout.no_fnmatch_line("*test_own*")


def test_a_target_on_the_command_line_with_paths_runs_those_only(run: Run, own_tests: None) -> None:
    assert node_ids(run(small(), "-q", "--co", "test_own.py")) == [
        "test_own.py::test_of_mine",
        "test_own.py::test_other",
    ]


def test_a_target_in_the_ini_file_adds_our_suites_to_the_tests(
    run: Run, pytester: pytest.Pytester, own_tests: None
) -> None:
    with_ini(pytester)
    found = node_ids(run("-q", "--co"))
    assert "test_own.py::test_of_mine" in found
    assert PING in found


@pytest.mark.parametrize("path", ["test_own.py", "test_own.py::test_of_mine"])
def test_with_explicit_paths_the_ini_target_adds_nothing(
    run: Run, pytester: pytest.Pytester, own_tests: None, path: str
) -> None:
    with_ini(pytester)
    result = run("-q", path)
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*MCP conformance*")


def test_testpaths_are_no_explicit_paths(run: Run, pytester: pytest.Pytester, own_tests: None) -> None:
    with_ini(pytester, more="testpaths = test_own.py")
    found = node_ids(run("-q", "--co"))
    assert found.count("test_own.py::test_of_mine") == 1
    assert PING in found


@pytest.mark.parametrize(
    ("argument", "count"),
    [(PING, 1), ("mcp/ping", 12), ("mcp/ping::ping.is-answered", 2), ("mcp/target", 1), ("mcp/target::answers", 1)],
)
def test_an_id_on_the_command_line_chooses(run: Run, argument: str, count: int) -> None:
    result = run(small(), argument)
    assert result.ret == 0
    assert result.parseoutcomes()["passed"] == count


def test_ids_and_paths_go_together(run: Run, own_tests: None) -> None:
    run(small(), PING, "test_own.py::test_of_mine").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    "argument", ["mcp/nothing", "mcp/ping::nothing", "mcp/ping::ping.is-answered[2024-11-05-stdio]"]
)
def test_an_unknown_id_is_a_usage_error(run: Run, argument: str) -> None:
    result = run(small(), argument)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: mcp-conformance: not found: {argument.replace('[', '[[]')} *"])


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["-k", "ping.is-answered and 2025-06-18"], 1),
        (["-m", "mcp", "--mcp-select=ping"], 12),
        (["--mcp-select=ping", "--deselect", PING], 11),
        (["--mcp-select=ping.is-answered,ping.empty-result"], 4),
        (["--mcp-select=ping.is-answered", "--mcp-select=ping.empty-result", "--mcp-revision=2025-06-18"], 2),
    ],
)
def test_choosing(run: Run, arguments: list[str], count: int) -> None:
    result = run(small(), *arguments)
    assert result.parseoutcomes()["passed"] == count
    assert result.ret == 0


def test_a_marker_leaves_our_cases_out(run: Run, pytester: pytest.Pytester, own_tests: None) -> None:
    with_ini(pytester)
    result = run("-m", "not mcp", "--strict-markers")
    assert result.parseoutcomes()["passed"] == 2
    assert result.ret == 0


def test_failures_of_the_last_run_come_again(run: Run, pytester: pytest.Pytester, own_tests: None) -> None:
    with_ini(pytester, "ping-fails", more="mcp_conformance_select = ping")
    first = run().parseoutcomes()
    again = run("--lf").parseoutcomes()
    assert first["passed"] == 2
    assert again["failed"] == first["failed"]
    assert "passed" not in again
    verbose = run("--ff", "-v")
    assert "FAILED" in next(line for line in verbose.outlines if "::" in line)


def test_it_stops_at_the_first_failure(run: Run, pytester: pytest.Pytester) -> None:
    result = run(small("ping-fails"), "-x", "--mcp-select=ping", "--mcp-json=run.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)
    written = read(pytester.path)
    assert written["complete"] is False
    assert len(written["cases"]) == 1
    run(small("ping-fails"), "--maxfail=3", "--mcp-select=ping").assert_outcomes(failed=3)


def test_durations_and_verbosity(run: Run) -> None:
    result = run(small(), "--mcp-select=ping", "--durations=1", "--durations-min=0", "-v")
    result.stdout.fnmatch_lines(
        ["mcp/ping::ping.is-answered[[]2025-11-25-stdio[]] PASSED*", "*slowest 1 durations*", "*s call *mcp/ping::*"]
    )
    quiet = run(small(), "--mcp-select=ping", "-q")
    quiet.stdout.no_fnmatch_line("mcp-conformance: starting*")


# ------------------------------------------------------------------------------------------------- users' suite files


def test_a_users_suite_is_collected_like_a_bundled_one(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.mkdir("checks") / "own.mcp.yaml").write_text(OWN_SUITE)
    with_ini(pytester)
    assert "checks/own.mcp.yaml::own.ping-works[2025-06-18-stdio]" in node_ids(run("-q", "--co"))
    result = run("checks", "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["checks/own.mcp.yaml::own.ping-works[[]2025-06-18-stdio[]] PASSED*"])
    run("checks/own.mcp.yaml::own.ping-works[2025-11-25-stdio]").assert_outcomes(passed=1)


@pytest.mark.parametrize("wanted", ["checks", "checks/own.mcp.yaml"])
def test_a_users_suite_can_be_selected(run: Run, pytester: pytest.Pytester, wanted: str) -> None:
    (pytester.mkdir("checks") / "own.mcp.yaml").write_text(OWN_SUITE)
    run(small(), f"--mcp-select={wanted}").assert_outcomes(passed=2)


def test_an_area_is_meant_before_a_folder_of_the_same_name(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.mkdir("ping") / "own.mcp.yaml").write_text(OWN_SUITE)
    run(small(), "--mcp-select=ping").assert_outcomes(passed=12, skipped=4)
    run(small(), "--mcp-select=ping/").assert_outcomes(passed=2)


def test_a_wrong_suite_named_on_the_command_line_is_a_usage_error(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "own.mcp.yaml").write_text(OWN_SUITE.replace("- expect:", "- expects:"))
    for argument in ("own.mcp.yaml", "--mcp-select=own.mcp.yaml"):
        result = run(small(), argument)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(['*own.mcp.yaml:8: *unknown step "expects"; did you mean "expect"?*'])
        result.stdout.no_fnmatch_line("*starting*")


def test_a_wrong_suite_found_by_walking_is_a_collection_error(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.mkdir("checks") / "own.mcp.yaml").write_text(OWN_SUITE.replace("- expect:", "- expects:"))
    result = run(small(), "checks")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*ERROR collecting checks/own.mcp.yaml*", '*own.mcp.yaml:8: *unknown step "expects"*'])
    result.stdout.no_fnmatch_line("*Traceback*")


# -------------------------------------------------------------------------------------------------------------- xdist


def test_two_workers_give_the_same_ids_and_verdicts(run_outside: Run, pytester: pytest.Pytester) -> None:
    arguments = [small("ping-fails"), "--mcp-select=ping,tools,target", "-v"]
    alone = run_outside(*arguments, "--mcp-json=one.json")
    again = run_outside(*arguments, "--mcp-json=two.json", "-n2")
    assert alone.ret == again.ret == 1
    one, two = read(pytester.path, "one.json"), read(pytester.path, "two.json")
    assert verdicts(one) == verdicts(two)
    assert len(verdicts(one)) > 30
    findings = [
        {(finding["fingerprint"], finding["observed"]) for finding in found["findings"]} for found in (one, two)
    ]
    assert findings[0] == findings[1] != set()


def test_ids_paths_and_fixtures_work_in_workers(run_outside: Run, pytester: pytest.Pytester) -> None:
    with_ini(pytester)
    pytester.makepyfile(test_own="def test_of_mine(mcp_session): assert mcp_session.call('ping').result == {}")
    run_outside("-n2", PING, "test_own.py").assert_outcomes(passed=2)


def test_a_folder_that_is_called_mcp_is_a_path(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.mkdir("mcp") / "test_theirs.py").write_text("def test_theirs(): pass\n")
    run(small(), "mcp/test_theirs.py").assert_outcomes(passed=1)
