"""Where a server is reached over HTTP, and what all its sessions have in common."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from mcp_conformance.jsonrpc import JSON
from mcp_conformance.transports.http1 import Client, Pairs, Url


class Running(Protocol):
    """A server that was launched for the sessions, and may have ended."""

    async def wait(self, timeout: float) -> bool:
        """Whether it has exited, after at most so many seconds."""

    def exit_words(self) -> str:
        """How it exited, as "exited with status 3"; empty while it runs."""

    def output(self) -> str:
        """The last lines that it wrote."""


@dataclass(slots=True)
class Place:
    """Where a server is reached. `headers` are the user's own, and go with every request.

    `unreachable` says why there is no server at all; `schemas` are the input schemas of its tools by their names, and
    learnt from the lists that pass by.
    """

    url: Url
    headers: Pairs = ()
    client: Callable[[], Client] = Client
    process: Running | None = None
    unreachable: str = ""
    schemas: dict[str, JSON] = field(default_factory=dict)
