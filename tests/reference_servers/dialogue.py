"""The client's half of a session in memory, for tests of the server's half."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import Any

from reference_servers.engine import REVISIONS, STATELESS, Connection, Server
from reference_servers.engine.memory import Memory, connect

CLIENT = {"name": "tester", "version": "1"}
FORMS = {"elicitation": {}}
PREFIX = "io.modelcontextprotocol/"
STATELESS_REVISION = "2026-07-28"


def metadata(capabilities: Any = None, **more: Any) -> dict[str, Any]:
    """The metadata of a request in the stateless era."""
    return {
        f"{PREFIX}protocolVersion": STATELESS_REVISION,
        f"{PREFIX}clientCapabilities": capabilities or {},
        f"{PREFIX}clientInfo": CLIENT,
    } | more


class Dialogue:
    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._ids = count(1)

    async def raw(self, data: bytes) -> None:
        await self.memory.feed(data)

    async def send(self, message: Any) -> None:
        await self.raw(json.dumps(message).encode())

    async def notify(self, method: str, **params: Any) -> None:
        await self.send({"jsonrpc": "2.0", "method": method, "params": params})

    async def request(self, method: str, params: Any) -> int:
        """Send a request and wait for nothing; returns its id."""
        number = next(self._ids)
        await self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return number

    async def receive(self) -> Any:
        return json.loads(await self.memory.receive())

    async def ask(self, method: str, **params: Any) -> Any:
        """The answer to a request, which is the next message and carries its id."""
        number = await self.request(method, params)
        answer = await self.receive()
        assert (answer["jsonrpc"], answer["id"]) == ("2.0", number)
        return answer

    async def result(self, method: str, **params: Any) -> Any:
        return (await self.ask(method, **params))["result"]

    async def error(self, method: str, **params: Any) -> Any:
        return (await self.ask(method, **params))["error"]

    async def call(self, tool: str, **arguments: Any) -> Any:
        return await self.result("tools/call", name=tool, arguments=arguments)

    async def initialize(self, revision: str = "2025-11-25", capabilities: Any = None) -> Any:
        return await self.result(
            "initialize", protocolVersion=revision, capabilities=capabilities or {}, clientInfo=CLIENT
        )

    async def silence(self) -> None:
        """Nothing came so far: the next message answers a ping sent now."""
        assert await self.result("ping") == {}


class StatelessDialogue(Dialogue):
    """Sends with each request what it needs, for a client with the given capabilities."""

    def __init__(self, memory: Memory, capabilities: Any = None) -> None:
        super().__init__(memory)
        self.capabilities = capabilities

    async def request(self, method: str, params: Any) -> int:
        meta = {**metadata(self.capabilities), **params.get("_meta", {})}
        return await super().request(method, {**params, "_meta": meta})

    async def silence(self) -> None:
        assert (await self.result("server/discover"))["resultType"] == "complete"


@asynccontextmanager
async def stateless(
    server: Server, connection: type[Connection] = Connection, *, capabilities: Any = None, dual: bool = False
) -> AsyncIterator[StatelessDialogue]:
    """A dialogue in the stateless era, with a server that speaks only this one or both."""
    async with connect(replace(server, revisions=REVISIONS if dual else STATELESS), connection) as memory:
        yield StatelessDialogue(memory, capabilities)


@asynccontextmanager
async def dialogue(
    server: Server,
    connection: type[Connection] = Connection,
    *,
    revision: str | None = "2025-11-25",
    capabilities: Any = None,
) -> AsyncIterator[Dialogue]:
    """A dialogue with a server, initialized for a revision unless that is None."""
    async with connect(server, connection) as memory:
        talk = Dialogue(memory)
        if revision:
            await talk.initialize(revision, capabilities)
            await talk.notify("notifications/initialized")
        yield talk
