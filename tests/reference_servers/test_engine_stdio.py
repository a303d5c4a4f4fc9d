"""Servers as processes: what only a process shows."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GITHUB = [sys.executable, "-m", "reference_servers.github"]
BOUND = 30
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
PONG = {"jsonrpc": "2.0", "id": 1, "result": {}}
INITIALIZE = (
    b'{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",'
    b'"capabilities":{},"clientInfo":{"name":"tester","version":"1"}}}\n'
)

PROGRAM = """
import sys
import anyio
from reference_servers.engine import Connection, Server, Tool, serve

async def hang(call):
    await anyio.sleep_forever()

SERVER = Server(name="test", version="1", tools=(Tool("hang", {"type": "object"}, hang),))

class Chatty(Connection):
    grace = 0.1

    async def at_start(self):
        await self.send(b"Welcome!")

    async def at_end_of_input(self):
        await self.send(b"Bye!")

raise SystemExit(serve(SERVER, connection=Chatty))
"""


def run(*command: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, input=given, capture_output=True, timeout=BOUND, env=environment(), check=False)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def chatty(tmp_path: Path) -> list[str]:
    program = tmp_path / "chatty.py"
    program.write_text(PROGRAM, encoding="utf-8")
    return [sys.executable, str(program)]


def test_end_of_input_ends_the_server_with_all_answered_and_nothing_else_said():
    done = run(*GITHUB, given=PING + INITIALIZE)
    assert (done.returncode, done.stderr) == (0, b"")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(answer["id"] for answer in answers) == [0, 1]
    assert done.stdout.endswith(b"\n")


def test_without_input_there_is_no_output():
    done = run(*GITHUB)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_input_may_be_a_file(tmp_path):
    requests = tmp_path / "requests"
    requests.write_bytes(PING)
    with requests.open("rb") as given, (tmp_path / "answers").open("wb") as answers:
        assert (
            subprocess.run(
                GITHUB, stdin=given, stdout=answers, timeout=BOUND, env=environment(), check=False
            ).returncode
            == 0
        )
    assert json.loads((tmp_path / "answers").read_bytes()) == PONG


@pytest.mark.parametrize("given", [PING.strip(), b"\n \n" + PING, PING.replace(b"\n", b"\r\n")])
def test_blank_lines_and_a_missing_last_newline_are_forgiven(given):
    assert json.loads(run(*GITHUB, given=given).stdout) == PONG


def test_a_message_longer_than_any_pipe_passes_both_ways():
    long = "ü" * 2**20
    ping = json.dumps({"jsonrpc": "2.0", "id": long, "method": "ping"}, ensure_ascii=False).encode() + b"\n"
    assert json.loads(run(*GITHUB, given=ping).stdout)["id"] == long


def test_a_request_that_never_ends_does_not_keep_the_server(chatty):
    call = b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"hang"}}\n'
    done = run(*chatty, given=INITIALIZE + call)
    first, answer, last = done.stdout.splitlines()
    assert (done.returncode, first, last) == (0, b"Welcome!", b"Bye!")
    assert json.loads(answer)["id"] == 0


def test_sigterm_ends_the_server():
    with subprocess.Popen(GITHUB, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(PING)
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == PONG
        process.terminate()
        assert process.wait(BOUND) == -signal.SIGTERM


def test_a_client_that_reads_no_more_ends_the_server_quietly():
    with subprocess.Popen(
        GITHUB, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(PING)
        process.stdin.flush()
        assert process.wait(BOUND) == 0
        assert process.stderr.read() == b""


def test_a_client_that_never_reads_does_not_keep_the_server():
    with subprocess.Popen(GITHUB, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdin
        process.stdin.write(b'{"jsonrpc":"2.0","id":"' + b"x" * 2**20 + b'","method":"ping"}\n')
        process.stdin.close()
        assert process.wait(BOUND) == 0


def test_help_and_version_are_told_and_a_wrong_option_is_named():
    assert b"2025-11-25" in run(*GITHUB, "--help").stdout
    assert run(*GITHUB, "--version").stdout == b"reference-github 0.1.0\n"
    wrong = run(*GITHUB, "--frobnicate")
    assert wrong.returncode == 2
    assert b"--frobnicate" in wrong.stderr
    assert wrong.stdout == b""
