"""What is tested and how to reach it: a target makes conduits to servers."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from anyio.abc import TaskGroup

from mcp_conformance.conduits import Conduit
from mcp_conformance.conduits.lines import LineConduit
from mcp_conformance.transports.guardian import Guardian
from mcp_conformance.transports.memory import Serve, serve_in_memory
from mcp_conformance.transports.stdio import default_grace, open_stdio


class Target(Protocol):
    """Reaches the server under test. Each `connect` is a new server, or a new session of one that is shared."""

    transport: str
    label: str

    async def connect(self, tasks: TaskGroup, *, impatient: bool = False) -> Conduit:
        """A new conduit. `impatient`: the server is known to ignore the end of its input, don't wait for it again."""


@dataclass(slots=True)
class StdioTarget:
    """A command that is launched and spoken to over its stdin and stdout. Raises `CommandError` when it can't be."""

    command: Sequence[str]
    guardian: Guardian
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cwd: Path = field(default_factory=Path.cwd)
    label: str = ""
    transport: str = "stdio"

    async def connect(self, tasks: TaskGroup, *, impatient: bool = False) -> Conduit:
        grace = default_grace(self.command)
        if impatient:
            grace = replace(grace, after_eof=0.2)
        link = await open_stdio(self.command, env=self.env, cwd=self.cwd, guardian=self.guardian, grace=grace)
        return LineConduit(link)


@dataclass(slots=True)
class MemoryTarget:
    """A server written as a coroutine, in this process: for fast tests."""

    serve: Serve
    label: str = "in memory"
    transport: str = "memory"

    async def connect(self, tasks: TaskGroup, *, impatient: bool = False) -> Conduit:
        return LineConduit(serve_in_memory(self.serve, tasks))
