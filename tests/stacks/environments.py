"""Environments with other people's packages, one a stack, made when they are first needed."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SERVERS = Path(__file__).with_name("servers")
FOLDER = Path(
    os.environ.get("MCP_STACKS")
    or Path(tempfile.gettempdir()) / f"mcp-stacks-{os.getuid()}-{sys.version_info[0]}.{sys.version_info[1]}"
)
"""Where they are kept; MCP_STACKS names another folder. Delete it, and newer packages are installed."""
INSTALLING = 600  # seconds

PYTHON = {
    "python-sdk-1": ["mcp>=1.27,<2"],
    "python-sdk-2": ["mcp>=2,<3"],
    "fastmcp-2": ["fastmcp>=2.14,<3"],
    "fastmcp-3": ["fastmcp>=3,<4"],
    "fastmcp-4": ["fastmcp>=4,<5"],
}
NODE = {
    "typescript-sdk-1": ["@modelcontextprotocol/sdk@1", "express@5", "zod@4"],
    "typescript-sdk-2": [
        *(f"@modelcontextprotocol/{package}@2" for package in ("server", "node", "express")),
        "express@5",
        "zod@4",
    ],
    "server-everything": ["@modelcontextprotocol/server-everything"],
}
STACKS = (*PYTHON, *NODE)


class NotInstalledError(Exception):
    """Why there is no such environment here."""


def command(stack: str) -> list[str]:
    """What starts the stack's server, without arguments; the packages are installed if need be. Raises
    `NotInstalledError`."""
    folder = _installed(stack)
    if stack in PYTHON:
        return [str(folder / "bin" / "python"), str(SERVERS / f"{stack.replace('-', '_')}.py")]
    if stack == "server-everything":
        return ["node", str(folder / "node_modules" / "@modelcontextprotocol" / stack / "dist" / "index.js")]
    script = folder / f"{stack.replace('-', '_')}.mjs"
    with _alone(folder):  # Node looks for packages beside the script
        shutil.copyfile(SERVERS / script.name, script)
    return ["node", str(script)]


def versions(stack: str) -> str:
    """What is installed of the packages that the stack is named after, such as "mcp 1.27.0"."""
    folder = _installed(stack)
    if stack in PYTHON:
        package = PYTHON[stack][0].partition(">")[0]
        program = f"from importlib.metadata import version; print(version({package!r}))"
        return f"{package} {_run([str(folder / 'bin' / 'python'), '-c', program], folder).strip()}"
    package = NODE[stack][0].rpartition("@1")[0] or NODE[stack][0].rpartition("@2")[0] or NODE[stack][0]
    program = f"console.log(JSON.parse(fs.readFileSync('node_modules/{package}/package.json')).version)"
    return f"{package} {_run(['node', '-e', program], folder).strip()}"


def _installed(stack: str) -> Path:
    folder = FOLDER / stack
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "complete"
    if done.exists():
        return folder
    with _alone(folder):
        if not done.exists():
            if stack in PYTHON:
                venv.create(folder, with_pip=True)
                _run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *PYTHON[stack]], folder)
            else:
                (folder / "package.json").write_text('{"private": true, "type": "module"}\n')
                _run(["npm", "install", "--silent", "--no-audit", "--no-fund", *NODE[stack]], folder)
            done.touch()
    return folder


def _run(command: Sequence[str], folder: Path) -> str:
    try:
        return subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=INSTALLING
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", None) or "")[-300:]
        raise NotInstalledError(f"{folder.name} can't be installed: {error} {said}") from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While this holds, no other process works on that environment."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
