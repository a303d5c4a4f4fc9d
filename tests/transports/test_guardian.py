"""Whatever ends the test run, its servers end with it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import mcp_conformance
from mcp_conformance.transports.guardian import Guardian
from mcp_conformance.transports.stdio import Grace

from .conftest import Launch
from .processes import is_running, wait_until_gone

# A run with one server, which ignores the end of its input and has a child; says who is who, and waits to be ended.
DRIVER = """
import json, os, signal, sys
import anyio
from mcp_conformance.transports.guardian import Guardian
from mcp_conformance.transports.stdio import Grace, open_stdio

SERVER = '''
import os, signal
signal.signal(signal.SIGTERM, signal.{on_sigterm})
child = os.fork()
if child == 0 and {escape}:
    os.setsid()
if child == 0:
    os.write(1, b"%d\\\\n" % os.getpid())
while True: signal.pause()
'''

async def main():
    with Guardian() as guardian:
        command = [sys.executable, "-I", "-S", "-c", SERVER]
        link = await open_stdio(command, env=dict(os.environ), cwd=".", guardian=guardian,
            grace=Grace(after_eof=0.2, after_sigterm=0.2))
        try:
            child = int(await link.receive())
            fork = os.fork() if {fork} else 0
            if {fork} and fork == 0:
                signal.pause()
            started = {{"guardian": guardian.pid, "server": link.pid, "child": child, "fork": fork}}
            print(json.dumps(started), flush=True)
            await anyio.sleep_forever()
        finally:
            await link.aclose()

anyio.run(main)
"""


@contextmanager
def running(
    cwd: Path, *, escape: bool = False, fork: bool = False, on_sigterm: str = "SIG_DFL"
) -> Iterator[tuple[int, dict[str, int]]]:
    """The driver's process id, and the process ids of what it started."""
    root = str(Path(mcp_conformance.__file__).parents[1])
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER.format(escape=escape, fork=fork, on_sigterm=on_sigterm)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": root},
        start_new_session=True,
    )
    with driver:
        started: dict[str, int] = {}
        try:
            assert driver.stdout is not None
            started = {name: pid for name, pid in json.loads(driver.stdout.readline()).items() if pid}
            assert all(map(is_running, started.values()))
            yield driver.pid, started
            driver.kill()
            wait_until_gone(*started.values())
        finally:
            driver.kill()
            for pid in filter(is_running, started.values()):  # the test has failed: leave nothing to the next
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("on_sigterm", ["SIG_DFL", "SIG_IGN"])
def test_servers_end_when_the_run_is_killed(tmp_path: Path, on_sigterm: str) -> None:
    with running(tmp_path, on_sigterm=on_sigterm) as (driver, started):
        os.kill(driver, signal.SIGKILL)
        wait_until_gone(started["server"], started["child"], started["guardian"])


def test_a_fork_of_the_run_that_lives_on_does_not_keep_its_servers_alive(tmp_path: Path) -> None:
    with running(tmp_path, fork=True) as (driver, started):
        os.kill(driver, signal.SIGKILL)
        wait_until_gone(started["server"], started["child"], started["guardian"])
        assert is_running(started["fork"])
        os.kill(started["fork"], signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="found by /proc, which only Linux has")
def test_strays_end_when_the_run_is_killed(tmp_path: Path) -> None:
    with running(tmp_path, escape=True) as (driver, started):
        assert os.getsid(started["child"]) != os.getsid(started["server"])
        os.kill(driver, signal.SIGKILL)
        wait_until_gone(started["server"], started["child"], started["guardian"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_servers_end_when_the_terminal_signals_the_run(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path) as (driver, started):
        os.killpg(driver, number)
        wait_until_gone(*started.values())


def test_signals_do_not_end_the_guardian(tmp_path: Path) -> None:
    with running(tmp_path) as (driver, started):
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            os.kill(started["guardian"], number)
        os.kill(driver, signal.SIGKILL)
        wait_until_gone(started["server"], started["child"], started["guardian"])


def test_a_guardian_with_nothing_to_do_ends_with_the_run() -> None:
    with Guardian() as guardian:
        pid = guardian.pid
        guardian.register(2**22 - 1)
        guardian.release(2**22 - 1)
        assert is_running(pid)
    assert not is_running(pid)
    with pytest.raises(RuntimeError, match="use it as a context manager"):
        guardian.register(1)


@pytest.mark.anyio
async def test_a_link_that_nobody_closed_is_ended_by_the_guardian(launch: Launch, guardian: Guardian) -> None:
    link = await launch("import signal; signal.pause()", Grace(after_eof=30))
    guardian.__exit__(None, None, None)
    ending = await link.aclose()
    assert (ending.stage, ending.returncode) == ("already-exited", -signal.SIGTERM)


@pytest.mark.anyio
async def test_a_guardian_that_was_killed_does_not_harm_the_run(launch: Launch, guardian: Guardian) -> None:
    os.kill(guardian.pid, signal.SIGKILL)
    wait_until_gone(guardian.pid)
    link = await launch("import sys; sys.stdin.read()", Grace())
    assert (await link.aclose()).stage == "end-of-input"
