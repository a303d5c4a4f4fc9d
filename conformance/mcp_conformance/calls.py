"""Calls of the tools that may be called: looks for arguments that each accepts, and doesn't take a slow tool for a
hanging one."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from mcp_conformance import arguments
from mcp_conformance.hints import Hints
from mcp_conformance.jsonrpc import JSON
from mcp_conformance.observation import Call
from mcp_conformance.profile import Tool
from mcp_conformance.session import PATIENCE, Exchange, Session

SLOW = 3.0
"""Seconds after which a tool is slow: it is waited for beside the others, and called in one revision only."""

MAX_TRIES = 4
"""Arguments that are tried with a tool."""
BUDGET = 90.0
"""Seconds for all calls in one revision."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Arguments that a tool accepted, and how many seconds it took (infinity: it was given up)."""

    arguments: dict[str, JSON]
    seconds: float


@dataclass(slots=True)
class ToolCalls:
    """All calls of one survey. `known` holds what was accepted in another revision, and is added to; `made` are the
    calls."""

    session: Session
    hints: Hints
    known: dict[str, Accepted]
    pool: arguments.Pool
    made: list[Call] = field(default_factory=list)
    _late: list[tuple[Tool, dict[str, JSON], Exchange]] = field(default_factory=list)

    async def run(self, tools: list[Tool]) -> None:
        """Call each callable tool until it accepts some arguments; fills in `Tool.called` and `Tool.arguments`."""
        started = time.monotonic()
        for tool in tools:
            if not tool.callable or not self.session.alive:
                continue
            known = self.known.get(tool.name)
            if time.monotonic() - started > BUDGET:
                tool.callable, tool.reason = False, "the calls before it took too long"
            elif known is not None and known.seconds > SLOW:
                took = "got no answer in time" if known.seconds == math.inf else f"took {known.seconds:.0f} s"
                tool.callable, tool.reason = False, f"its call {took} in another revision"
            else:
                await self._search(tool)
        for tool, chosen, exchange in self._late:
            await self._wait(tool, chosen, exchange)

    async def _search(self, tool: Tool) -> None:
        for chosen in self._tries(tool):
            tool.called = True
            params = {"name": tool.name, "arguments": chosen, "_meta": {"progressToken": self._token()}}
            exchange = await self.session.request("tools/call", params)
            self.made.append(Call(tool.definition, exchange))
            if not await self.session.answered(exchange, min(SLOW, self.session.deadline)):
                # Slow or hanging: that shows later. A server that does one thing at a time has to be waited for now.
                if self.session.alive and (await self.session.barrier()).answer is None:
                    await self.session.answered(exchange)
                if exchange.answer is None:
                    self._late.append((tool, chosen, exchange))
                    return
            if self._accept(tool, chosen, await self._with_input(exchange)):
                return

    def _token(self) -> str | int:
        """A progress token, by turns of either type that there is."""
        number = len(self.made) + 1
        return f"call-{number}" if number % 2 else 1000 + number

    async def _with_input(self, exchange: Exchange) -> Exchange:
        """The exchange that ends a call, once the server has got what it needs to go on."""
        ended = await self.session.answer_input(exchange)
        if ended is not exchange:
            self.made[-1] = Call(self.made[-1].tool, ended)
        return ended

    def _tries(self, tool: Tool) -> Iterator[dict[str, JSON]]:
        hinted = list(self.hints.tool(tool.name).arguments)
        if tool.name in self.known:
            hinted.append(self.known[tool.name].arguments)
        found = arguments.candidates(tool.definition.get("inputSchema"), self.pool, hinted)
        for number, chosen in enumerate(found):
            if number >= max(MAX_TRIES, len(hinted)):
                return
            yield chosen

    def _accept(self, tool: Tool, chosen: dict[str, JSON], exchange: Exchange) -> bool:
        result = exchange.result
        if not isinstance(result, dict) or result.get("isError"):
            return False
        tool.arguments = chosen
        self.known[tool.name] = Accepted(chosen, exchange.seconds)
        content = result.get("content")
        self.pool.add(result.get("structuredContent"))
        self.pool.add(
            [block.get("text") for block in (content if isinstance(content, list) else []) if isinstance(block, dict)]
        )
        return True

    async def _wait(self, tool: Tool, chosen: dict[str, JSON], exchange: Exchange) -> None:
        bound = self.hints.tool(tool.name).deadline or PATIENCE * self.session.deadline
        left = max(0.0, bound - (self.session.transcript.now - exchange.sent.at))
        if await self.session.answered(exchange, left):
            self._accept(tool, chosen, exchange)
            return
        tool.reason = "its call got no answer in time"
        answered = any(call.exchange.answer is not None for call in self.made)
        if (
            (answered or len(self.made) == 1)
            and self.session.alive
            and (await self.session.barrier()).answer is not None
        ):
            # The server is well, and this may be the one tool that is slow: who is to say that it will never answer?
            exchange.excused = True
            self.known[tool.name] = Accepted(chosen, math.inf)
            await self.session.cancel(exchange, "it takes too long")
