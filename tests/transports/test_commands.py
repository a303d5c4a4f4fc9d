"""A server that can't be launched: the message says what, where, and what to do."""

import sys
from pathlib import Path

import pytest

from mcp_conformance.transports.guardian import Guardian
from mcp_conformance.transports.process import CommandError, start_server

from .processes import open_descriptors

pytestmark = pytest.mark.anyio


async def refusal(command: list[str], guardian: Guardian, cwd: Path, path: str = "/usr/bin:/bin") -> str:
    with pytest.raises(CommandError) as caught:
        start_server(command, env={"PATH": path}, cwd=cwd, guardian=guardian)
    message = str(caught.value)
    assert message.count("\n") <= 1
    return message


def write_program(path: Path, text: str, mode: int = 0o755) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


async def test_a_program_that_is_nowhere_in_path(guardian: Guardian, tmp_path: Path) -> None:
    assert await refusal(["no-such-server"], guardian, tmp_path, path="/opt/a:/opt/b") == (
        "can't start 'no-such-server': no such program in PATH (/opt/a:/opt/b)\n"
        "  check the spelling, or give the path of the program"
    )


async def test_a_program_that_lies_in_the_working_directory(guardian: Guardian, tmp_path: Path) -> None:
    write_program(tmp_path / "my-server", "#!/bin/sh\n")
    assert "did you mean './my-server'?" in await refusal(["my-server"], guardian, tmp_path)


async def test_a_path_that_leads_nowhere(guardian: Guardian, tmp_path: Path) -> None:
    message = await refusal(["./server"], guardian, tmp_path)
    assert message == f"can't start './server': no such file (a path relative to {str(tmp_path)!r})"
    assert await refusal(["/no/such/server"], guardian, tmp_path) == "can't start '/no/such/server': no such file"


async def test_a_directory(guardian: Guardian, tmp_path: Path) -> None:
    assert "it's a directory, not a program" in await refusal([str(tmp_path)], guardian, tmp_path)


async def test_a_file_that_is_not_executable(guardian: Guardian, tmp_path: Path) -> None:
    write_program(tmp_path / "server.py", "print()", mode=0o644)
    assert await refusal(["./server.py"], guardian, tmp_path) == (
        "can't start './server.py': the file isn't executable\n"
        "  chmod +x it, or name its interpreter: python ./server.py"
    )


async def test_a_script_whose_interpreter_does_not_exist(guardian: Guardian, tmp_path: Path) -> None:
    write_program(tmp_path / "server", "#!/no/such/interpreter -x\n")
    message = await refusal(["./server"], guardian, tmp_path)
    assert "names an interpreter that isn't there: '/no/such/interpreter -x'" in message


async def test_a_text_without_an_interpreter(guardian: Guardian, tmp_path: Path) -> None:
    write_program(tmp_path / "server", "hello\n")
    assert "isn't a program for this system" in await refusal(["./server"], guardian, tmp_path)


async def test_a_working_directory_that_does_not_exist_or_is_a_file(guardian: Guardian, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert await refusal(["true"], guardian, missing) == (
        f"can't start 'true': its working directory {str(missing)!r} doesn't exist"
    )
    file = write_program(tmp_path / "file", "")
    assert (await refusal(["true"], guardian, file)).endswith("isn't a directory")


async def test_an_empty_command_and_one_that_no_system_takes(guardian: Guardian, tmp_path: Path) -> None:
    assert "the server's command is empty" in await refusal([], guardian, tmp_path)
    assert "null byte" in await refusal(["true", "\0"], guardian, tmp_path)
    assert "too long for this system" in await refusal(["true", *["x" * 100_000] * 100], guardian, tmp_path)


async def test_a_refused_command_leaves_no_descriptor_open(guardian: Guardian, tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("counted in /proc")
    write_program(tmp_path / "server", "hello\n")
    before = open_descriptors()
    await refusal(["./server"], guardian, tmp_path)
    assert open_descriptors() == before
