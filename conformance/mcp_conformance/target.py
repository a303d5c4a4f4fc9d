"""What is tested and how to reach it: a target makes conduits to servers."""

import ipaddress
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Protocol

import anyio
from anyio.abc import TaskGroup

from mcp_conformance.conduits import Conduit
from mcp_conformance.conduits.events import HttpSse
from mcp_conformance.conduits.lines import LineConduit
from mcp_conformance.conduits.place import Place
from mcp_conformance.conduits.streamable import StreamableHttp
from mcp_conformance.jsonrpc import JSON
from mcp_conformance.transports.guardian import Guardian
from mcp_conformance.transports.http1 import Client, Url
from mcp_conformance.transports.launched import LaunchedServer, launch
from mcp_conformance.transports.memory import Serve, serve_in_memory
from mcp_conformance.transports.stdio import default_grace, open_stdio

PORT = "{port}"
"""In a command, its environment and a URL: a free port, the same in all."""

_INTERVAL = 0.05  # seconds between two attempts to connect to a server that starts up


class Target(Protocol):
    """Reaches the server under test. Each `connect` is a new server, or a new session of one that is shared."""

    transport: str
    label: str
    shares_server: ClassVar[bool]
    """All sessions are on one server: a fresh session is no fresh server."""

    async def connect(self, tasks: TaskGroup, revision: str, *, impatient: bool = False) -> Conduit:
        """A new conduit for a session in a revision. Raises `CommandError`.

        `impatient`: the server is known to ignore the end of its input, don't wait for it again.
        """

    @property
    def can_restart(self) -> bool:
        """Whether a server can be had that nobody has spoken to."""

    async def restart(self) -> None:
        """End a shared server, so that the next `connect` starts it anew. Its sessions are to be ended before."""

    async def aclose(self) -> None:
        """End a shared server that was launched here. Safe to repeat."""


class _OneServerEach:
    """What is common to targets that start a server for each session."""

    shares_server: ClassVar[bool] = False
    can_restart: ClassVar[bool] = True

    async def restart(self) -> None:
        pass  # each session has a server of its own

    async def aclose(self) -> None:
        pass  # each ends with its session


@dataclass
class StdioTarget(_OneServerEach):
    """A command that is launched and spoken to over its stdin and stdout. Raises `CommandError` when it can't be."""

    command: Sequence[str]
    guardian: Guardian
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cwd: Path = field(default_factory=Path.cwd)
    label: str = ""
    transport: str = "stdio"

    async def connect(self, tasks: TaskGroup, revision: str, *, impatient: bool = False) -> Conduit:
        grace = default_grace(self.command)
        if impatient:
            grace = replace(grace, after_eof=0.2)
        link = await open_stdio(self.command, env=self.env, cwd=self.cwd, guardian=self.guardian, grace=grace)
        return LineConduit(link)

    async def connect_terminal(self) -> Conduit:
        """A new server on pseudo-terminals: see `start_server`. It is ended by signals, as input has no end there."""
        grace = replace(default_grace(self.command), after_eof=0.0)
        link = await open_stdio(
            self.command, env=self.env, cwd=self.cwd, guardian=self.guardian, grace=grace, terminal=True
        )
        return LineConduit(link)


@dataclass
class MemoryTarget(_OneServerEach):
    """A server written as a coroutine, in this process: for fast tests."""

    serve: Serve
    label: str = "in memory"
    transport: str = "memory"

    async def connect(self, tasks: TaskGroup, revision: str, *, impatient: bool = False) -> Conduit:
        return LineConduit(serve_in_memory(self.serve, tasks))


@dataclass
class HttpTarget:
    """A server at a URL, over Streamable HTTP (`transport` "http") or the older HTTP+SSE ("sse").

    With a `command` it is launched at the first `connect`, and waited for until it accepts connections; `{port}` in
    the command, `env` and the URL is a free port. A launched server that has died is launched again for the next
    session, unless it never came up. `headers` go with every request; `environment` may name proxies; `ca` is a file
    of CA certificates. Raises `HttpError` for a URL that is none.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    transport: str = "http"
    label: str = ""
    ca: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    start_deadline: float = 60.0
    command: Sequence[str] = ()
    guardian: Guardian | None = None
    """Needed with a command."""
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cwd: Path = field(default_factory=Path.cwd)
    schemas: dict[str, JSON] = field(default_factory=dict)
    """Input schemas of the tools, for headers that are made of arguments; learnt from lists."""
    shares_server: ClassVar[bool] = True
    _place: Place | None = field(default=None, init=False)
    _launched: LaunchedServer | None = field(default=None, init=False)
    _starting: anyio.Lock = field(default_factory=anyio.Lock, init=False)

    def __post_init__(self) -> None:
        Url.parse(self.url.replace(PORT, "1"))

    async def connect(self, tasks: TaskGroup, revision: str, *, impatient: bool = False) -> Conduit:
        async with self._starting:
            place = await self._there()
        if self.transport == "http":
            return StreamableHttp(place, revision)
        conduit = HttpSse(place, revision)
        conduit.start(tasks)
        await conduit.opened(self.start_deadline)
        return conduit

    @property
    def can_restart(self) -> bool:
        return bool(self.command)

    async def restart(self) -> None:
        async with self._starting:
            await self.aclose()

    async def aclose(self) -> None:
        launched, self._launched, self._place = self._launched, None, None
        if launched is not None:
            await launched.aclose()

    async def _there(self) -> Place:
        """Where the server is, after starting it if that is to be done."""
        if self._launched is not None and self._launched.exit_words() and self._place and not self._place.unreachable:
            await self.aclose()
        if self._place is None:
            port = str(_free_port()) if PORT in self.url else ""
            url = Url.parse(self.url.replace(PORT, port))
            make = partial(Client, ca=self.ca, environment=self.environment)
            place = Place(url, self.headers, make, schemas=self.schemas)
            if self.command:
                await self._launch(place, port)
            self._place = place
        return self._place

    async def _launch(self, place: Place, port: str) -> None:
        assert self.guardian is not None, "a command needs a guardian"
        if await _accepts(place.url):
            place.unreachable = (
                f"the server wasn't started: something else listens at {place.url.origin} already "
                f"({PORT} in the command and the URL stands for a free port)"
            )
            return
        command = [word.replace(PORT, port) for word in self.command]
        env = {name: value.replace(PORT, port) for name, value in self.env.items()}
        self._launched = launched = launch(command, env=env, cwd=self.cwd, guardian=self.guardian)
        place.process = launched
        with anyio.move_on_after(self.start_deadline):
            while not await _accepts(place.url):
                if await launched.wait(_INTERVAL):
                    place.unreachable = f"the server {launched.exit_words()} before it took connections at {place.url}"
                    return
            return
        place.unreachable = (
            f"the server took no connection at {place.url} within {self.start_deadline:g} s (--mcp-start-deadline)"
        )


def is_local(url: str) -> bool:
    """Whether a URL leads to this machine by its host: a loopback address, or a name that is kept for it."""
    host = Url.parse(url.replace(PORT, "1")).host.lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _accepts(url: Url) -> bool:
    """Whether anything takes a connection there."""
    try:
        stream = await anyio.connect_tcp(url.host, url.port)
    except OSError:
        return False
    await stream.aclose()
    return True
