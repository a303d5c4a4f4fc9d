"""Real processes: what a server can do to us, and what we leave behind."""

import asyncio
import errno
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import start_blocking_portal

from mcp_conformance.transports import Link, LinkClosed
from mcp_conformance.transports.guardian import Guardian
from mcp_conformance.transports.leftovers import MARK
from mcp_conformance.transports.stdio import Grace, StdioLink, default_grace, open_stdio

from .conftest import PATIENT, Launch
from .link_contract import PROMISES, Peer, receive_exactly, receive_to_end, send_for_ever
from .processes import is_running, open_descriptors, wait_until_gone

pytestmark = pytest.mark.anyio
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="found by /proc, which only Linux has")

IGNORING_EOF = replace(PATIENT, after_eof=0.2)
IGNORING_ALL = replace(PATIENT, after_eof=0.2, after_sigterm=0.2)
SURVIVED = replace(PATIENT, settle=0.2)
SURVIVED_AND_IGNORING_SIGTERM = replace(PATIENT, settle=0.2, after_sigterm=0.2)

ECHO = """
import os
while data := os.read(0, 65536):
    while data:
        data = data[os.write(1, data):]
"""
IGNORES_EOF = "import signal; print('up'); signal.pause()"
IGNORES_SIGTERM = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up')\nwhile True: signal.pause()"
)
EXITS_ON_EOF = "import sys; print('up'); sys.stdin.read(); sys.exit(7)"
EXITS_AT_ONCE = "import sys; sys.stderr.write('no configuration: caf\\u00e9\\n'); sys.exit(3)"
PEERS = {"echo": ECHO, "deaf": "import signal; signal.pause()", "gone": EXITS_AT_ONCE}

# A child that stays when its parent ends; {prelude} runs in it before it tells its process id.
LEAVES_A_CHILD = """
import os, signal, sys
if os.fork() == 0:
    {prelude}
    os.write(1, b"%d\\n" % os.getpid())
    {afterwards}
    while True: signal.pause()
sys.stdin.read()
"""
HOLDS_STDOUT = LEAVES_A_CHILD.format(prelude="", afterwards="")
HOLDS_STDOUT_AND_IGNORES_SIGTERM = LEAVES_A_CHILD.format(
    prelude="signal.signal(signal.SIGTERM, signal.SIG_IGN)", afterwards=""
)
ESCAPES = LEAVES_A_CHILD.format(prelude="os.setsid()", afterwards="for number in 0, 1, 2: os.close(number)")


async def receive_line(link: StdioLink) -> str:
    """The first line, which each server above sends once it is ready."""
    line = b""
    while not line.endswith(b"\n"):
        data = await link.receive()
        assert data, link.stderr_tail()
        line += data
    return line.decode().strip()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
async def test_the_link_to_a_process_keeps_each_promise(promise, guardian: Guardian, tmp_path: Path) -> None:
    @asynccontextmanager
    async def make(peer: Peer) -> AsyncIterator[Link]:
        command = [sys.executable, "-I", "-S", "-u", "-c", PEERS[peer]]
        grace = IGNORING_EOF if peer == "deaf" else PATIENT
        link = await open_stdio(command, env=dict(os.environ), cwd=tmp_path, guardian=guardian, grace=grace)
        try:
            yield link
        finally:
            await link.aclose()
        assert not is_running(link.pid)

    with anyio.fail_after(20):
        await promise(make)


async def test_a_server_that_exits_on_the_end_of_its_input_is_told_apart_with_its_status(launch: Launch) -> None:
    link = await launch(EXITS_ON_EOF)
    assert await receive_line(link) == "up"
    assert link.returncode() is None
    await link.send_eof()
    seen = await link.wait_exit(20)
    assert seen is not None
    assert (seen.stage, seen.returncode, seen.survivors, seen.stdout_open) == ("end-of-input", 7, (), False)
    assert seen.seconds > 0
    assert link.returncode() == 7
    assert await link.aclose() == seen


async def test_a_server_that_ignores_the_end_of_its_input_gets_sigterm(launch: Launch) -> None:
    link = await launch(IGNORES_EOF, IGNORING_EOF)
    assert await receive_line(link) == "up"
    await link.send_eof()
    assert await link.wait_exit(0.05) is None
    ending = await link.aclose()
    assert (ending.stage, ending.returncode) == ("sigterm", -15)
    assert not is_running(link.pid)


async def test_a_server_that_ignores_sigterm_too_is_killed(launch: Launch) -> None:
    link = await launch(IGNORES_SIGTERM, IGNORING_ALL)
    assert await receive_line(link) == "up"
    ending = await link.aclose()
    assert (ending.stage, ending.returncode) == ("sigkill", -9)
    assert not is_running(link.pid)


async def test_a_server_that_exits_at_once_has_a_status_and_last_words(launch: Launch) -> None:
    link = await launch(EXITS_AT_ONCE)
    assert await link.receive() == b""
    assert link.stderr_tail() == "no configuration: café\n"
    ending = await link.aclose()
    assert (ending.stage, ending.returncode, ending.seconds) == ("already-exited", 3, 0)
    assert link.stderr_tail() == "no configuration: café\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (EXITS_AT_ONCE, "the server exited with status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "the server was ended by SIGKILL"),
        (
            "import os, signal; os.close(0); print('up'); signal.pause()",
            "has closed its input, but still runs",
        ),
    ],
)
async def test_a_refused_message_tells_what_became_of_the_server(source: str, reason: str, launch: Launch) -> None:
    link = await launch(source, IGNORING_EOF)
    await link.receive()
    with pytest.raises(LinkClosed, match=reason), anyio.fail_after(20):
        await send_for_ever(link)


async def test_a_grandchild_that_holds_stdout_delays_neither_end_nor_closing(
    launch: Launch,
) -> None:
    link = await launch(HOLDS_STDOUT, SURVIVED)
    grandchild = int(await receive_line(link))
    await link.send_eof()
    with anyio.fail_after(20):
        seen = await link.wait_exit(20)
        assert seen is not None
        assert (seen.stage, seen.returncode, seen.stdout_open) == ("end-of-input", 0, True)
        assert [survivor.split()[0] for survivor in seen.survivors] == [str(grandchild)]
        assert "signal.pause" in seen.survivors[0]
        assert is_running(grandchild)
        assert await link.receive() == b""
        assert await link.aclose() == seen
    assert not is_running(grandchild)


async def test_a_send_does_not_wait_for_a_grandchild_that_holds_stdin(launch: Launch) -> None:
    source = LEAVES_A_CHILD.format(prelude="", afterwards="").replace("sys.stdin.read()", "os.read(0, 1)")
    link = await launch(source, SURVIVED)
    await receive_line(link)
    with anyio.fail_after(20), pytest.raises(LinkClosed, match="the server exited with status 0"):
        await link.send(bytes(10_000_000))


async def test_a_grandchild_that_ignores_sigterm_is_killed(launch: Launch) -> None:
    link = await launch(HOLDS_STDOUT_AND_IGNORES_SIGTERM, SURVIVED_AND_IGNORING_SIGTERM)
    grandchild = int(await receive_line(link))
    assert (await link.aclose()).stage == "end-of-input"
    assert not is_running(grandchild)


@on_linux
async def test_a_stray_in_a_session_of_its_own_is_found_by_its_mark(launch: Launch) -> None:
    link = await launch(ESCAPES, SURVIVED)
    stray = int(await receive_line(link))
    ending = await link.aclose()
    assert (ending.stage, ending.stdout_open) == ("end-of-input", False)
    assert (ending.survivors, [detached.split()[0] for detached in ending.detached]) == ((), [str(stray)])
    assert not is_running(stray)


async def test_the_children_of_a_killed_server_are_killed_with_it(launch: Launch) -> None:
    link = await launch(
        HOLDS_STDOUT_AND_IGNORES_SIGTERM.replace("sys.stdin.read()", "signal.pause()"),
        # the root process ends at SIGTERM at once; its child never does
        replace(PATIENT, after_eof=0.2, after_sigterm=1),
    )
    grandchild = int(await receive_line(link))
    ending = await link.aclose()
    assert ending.stage == "sigterm"
    assert not is_running(grandchild)


async def test_children_that_end_with_their_parent_are_no_survivors(launch: Launch) -> None:
    # The child ends when its parent's end of the pipe closes, so always a moment later.
    link = await launch("""
import os, sys
read, write = os.pipe()
if os.fork() == 0:
    os.close(write)
    os.read(read, 1)
    os._exit(0)
sys.stdin.read()
""")  # fmt: skip
    ending = await link.aclose()
    assert (ending.stage, ending.survivors, ending.stdout_open) == ("end-of-input", (), False)


async def test_a_flood_on_stderr_neither_blocks_the_server_nor_fills_memory(launch: Launch) -> None:
    link = await launch("""
import sys
for number in range(200_000):
    sys.stderr.write(f"{number:050}\\n")
print("done")
sys.stdin.read()
""")  # fmt: skip
    with anyio.fail_after(30):
        assert await receive_line(link) == "done"
    lines = link.stderr_tail().splitlines()
    assert lines[-1] == f"{199_999:050}"
    assert len(lines[0]) == 50
    assert 65536 - 51 <= len(link.stderr_tail()) <= 65536


async def test_a_server_that_never_reads_leaves_the_sender_its_deadline(launch: Launch) -> None:
    link = await launch(IGNORES_EOF, IGNORING_EOF)
    with anyio.move_on_after(0.2) as deadline:
        await link.send(bytes(10_000_000))
    assert deadline.cancelled_caught
    assert (await link.aclose()).stage == "sigterm"


async def test_a_server_that_never_stops_writing_is_ended_all_the_same(launch: Launch) -> None:
    link = await launch("while True: print('x' * 10_000)", IGNORING_EOF)
    assert await link.receive()
    with anyio.fail_after(20):
        assert (await link.aclose()).stage == "sigterm"


async def test_last_words_longer_than_a_pipe_keep_no_server_from_exiting_and_are_kept(launch: Launch) -> None:
    link = await launch("import sys; sys.stdin.read(); print('x' * 1_000_000)")
    ending = await link.aclose()
    assert (ending.stage, ending.returncode) == ("end-of-input", 0)
    assert len(await receive_to_end(link)) == 1_000_001


async def test_a_cancelled_close_leaves_nothing_running(launch: Launch) -> None:
    link = await launch(IGNORES_EOF)
    assert await receive_line(link) == "up"
    with anyio.move_on_after(0.05) as scope:
        await link.aclose()
    assert scope.cancelled_caught
    assert not is_running(link.pid)
    assert (await link.aclose()).stage == "sigterm"


async def test_closing_within_a_cancelled_scope_leaves_nothing_running(launch: Launch) -> None:
    link = await launch(HOLDS_STDOUT_AND_IGNORES_SIGTERM, SURVIVED_AND_IGNORING_SIGTERM)
    grandchild = int(await receive_line(link))
    with anyio.CancelScope() as scope:
        scope.cancel()
        await link.aclose()
    assert not is_running(link.pid)
    assert not is_running(grandchild)


async def test_a_close_cancelled_by_asyncio_itself_leaves_nothing_running(launch: Launch) -> None:
    link = await launch(IGNORES_SIGTERM)
    assert await receive_line(link) == "up"
    closing = asyncio.create_task(link.aclose())
    while not closing.done():  # insist: shields don't hold against this
        await asyncio.sleep(0.01)
        closing.cancel()
    assert closing.cancelled()
    assert not is_running(link.pid)
    assert (await link.aclose()).stage == "sigkill"


async def test_the_server_gets_the_environment_and_the_directory_that_were_asked_for(
    guardian: Guardian, tmp_path: Path
) -> None:
    source = "import os; print(os.getsid(0) == os.getpid(), os.environ['A'], *sorted(os.environ), os.getcwd())"
    command = [sys.executable, "-I", "-S", "-c", source]
    env = {"A": "b", "LC_ALL": "C.UTF-8"}
    link = await open_stdio(command, env=env, cwd=tmp_path, guardian=guardian, grace=PATIENT)
    leads_its_session, a, *names, directory = (await receive_line(link)).split()
    assert (leads_its_session, a, names) == ("True", "b", ["A", "LC_ALL", MARK])
    assert directory.endswith(tmp_path.name)
    await link.aclose()


@on_linux
async def test_no_descriptor_reaches_the_server_and_none_is_left(launch: Launch) -> None:
    before = open_descriptors()
    link = await launch("import os; print(*sorted(os.listdir('/proc/self/fd')))")
    # three pipes, and the listing's own
    assert await receive_line(link) == "0 1 2 3"
    await link.aclose()
    assert open_descriptors() == before


@on_linux
async def test_without_process_descriptors_a_thread_sees_the_exit(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(pid: int, flags: int = 0) -> int:
        raise OSError(errno.ENOSYS, "as on an old kernel")

    monkeypatch.setattr(os, "pidfd_open", forbidden)
    link = await launch(EXITS_ON_EOF)
    await link.send_eof()
    seen = await link.wait_exit(20)
    assert seen is not None
    assert (seen.stage, seen.returncode) == ("end-of-input", 7)


def test_links_work_on_a_loop_in_another_thread(guardian: Guardian, tmp_path: Path) -> None:
    async def converse() -> bytes:
        command = [sys.executable, "-I", "-S", "-u", "-c", ECHO]
        link = await open_stdio(command, env=dict(os.environ), cwd=tmp_path, guardian=guardian, grace=PATIENT)
        await link.send(b"hello")
        answer = await receive_exactly(link, 5)
        assert (await link.aclose()).stage == "end-of-input"
        wait_until_gone(link.pid)
        return answer

    with start_blocking_portal() as portal:
        assert portal.call(converse) == b"hello"


def test_a_container_client_is_given_more_time() -> None:
    assert default_grace(["/usr/bin/docker", "run", "-i", "image"]).after_eof == 10
    assert default_grace(["podman", "--log-level=error", "run", "image"]).after_eof == 10
    assert default_grace(["docker", "exec", "-i", "it", "server"]).after_eof == 5
    assert default_grace(["npx", "run"]) == Grace()
