"""Servers that are launched to be reached over HTTP: found when up, told of when not, ended for sure."""

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from mcp_conformance.cases.model import SessionOptions
from mcp_conformance.cases.runner import CannotOpen
from mcp_conformance.sessions import Sessions
from mcp_conformance.target import HttpTarget
from mcp_conformance.transports.guardian import Guardian
from mcp_conformance.transports.http1 import HttpError
from mcp_conformance.transports.process import CommandError

SERVER = """
import http.server, json, os, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        print("asked", message.get("method"), flush=True)
        if message.get("method") == "die":
            print("dying now", file=sys.stderr, flush=True)
            os._exit(3)
        result = {}
        if message.get("method") == "initialize":
            info = {"name": "launched", "version": str(os.getpid())}
            result = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": info}
        response = {"jsonrpc": "2.0", "id": message.get("id"), "result": result}
        body = json.dumps(response).encode() if "id" in message else b""
        self.send_response(200 if body else 202)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
print("starting", file=sys.stderr, flush=True)
time.sleep(float(sys.argv[2]))
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
REVISION = "2025-11-25"


def launched(guardian: Guardian, *command: str, **how: Any) -> HttpTarget:
    argv = command or (sys.executable, "-I", "-S", "-c", SERVER, "{port}", "0.2")
    settings = {"url": "http://127.0.0.1:{port}/mcp", "start_deadline": 20.0, "environment": {}, **how}
    return HttpTarget(command=argv, guardian=guardian, **settings)


def with_sessions(target: HttpTarget, steps: Callable[[Sessions], Awaitable[None]]) -> None:
    async def run() -> None:
        with anyio.fail_after(40):
            async with Sessions(target, 20.0, lambda: 10.0, lambda revision: "ping") as sessions:
                await steps(sessions)

    anyio.run(run)


@pytest.fixture
def guardian() -> Any:
    with Guardian() as guardian:
        yield guardian


def pid(session: Any) -> int:
    return int(session.server["serverInfo"]["version"])


def test_sessions_share_one_server_that_ends_with_the_run(guardian: Guardian) -> None:
    found: list[int] = []

    async def steps(sessions: Sessions) -> None:
        shared = await sessions.open(REVISION, SessionOptions())
        fresh = await sessions.open(REVISION, SessionOptions(open="fresh"))
        assert (await shared.call("ping")).result == (await fresh.call("ping")).result == {}
        found.extend(map(pid, (shared, fresh)))
        assert sessions._spare is None
        await sessions.close(fresh)
        assert (await shared.call("ping")).result == {}
        assert "asked ping" in shared.conduit.stderr_tail()
        assert "starting" in shared.conduit.stderr_tail()
        assert psutil.pid_exists(found[0])

    with_sessions(launched(guardian), steps)
    assert found[0] == found[1]
    assert not psutil.pid_exists(found[0])


def test_a_restart_gives_a_fresh_server_at_a_port_of_its_own(guardian: Guardian) -> None:
    async def steps(sessions: Sessions) -> None:
        first = await sessions.open(REVISION, SessionOptions())
        assert await sessions.restart_server()
        assert not first.alive
        second = await sessions.open(REVISION, SessionOptions())
        assert pid(first) != pid(second)
        assert not psutil.pid_exists(pid(first))

    with_sessions(launched(guardian), steps)


def test_a_server_that_dies_is_told_with_its_status_and_launched_again(guardian: Guardian) -> None:
    async def steps(sessions: Sessions) -> None:
        first = await sessions.open(REVISION, SessionOptions())
        exchange = await first.call("die")
        assert exchange.answer is None
        assert not first.alive
        assert "exited with status 3" in first.transcript.events[-1].text
        assert "dying now" in first.conduit.stderr_tail()
        second = await sessions.open(REVISION, SessionOptions())
        assert (await second.call("ping")).result == {}

    with_sessions(launched(guardian), steps)


def test_a_server_that_never_comes_up_ends_at_once_with_what_it_wrote(guardian: Guardian) -> None:
    async def steps(sessions: Sessions) -> None:
        for _ in range(2):
            session = await sessions.connect(REVISION)
            exchange = await session.initialize(REVISION)
            assert exchange.answer is None
            assert "exited with status 4 before it took connections" in session.transcript.events[-1].text
            assert session.conduit.stderr_tail() == "no config\n"
        with pytest.raises(CannotOpen, match="exited with status 4"):
            await sessions.open(REVISION, SessionOptions())

    source = "import sys; print('no config', file=sys.stderr); sys.exit(4)"
    with_sessions(launched(guardian, sys.executable, "-c", source, start_deadline=30), steps)


def test_a_server_that_takes_no_connections_is_waited_for_until_the_deadline(guardian: Guardian) -> None:
    async def steps(sessions: Sessions) -> None:
        session = await sessions.connect(REVISION)
        assert "took no connection" in (await text_of_the_end(session))

    with_sessions(launched(guardian, "sleep", "60", start_deadline=0.2), steps)


async def text_of_the_end(session: Any) -> str:
    await session.closed.wait()
    return str(session.transcript.events[-1].text)


def test_a_port_that_another_server_has_is_not_taken_for_the_launched_one(guardian: Guardian) -> None:
    async def steps(sessions: Sessions) -> None:
        async with await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0) as listener:
            port = listener.extra(anyio.abc.SocketAttribute.local_port)
            sessions.target.url = f"http://127.0.0.1:{port}/mcp"  # type: ignore[attr-defined]
            session = await sessions.connect(REVISION)
            assert "something else listens" in (await text_of_the_end(session))

    with_sessions(launched(guardian), steps)


def test_without_a_command_nothing_is_restarted_and_a_closed_port_ends_at_once() -> None:
    async def steps(sessions: Sessions) -> None:
        session = await sessions.connect(REVISION)
        assert (await session.initialize(REVISION, deadline=30)).answer is None
        assert "nothing listens on port 1" in (await text_of_the_end(session))
        assert not await sessions.restart_server()

    with_sessions(HttpTarget("http://127.0.0.1:1/mcp", environment={}), steps)


def test_what_is_wrong_from_the_outset_is_said_before_anything_is_tried(guardian: Guardian) -> None:
    with pytest.raises(HttpError, match="no URL to connect to"):
        HttpTarget("localhost:3000/mcp")

    async def steps(sessions: Sessions) -> None:
        with pytest.raises(CommandError, match="no such program"):
            await sessions.connect(REVISION)

    with_sessions(launched(guardian, "no-such-program-here"), steps)


def test_an_interrupted_run_leaves_no_server_behind(guardian: Guardian, tmp_path: Path) -> None:
    found: list[int] = []
    target = launched(guardian, cwd=tmp_path, env=dict(os.environ))

    async def run() -> None:
        with anyio.move_on_after(10) as scope:
            async with Sessions(target, 20.0, lambda: 10.0, lambda revision: "ping") as sessions:
                found.append(pid(await sessions.open(REVISION, SessionOptions())))
                scope.cancel()
                await anyio.sleep_forever()

    anyio.run(run)
    assert not psutil.pid_exists(found[0])
