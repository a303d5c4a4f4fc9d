"""Without a target, the installed plugin changes nothing."""

import sys

import pytest

from .runs import Run

HEAVY = (
    "anyio",
    "pydantic",
    "yaml",
    "jsonschema",
    "jsonschema_rs",
    "mcp_conformance.harness",
    "mcp_conformance.options",
    "asyncio",
)


def test_it_imports_nothing_heavy(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    # The plugin alone: what else is installed here imports as it likes.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        f"""
        import sys

        def test_it(pytestconfig):
            assert pytestconfig.pluginmanager.hasplugin("mcp_conformance.plugin")
            assert [name for name in {HEAVY} if name in sys.modules] == []
            ours = [name for name in sys.modules if name.startswith("mcp_conformance.")]
            assert sorted(ours) == ["mcp_conformance.flags", "mcp_conformance.plugin"]
        """
    )
    result = pytester.run(sys.executable, "-m", "pytest", "-p", "mcp_conformance.plugin")
    result.assert_outcomes(passed=1)


def test_nobody_notices_it(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_own="def test_of_mine(): pass")
    (pytester.path / "own.mcp.yaml").write_text("certainly: [not a suite\n")
    result = run("-v", "--strict-markers", "--strict-config")
    result.assert_outcomes(passed=1)
    assert result.ret == 0
    assert not [
        line
        for line in result.outlines
        if "mcp-conformance:" in line or "MCP conformance" in line or "own.mcp.yaml" in line
    ]


def test_a_conftest_further_down_may_own_the_option_as_if_we_were_not_there(
    run: Run, pytester: pytest.Pytester
) -> None:
    below = pytester.mkdir("below")
    (below / "conftest.py").write_text(
        "def pytest_addoption(parser): parser.addoption('--mcp-server', default='theirs')\n"
    )
    (below / "test_theirs.py").write_text("def test_it(): pass\n")
    run().assert_outcomes(passed=1)


def test_fixtures_skip_with_a_clear_reason(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_one(mcp_session): pass\n\ndef test_two(mcp_profile): pass")
    result = run("-rs")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(
        ["SKIPPED*there is no MCP server to test: give --mcp-server=COMMAND, --mcp-url=URL, or an ini key"]
    )
