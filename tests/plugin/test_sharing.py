"""--mcp-server belongs to other plugins as well, and `conformance` to other people's repositories."""

import re
import shlex
import sys

import pytest

from .runs import SMALL, WORKERS, Run, command, full, small

OWNING_CONFTEST = """\
import pytest
def pytest_addoption(parser):
    parser.addoption("--mcp-server", action="{action}", default=None)
@pytest.fixture
def theirs(request):
    return request.config.getoption("--mcp-server")
"""
THEIR_TEST = "def test_theirs(theirs): assert theirs == {value!r}\n"


@pytest.fixture(params=["store", "append"])
def owner(request: pytest.FixtureRequest, pytester: pytest.Pytester) -> str:
    """A conftest that owns --mcp-server, and a test that gets its value."""
    action: str = request.param
    pytester.makeconftest(OWNING_CONFTEST.format(action=action))
    pytester.makepyfile(test_theirs=THEIR_TEST.format(value="srv" if action == "store" else ["srv"]))
    return action


@WORKERS
def test_alone_the_option_is_theirs(run_outside: Run, owner: str, workers: list[str]) -> None:
    result = run_outside("--mcp-server=srv", *workers)
    result.assert_outcomes(passed=1)
    assert "MCP conformance" not in result.stdout.str()


@WORKERS
def test_with_an_option_of_ours_it_is_ours_as_well(run_outside: Run, owner: str, workers: list[str]) -> None:
    run_outside(small(), "--mcp-select=ping", *workers).assert_outcomes(passed=12, skipped=4)


def test_with_an_ini_key_of_ours_it_is_ours_as_well(run: Run, owner: str, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmcp_conformance_select = ping\n")
    run(small()).assert_outcomes(passed=12, skipped=4)


def test_the_line_that_reproduces_a_finding_works_there(run: Run, owner: str, pytester: pytest.Pytester) -> None:
    result = run(small("ping-fails"), "--mcp-select=ping.is-answered")
    line = next(found[1] for found in (re.match(r" +again +pytest (.*)", line) for line in result.outlines) if found)
    assert "--mcp-server" not in line
    again = run(*shlex.split(line))
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["FAILED mcp/ping::ping.is-answered*"])


def test_help_names_the_option_once(run_outside: Run, owner: str) -> None:
    result = run_outside("--help")
    assert result.ret == 0
    assert len(re.findall(r"^  --mcp-server", result.stdout.str(), re.M)) == 1


THEIR_PLUGIN = """\
def pytest_addoption(parser):
    parser.getgroup("theirs").addoption("--mcp-server", default=None)
"""


@pytest.mark.parametrize(
    ("first", "workers"), [("ours", []), ("theirs", []), ("ours", ["-n2"]), pytest.param("theirs", ["-n2"], marks=full)]
)
def test_plugins_load_in_either_order_without_autoload(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, first: str, workers: list[str]
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(their_plugin=THEIR_PLUGIN)
    pytester.syspathinsert()
    plugins = (
        ["-p", "mcp_conformance.plugin", "-p", "their_plugin"]
        if first == "ours"
        else ["-p", "their_plugin", "-p", "mcp_conformance.plugin"]
    )
    if workers:
        plugins += ["-p", "xdist"]
    here = [sys.executable, "-m", "pytest", *plugins, *workers]
    pytester.run(*here, small(), "--mcp-select=ping").assert_outcomes(passed=12, skipped=4)
    if not workers:
        assert pytester.run(*here, "--help").ret == 0
        assert pytester.run(*here, small()).ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize(
    "target", [[], ["-o", f"mcp_conformance_server={command()}", "--mcp-select=ping"]], ids=["idle", "target"]
)
def test_a_repository_may_own_a_package_called_conformance(
    run_outside: Run, pytester: pytest.Pytester, target: list[str]
) -> None:
    (pytester.mkpydir("conformance") / "theirs.py").write_text("VALUE = 1\n")
    tests = pytester.mkdir("tests")
    (tests / "test_theirs.py").write_text("from conformance.theirs import VALUE\ndef test_it(): assert VALUE == 1\n")
    result = run_outside(*target)
    result.assert_outcomes(passed=12 if target else 1, skipped=4 if target else 0)
    run_outside(*target, "tests").assert_outcomes(passed=13 if target else 1, skipped=4 if target else 0)


def test_the_command_is_split_as_in_a_shell(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.mkdir("a folder") / "server.py").write_text(SMALL.read_text())
    run(f"--mcp-server={shlex.quote(sys.executable)} -I -S 'a folder/server.py'", "mcp/target").assert_outcomes(
        passed=1
    )


@pytest.mark.parametrize("autoload", [True, False], ids=["autoload", "no-autoload"])
@pytest.mark.parametrize("name", ["mcp_conformance", "mcp_conformance.plugin"])
def test_both_names_of_the_plugin_work_with_p(
    run_outside: Run, monkeypatch: pytest.MonkeyPatch, name: str, autoload: bool
) -> None:
    if not autoload:
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    run_outside("-p", name, small(), "--mcp-select=ping.is-answered").assert_outcomes(passed=2)
