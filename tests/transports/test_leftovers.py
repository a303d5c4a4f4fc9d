"""Both ways to look for processes, each against a living one; `ps` is what systems without /proc have."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mcp_conformance.transports import leftovers


@pytest.fixture
def token() -> str:
    """Other runs of this very test may look for theirs at the same time."""
    return secrets.token_hex(8)


@pytest.fixture
def leader(token: str) -> Iterator[int]:
    """A process that leads its session, with a mark in its environment."""
    command = [sys.executable, "-I", "-S", "-u", "-c", "import signal; print('up'); signal.pause()"]
    environment = {leftovers.MARK: f"{token}.1"}
    with subprocess.Popen(command, env=environment, start_new_session=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process.pid
        process.kill()


@pytest.mark.skipif(shutil.which("ps") is None, reason="needs ps")
def test_ps_tells_of_the_members_of_a_group(leader: int) -> None:
    [(pid, command)] = leftovers._in_ps({leader})
    assert pid == leader
    assert "signal.pause()" in command


@pytest.mark.skipif(shutil.which("ps") is None, reason="needs ps")
def test_a_zombie_is_no_leftover_to_ps() -> None:
    process = subprocess.Popen(["true"], start_new_session=True)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert list(leftovers._in_ps({process.pid})) == []
    process.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize(
    ("session", "entry", "found"),
    [(True, "X=", True), (False, "MCP_CONFORMANCE_MARK={}.", True), (False, "MCP_CONFORMANCE_MARK={}.1\0", True),
     (False, "MCP_CONFORMANCE_MARK={}.11", False), (False, "CONFORMANCE_MARK={}.1", False), (False, "X=", False)],
    ids=["session", "run", "server", "other server", "other variable", "nothing"],
)  # fmt: skip
def test_proc_tells_of_the_members_of_a_session_and_of_those_with_a_mark(
    leader: int, token: str, session: bool, entry: str, found: bool
) -> None:
    needle = entry.format(token).encode()
    left = leftovers.find({leader} if session else {-1}, needle)
    assert [pid for pid, _ in left] == ([leader] if found else [])
    assert leftovers.find({leader}, needle, besides=leader) == []


def test_signalling_a_process_that_is_gone_is_passed_over() -> None:
    with subprocess.Popen(["true"]) as process:
        pid = process.pid
    leftovers.send_signal([(pid, "true")], signal.SIGTERM)
