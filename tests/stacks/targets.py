"""Which servers are tested over which transports, and what a run of the suites says of each."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from stacks import environments

BOUND = 400
"""Seconds that a run may take."""
PATHS = {"http": "mcp", "sse": "sse"}


@dataclass(frozen=True, slots=True)
class Target:
    """A server over a transport, with what makes it of another kind than by default."""

    stack: str
    transport: str
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "-".join((self.stack, self.transport, *(option.partition("=")[2] for option in self.options)))

    def arguments(self) -> list[str]:
        """The options for pytest. Raises `environments.NotInstalledError`."""
        command = environments.command(self.stack)
        if self.stack == "server-everything":
            command.append({"stdio": "stdio", "http": "streamableHttp", "sse": "sse"}[self.transport])
            more = [] if self.transport == "stdio" else ["--mcp-env=PORT={port}"]
        else:
            command += [f"--transport={self.transport}", *self.options]
            command += [] if self.transport == "stdio" else ["--port={port}"]
            more = []
        given = [f"--mcp-server={json.dumps(command)}", *more]
        if self.transport == "stdio":
            return given
        url = f"http://127.0.0.1:{{port}}/{PATHS[self.transport]}"
        return [*given, f"--mcp-url={url}", f"--mcp-transport={self.transport}"]


def targets() -> Mapping[str, Target]:
    """All of them, by name."""
    three = ("stdio", "http", "sse")
    plain = [
        Target(stack, transport)
        for stack in environments.STACKS
        for transport in (three[:2] if stack == "typescript-sdk-2" else three)
    ]
    kinds = [
        *(
            Target(f"python-sdk-{version}", "http", (option,))
            for version in (1, 2)
            for option in ("--answers=json", "--sessions=off")
        ),
        Target("typescript-sdk-1", "http", ("--answers=json",)),
        *(
            Target("typescript-sdk-2", transport, (f"--era={era}",))
            for era in ("modern", "legacy")
            for transport in three[:2]
        ),
    ]
    return {target.name: target for target in sorted([*plain, *kinds], key=lambda target: target.name)}


def run(target: Target, *more: str) -> dict[str, Any]:
    """Run the suites against a target, and read the run; `more` are further options for pytest."""
    arguments = target.arguments()
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "run.json"
        plugin = [] if entry_points(group="pytest11", name="mcp_conformance") else ["-p", "mcp_conformance.plugin"]
        command = [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", f"--mcp-json={written}"]
        done = subprocess.run(
            [*command, *arguments, *more],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=BOUND,
            env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
            check=False,
        )
        if not written.exists():
            raise AssertionError(f"no run of {target.name}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        read: dict[str, Any] = json.loads(written.read_text())
        return read
