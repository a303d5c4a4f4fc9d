"""Servers at URLs, from the user's side: launched or running, one transport or the other, and what is told of them."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcp_conformance.cli import main

from .runs import SMALL_HTTP, WORKERS, Run, all_gone, node_ids, read, verdicts, web

CANARY = "hunter2-and-more"
PING = "--mcp-select=ping"


@contextmanager
def running(*faults: str) -> Iterator[str]:
    """A small server that runs already; its origin."""
    command = [sys.executable, "-I", "-S", str(SMALL_HTTP), "0", *faults]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            yield process.stderr.readline().split()[-1]
        finally:
            process.kill()


@pytest.mark.parametrize("transport", ["http", "sse"])
def test_a_right_server_that_is_launched_passes_everything(
    run: Run, pytester: pytest.Pytester, transport: str, pids: Path
) -> None:
    result = run(*web(*(["sse"] if transport == "sse" else [])), "--mcp-json=run.json")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "mcp-conformance: starting *small_http_server.py {port}* at http://127.0.0.1:{port}/*",
            f"mcp-conformance: small 1, 2025-06-18, 2025-11-25 over {transport}; 1 of 2 tools may be called*",
        ]
    )
    written = read(pytester.path)
    assert written["findings"] == []
    assert written["transports"] == [transport]
    assert {case["transport"] for case in written["cases"]} == {transport}
    assert not any(case["id"].startswith(("shutdown.", "stdio.")) for case in written["cases"])
    assert written["target"]["url"].startswith("http://127.0.0.1:{port}/")
    assert written["counts"]["inconclusive"] == 0
    all_gone(pids)


def test_ids_name_the_transport_and_select_by_it(run: Run) -> None:
    with running() as origin:
        listed = node_ids(run(f"--mcp-url={origin}/mcp", "--collect-only", "-q", PING))
        assert "mcp/ping::ping.is-answered[2025-11-25-http]" in listed
        run(f"--mcp-url={origin}/mcp", "mcp/ping::ping.is-answered[2025-11-25-http]").assert_outcomes(passed=1)
        assert run(f"--mcp-url={origin}/mcp", "mcp/ping::ping.is-answered[2025-11-25-stdio]").ret == 4
        every = node_ids(run(f"--mcp-url={origin}/mcp", "--collect-only", "-q"))
    assert "mcp/base::base.utf-8[2025-11-25-http]" in every
    assert not [name for name in every if name.startswith(("mcp/stdio", "mcp/shutdown")) or "nothing-before" in name]


def test_a_suite_about_the_process_has_nothing_to_run_at_a_url(run: Run, pytester: pytest.Pytester) -> None:
    case = (
        "area: mine\ncases:\n- case: mine.exit\n  judges: [base.core-components]\n  purpose: it goes away by itself\n"
    )
    (pytester.path / "mine.mcp.yaml").write_text(f"{case}  session: fresh\n  steps: [{{expect-exit: {{}}}}]\n")
    with running() as origin:
        assert run(f"--mcp-url={origin}/mcp", "mine.mcp.yaml").ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize("how", ["launched", "running"])
def test_a_restart_is_had_where_the_server_was_started_here(run: Run, pytester: pytest.Pytester, how: str) -> None:
    case = "area: mine\ncases:\n- case: mine.restart\n  judges: [ping.respond]\n  purpose: it answers after a restart\n"
    steps = "  steps:\n  - {restart: true}\n  - {request: ping}\n  - {expect: {result: true}}\n"
    (pytester.path / "mine.mcp.yaml").write_text(case + steps)
    arguments = ["mine.mcp.yaml", "--mcp-json=run.json", "--mcp-revision=2025-11-25"]
    if how == "launched":
        run(*web(), *arguments).assert_outcomes(passed=1)
        return
    with running() as origin:
        run(f"--mcp-url={origin}/mcp", *arguments).assert_outcomes(skipped=1)
    assert "can't be restarted" in read(pytester.path)["cases"][0]["reason"]


def test_the_transport_is_found_or_settled(run: Run) -> None:
    with running("sse") as origin:
        found = run(f"--mcp-url={origin}/sse", PING)
        found.stdout.fnmatch_lines(["mcp-conformance: small 1, * over sse; *"])
        assert run(f"--mcp-url={origin}/sse", PING, "--mcp-transport=sse").ret == 0
        assert run(f"--mcp-url={origin}/sse", PING, "--mcp-transport=http").ret == 1


@WORKERS
def test_a_port_of_its_own_is_shared_with_workers(run_outside: Run, workers: list[str], unused_port: int) -> None:
    server, _ = web(port=str(unused_port))
    result = run_outside(server, f"--mcp-url=http://127.0.0.1:{unused_port}/mcp", PING, *workers)
    result.assert_outcomes(passed=12, skipped=4)


def test_workers_share_a_fixed_port_and_have_their_own_else(run_outside: Run, unused_port: int) -> None:
    server, _ = web(port=str(unused_port))
    url = f"--mcp-url=http://127.0.0.1:{unused_port}/mcp"
    run_outside(server, url, "--mcp-select=ping.is-answered", "-n2").assert_outcomes(passed=2)
    run_outside(*web(), "--mcp-select=ping.is-answered", "-n2").assert_outcomes(passed=2)


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# -------------------------------------------------------------------------------------------------- what can go wrong


def test_a_server_that_fails_to_start_is_shown_with_its_last_words(run: Run) -> None:
    result = run(*web("dies"), PING)
    assert result.ret == 1
    text = result.stdout.str()
    assert "exited with status 1 before it took connections" in text
    assert "the port is cursed" in text
    assert "starting up" in text


def test_a_slow_start_is_waited_for_and_not_for_ever(run: Run) -> None:
    assert run(*web("late"), PING).ret == 0
    result = run(*web("late"), PING, "--mcp-start-deadline=0.2")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*took no connection at http://127.0.0.1:* within 0.2 s (--mcp-start-deadline)*"])


def test_a_port_where_nothing_listens_and_a_wrong_path_are_told(run: Run, unused_port: int) -> None:
    nothing = run(f"--mcp-url=http://127.0.0.1:{unused_port}/mcp", PING)
    assert nothing.ret == 1
    assert f"nothing listens on port {unused_port}" in nothing.stdout.str()
    with running() as origin:
        wrong = run(f"--mcp-url={origin}/mpc", PING)
    assert wrong.ret == 1
    assert "HTTP status 404: there is nothing for MCP at this path of the URL" in wrong.stdout.str()


def test_a_missing_token_is_nobodys_fault_and_a_token_lets_in(
    run: Run, monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester
) -> None:
    monkeypatch.setenv("CANARY", CANARY)
    with running("wants-token") as origin:
        refused = run(f"--mcp-url={origin}/mcp", PING, "--mcp-json=run.json")
        assert refused.ret == 1
        assert set(verdicts(read(pytester.path)).values()) == {"inconclusive"}
        refused.stdout.fnmatch_lines(["*HTTP status 401*give a token, such as --mcp-header='Authorization: Bearer*"])
        let_in = run(f"--mcp-url={origin}/mcp", PING, "--mcp-header=Authorization: Bearer ${CANARY}")
        assert let_in.ret == 0


def test_a_limit_is_inconclusive(run: Run, pytester: pytest.Pytester) -> None:
    result = run(*web("limited"), "--mcp-select=ping.is-answered", "--mcp-json=run.json")
    assert result.ret == 1
    assert set(verdicts(read(pytester.path)).values()) == {"inconclusive"}
    assert "HTTP status 429" in read(pytester.path)["cases"][0]["reason"]


def test_what_is_no_answer_is_told_with_what_came_and_blames_nothing_of_stdio(
    run: Run, pytester: pytest.Pytester
) -> None:
    run(*web("garbage"), "--mcp-select=ping.is-answered", "--mcp-json=run.json")
    findings = read(pytester.path)["findings"]
    assert {finding["requirement"] for finding in findings} == {"ping.respond"}
    assert "HTTP status 200" in findings[0]["observed"]
    assert [line["direction"] for line in findings[0]["evidence"]] == ["sent", "received"]


def test_a_notification_may_be_refused_by_its_status_but_not_answered(run: Run, pytester: pytest.Pytester) -> None:
    select = ["--mcp-select=base.notifications.unknown-is-unanswered", "--mcp-json=run.json"]
    assert run(*web("refuses-notifications"), *select).ret == 0
    assert "is refused with an HTTP error status" in read(pytester.path)["cases"][0]["notes"][0]
    assert run(*web("answers-notifications"), *select).ret == 1
    assert read(pytester.path)["findings"][0]["requirement"] == "jsonrpc.notification-no-response"


# ---------------------------------------------------------------------------------------------- secrets, reproduction


def test_no_secret_of_headers_or_url_comes_out(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIDDEN", CANARY)
    with running("tells-token", "garbage") as origin:
        address = origin.replace("//", "//me:${HIDDEN}@")
        for more in ([], ["--mcp-header=Authorization: Bearer ${HIDDEN}"], [f"--mcp-header=Authorization: {CANARY}"]):
            result = run(f"--mcp-url={address}/mcp", PING, "--mcp-json=run.json", "-rA", *more)
            written = (pytester.path / "run.json").read_text()
            for text in (result.stdout.str(), result.stderr.str(), written):
                assert CANARY not in text
            assert "[redacted " in json.loads(written)["server"]["name"]
            assert json.loads(written)["target"]["headers"] == ["Authorization"]
            assert json.loads(written)["target"]["url"] == f"{origin}/mcp"


def test_the_line_that_reproduces_a_finding_works(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", CANARY)
    config = {"mcpServers": {"a": {"url": "http://127.0.0.1:1"}}}
    with running("garbage") as origin:
        config["mcpServers"]["b"] = {"url": f"{origin}/mcp"}
        (pytester.path / "mcp.json").write_text(json.dumps(config))
        ways = [
            [f"--mcp-url={origin}/mcp", "--mcp-header=X-Token: ${CANARY}", "--mcp-transport=http"],
            web("garbage"),
            [web("garbage", port="-")[0], "--mcp-env=PORT={port}", "--mcp-url=http://127.0.0.1:{port}/mcp"],
            ["--mcp-config=mcp.json#b"],
        ]
        for way in ways:
            result = run(*way, "--mcp-select=ping.is-answered", "--mcp-deadline=4", "--mcp-revision=2025-11-25")
            found = (re.match(r" +again +pytest (.*)", line) for line in result.outlines)
            line = next(match[1] for match in found if match)
            words = shlex.split(line)
            assert set(way) <= set(words)
            run(*words).assert_outcomes(failed=1)


# ----------------------------------------------------------------------------------------------- ini files and the CLI


def test_a_url_in_the_ini_file_runs_besides_and_one_on_the_command_line_takes_its_place(
    run: Run, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile("def test_mine(): pass")
    with running() as origin, running("tells-token") as other:
        pytester.makeini(
            f"[pytest]\nmcp_conformance_url = {origin}/mcp\nmcp_conformance_select = ping\n"
            f"mcp_conformance_header =\n    Authorization: Bearer {CANARY}\n"
        )
        run().assert_outcomes(passed=13, skipped=4)
        typed = run(f"--mcp-url={other}/mcp")
        typed.assert_outcomes(passed=12, skipped=4)
        typed.stdout.fnmatch_lines(["mcp-conformance: small None /mcp 1, *"])  # the header was for the other one
        run("-o", f"mcp_conformance_url={other}/mcp").assert_outcomes(passed=12, skipped=4)


def test_a_server_of_a_hosts_file_is_tested(run: Run, pytester: pytest.Pytester, pids: Path) -> None:
    small = str(SMALL_HTTP.with_name("small_server.py"))
    folder = pytester.mkdir(".vscode")
    entry = {"type": "stdio", "command": sys.executable, "args": ["-I", "-S", small], "env": {"CANARY": CANARY}}
    (folder / "mcp.json").write_text("// mine\n" + json.dumps({"servers": {"small": entry}}))
    result = run("--mcp-config=.vscode/mcp.json", PING, "--mcp-json=run.json")
    assert result.ret == 0
    target = read(pytester.path)["target"]
    assert target["config"] == ".vscode/mcp.json"
    assert target["cwd"] == str(pytester.path)
    assert target["env"] == ["CANARY"]
    assert CANARY not in (pytester.path / "run.json").read_text()
    all_gone(pids)


def test_profile_reaches_servers_in_the_same_ways(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running("sse") as origin:
        assert main(["profile", f"--mcp-url={origin}/sse"]) == 0
        assert "over sse" in capsys.readouterr().out
    assert main(["profile", *web(), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["transport"] == "http"
    assert found["url"] == "http://127.0.0.1:{port}/mcp"
    monkeypatch.setenv("CANARY", CANARY)
    with running("wants-token", "tells-token") as origin:
        (config := tmp_path / "mcp.json").write_text(
            json.dumps(
                {"mcpServers": {"it": {"url": f"{origin}/mcp", "headers": {"Authorization": "Bearer ${env:CANARY}"}}}}
            )
        )
        assert main(["profile", f"--mcp-config={config}#it"]) == 0
    assert CANARY not in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--mcp-header=A: b", "--mcp-transport=http", "--mcp-ca=x"])
def test_options_for_a_server_without_one_are_a_mistake(run: Run, option: str) -> None:
    result = run(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: mcp-conformance: * needs a server to test: add --mcp-server=COMMAND or*"])
