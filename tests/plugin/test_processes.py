"""However a run ends, no server outlives it, and Ctrl-C ends it promptly."""

import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from .runs import PLUGIN, WORKERS, Run, all_gone, full, is_running, read, small, started, wait_until, with_ini


def arguments(*more: str) -> list[str]:
    return [sys.executable, "-m", "pytest", *PLUGIN, *more]


@WORKERS
@pytest.mark.parametrize("fault", ["", "ping-fails", "dies"])
def test_nothing_is_left_after_a_run(run_outside: Run, pids: Path, workers: list[str], fault: str) -> None:
    run_outside(small(*filter(None, [fault])), "--mcp-select=ping", *workers)
    assert started(pids)
    assert not [pid for pid in started(pids) if is_running(pid)]  # already: it ended them before it ended


def interrupt(pytester: pytest.Pytester, pids: Path, more: list[str], ready: str) -> tuple[int | None, str]:
    """Press Ctrl-C once `ready` has been printed and a server runs; the exit status and all output."""
    child = pexpect.spawn(sys.executable, arguments(*more)[1:], encoding="utf-8", timeout=30, cwd=str(pytester.path))
    child.expect(ready)
    shown = f"{child.before}{child.after}"
    wait_until(lambda: started(pids), "a server has been started")
    child.sendintr()
    child.expect(pexpect.EOF, timeout=10)  # longer than anyone waits in patience, shorter than a server's whole grace
    child.close()
    return child.exitstatus, f"{shown}{child.before}"


@pytest.mark.parametrize("fault", ["mute", "mute stubborn"])
def test_ctrl_c_during_discovery(pytester: pytest.Pytester, pids: Path, fault: str) -> None:
    status, output = interrupt(pytester, pids, [small(*fault.split())], "starting ")
    assert status == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in output
    all_gone(pids)


HANGING_SUITE = """\
area: own
cases:
  - case: own.first
    judges: [ping.respond]
    purpose: a ping is answered
    steps:
      - request: ping
      - expect: {result: true}
  - case: own.hangs
    judges: [jsonrpc.request-answered]
    purpose: an answer comes
    steps:
      - request: tools/call
        params: {name: hang, arguments: {}}
      - expect: {error: true}
"""


def test_ctrl_c_during_a_case(pytester: pytest.Pytester, pids: Path) -> None:
    (pytester.path / "own.mcp.yaml").write_text(HANGING_SUITE)
    more = [
        small("call-hangs", "stubborn"),
        "own.mcp.yaml",
        "-v",
        "--color=no",
        "--mcp-deadline=600",
        "--mcp-json=run.json",
    ]
    status, output = interrupt(pytester, pids, more, r"own.first\[2025-11-25-stdio\] PASSED")
    assert status == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in output
    assert "2 passed" in output
    assert "(not all cases ran)" in output
    assert read(pytester.path)["complete"] is False
    all_gone(pids)


def test_ctrl_c_with_workers(pytester: pytest.Pytester, pids: Path) -> None:
    (pytester.path / "own.mcp.yaml").write_text(HANGING_SUITE)
    more = [small("call-hangs"), "own.mcp.yaml", "-v", "--color=no", "--mcp-deadline=600", "-n2"]
    status, _ = interrupt(pytester, pids, more, r"PASSED own.mcp.yaml::own.first")
    assert status == pytest.ExitCode.INTERRUPTED
    all_gone(pids)


@pytest.mark.parametrize(
    ("number", "workers"),
    [
        (signal.SIGTERM, []),
        (signal.SIGKILL, []),
        (signal.SIGKILL, ["-n2"]),
        pytest.param(signal.SIGTERM, ["-n2"], marks=full),
    ],
)
def test_nothing_is_left_when_pytest_is_ended_by_a_signal(
    pytester: pytest.Pytester, pids: Path, workers: list[str], number: signal.Signals
) -> None:
    (pytester.path / "own.mcp.yaml").write_text(HANGING_SUITE)
    faults = ["call-hangs"] if workers else ["call-hangs", "stubborn"]
    more = [small(*faults), "own.mcp.yaml", "--mcp-deadline=600", *workers]
    ended = subprocess.Popen(arguments(*more), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: (pids.parent / "called").exists() or ended.poll() is not None, "a case runs")
    finally:
        ended.send_signal(number)
        ended.wait(30)
    assert ended.returncode == -number
    all_gone(pids)


def test_a_time_out_in_a_users_test_ends_its_call(run_outside: Run, pytester: pytest.Pytester, pids: Path) -> None:
    """As pytest-timeout does it: an exception out of a signal handler. The next test has a session that works."""
    with_ini(pytester, "call-hangs")
    pytester.makepyfile(
        test_own="""
        import os, pathlib, signal
        import pytest

        class TooLong(BaseException): pass

        def test_hangs(mcp_session):
            def ring(number, frame): raise TooLong
            signal.signal(signal.SIGALRM, ring)
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(TooLong):
                mcp_session.call("tools/call", {"name": "hang"}, deadline=600)

        def test_works(mcp_session):
            assert mcp_session.call("ping").result == {}
        """
    )
    run_outside("test_own.py").assert_outcomes(passed=2)
    all_gone(pids)
