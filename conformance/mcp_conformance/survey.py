"""One walk through everything that a server offers in one revision: what it lists, and calls of what may be called.

The walk is the evidence of the passive checks, and finds the values that active cases need: a tool that can be
called, arguments that it accepts, a cursor.
"""

import math
from dataclasses import dataclass, field

import anyio

from mcp_conformance import arguments, occasions
from mcp_conformance.calls import SLOW, Accepted, ToolCalls
from mcp_conformance.client import CAPABILITIES_KEY, VERSION_KEY
from mcp_conformance.exchanges import needs_input
from mcp_conformance.hints import Hints
from mcp_conformance.hope import shows_life
from mcp_conformance.invitations import Invitations
from mcp_conformance.jsonrpc import JSON, MISSING
from mcp_conformance.observation import Call, Observation
from mcp_conformance.profile import CallLevel, RevisionProfile, Tool, may_call
from mcp_conformance.session import Exchange, Session

MAX_PAGES = 100
"""Pages of one list that are walked through."""
MAX_ITEMS = 10_000
"""Items of one list, after which no more pages are asked for."""
MAX_TOOLS = 2000
"""Tools that may be called."""
_MAX_READS = 5
_DUMB = 2  # requests in a row without an answer, barriers between them too, after which the walk ends


@dataclass(slots=True)
class Survey:
    """One walk in progress."""

    session: Session
    level: CallLevel
    hints: Hints
    known: dict[str, Accepted] = field(default_factory=dict)
    """Calls that were accepted, by tool; those that a survey of another revision has seen are tried first."""
    annotations: dict[str, JSON] = field(default_factory=dict)
    """What tools say of themselves in another revision, by name: it holds where this one has no annotations."""
    pool: arguments.Pool = field(default_factory=arguments.Pool)
    is_cut: bool = False
    """The limit ended the walk before its end."""

    async def run(self, limit: float = math.inf) -> tuple[RevisionProfile, Observation]:
        """Walk, at most `limit` seconds. The session has been initialized; it may be dead afterwards."""
        session = self.session
        profile = RevisionProfile(session.revision, session.server)
        calls = ToolCalls(session, self.hints, self.known, self.pool)
        with anyio.move_on_after(limit) as scope:
            await self._walk(profile, calls)
        if scope.cancelled_caught:
            self.is_cut = True
            for exchange in session.exchanges:
                exchange.excused = exchange.excused or exchange.answer is None  # the tester didn't wait
        self._values(profile, calls.made)
        return profile, Observation.of(session, calls=calls.made)

    async def _walk(self, profile: RevisionProfile, calls: ToolCalls) -> None:
        session = self.session
        await session.call(session.barrier_method)
        self._choose_barrier(profile)
        logs = session.era == "stateful" and profile.declares("logging")
        if logs:  # all that there is to hear is evidence
            logs = isinstance((await self._ask("logging/setLevel", {"level": "debug"})).result, dict)
        declared = profile.declares("tools")
        tools = await self._list("tools/list", "tools") if declared or session.alive else []
        profile.tools = self._tools(tools) if declared else []
        if profile.declares("resources"):
            await self._resources()
        if profile.declares("prompts"):
            await self._prompts()
        await calls.run(profile.tools)
        if self._goes_on:
            await self._ask("conformance/no-such-method")  # what an error looks like
        if self._goes_on and session.era == "stateless":
            await self._ask("server/discover", {"_meta": {VERSION_KEY: "1900-01-01", CAPABILITIES_KEY: {}}})
        if self._goes_on and logs:  # and whether less comes where less is asked for
            await self._ask("logging/setLevel", {"level": "warning"})
        if self._goes_on:
            await Invitations(session, profile, calls).run()
        if self._goes_on and logs:
            await self._ask("logging/setLevel", {"level": "debug"})
        if self._goes_on:
            await session.barrier()

    @property
    def _goes_on(self) -> bool:
        """Whether there is any use in asking more: the server lives, and hasn't been asked in vain several times in a
        row."""
        latest = [exchange for exchange in self.session.exchanges if not exchange.excused][-_DUMB:]
        return self.session.alive and (len(latest) < _DUMB or any(map(shows_life, latest)))

    async def listed(self) -> list[Tool]:
        """The tools, without the rest of the walk."""
        return self._tools(await self._list("tools/list", "tools"))

    async def _ask(self, method: str, params: JSON = MISSING) -> Exchange:
        exchange = await self.session.request(method, params)
        await self.session.answered_in_patience(exchange)
        return await self.session.answer_input(exchange)

    def _choose_barrier(self, profile: RevisionProfile) -> None:
        """Ping serves as barrier wherever it is answered; a server without it still has to be tested."""
        if self.session.exchanges[-1].answer is not None:
            profile.barrier_method = self.session.barrier_method
            return
        for need in ("tools", "resources", "prompts"):
            if profile.declares(need):
                profile.barrier_method = f"{need}/list"
                break
        self.session.barrier_method = profile.barrier_method

    async def _list(self, method: str, member: str) -> list[JSON]:
        """All items of a paged list."""
        items: list[JSON] = []
        cursor: JSON = MISSING
        seen: list[JSON] = []
        while self._goes_on and len(seen) < MAX_PAGES and len(items) < MAX_ITEMS:
            exchange = await self._ask(method, MISSING if cursor is MISSING else {"cursor": cursor})
            if not isinstance(exchange.result, dict):
                break
            page = exchange.result.get(member)
            items.extend(page if isinstance(page, list) else [])
            cursor = exchange.result.get("nextCursor", MISSING)
            if not isinstance(cursor, str) or cursor in seen:
                break
            seen.append(cursor)
        return items

    def _tools(self, listed: list[JSON]) -> list[Tool]:
        found: dict[str, Tool] = {}
        for definition in listed:
            # A server that repeats its pages lists a tool many times over; it is called once.
            if len(found) >= MAX_TOOLS:
                break
            if isinstance(definition, dict) and isinstance(name := definition.get("name"), str) and name not in found:
                annotations = definition.get("annotations", self.annotations.get(name))
                annotated = definition | {"annotations": annotations}
                allowed, reason = may_call(annotated, self.level, self.hints.tool(name).call)
                read_only = isinstance(annotations, dict) and annotations.get("readOnlyHint") is True
                found[name] = Tool(name, definition, allowed, reason, read_only)
        return list(found.values())

    async def _resources(self) -> None:
        resources = await self._list("resources/list", "resources")
        await self._list("resources/templates/list", "resourceTemplates")
        self.pool.add(resources)
        for resource in resources[:_MAX_READS]:
            if self._goes_on and isinstance(resource, dict) and isinstance(resource.get("uri"), str):
                await self._ask("resources/read", {"uri": resource["uri"]})

    async def _prompts(self) -> None:
        prompts = await self._list("prompts/list", "prompts")
        for prompt in prompts[:_MAX_READS]:
            if not (self._goes_on and isinstance(prompt, dict) and isinstance(prompt.get("name"), str)):
                continue
            listed = prompt.get("arguments")
            wanted = [
                one
                for one in (listed if isinstance(listed, list) else [])
                if isinstance(one, dict) and one.get("required")
            ]
            if not wanted:  # what to give for an argument, only the server's owner knows
                await self._ask("prompts/get", {"name": prompt["name"]})

    # ----------------------------------------------------------------------------------------------------------- values

    def _values(self, profile: RevisionProfile, calls: list[Call]) -> None:
        """What cases can refer to; and for what isn't there, the reason and what would help."""
        values: dict[str, JSON] = {}
        accepted = [tool for tool in profile.tools if tool.arguments is not None]
        # A quick and read-only tool first: cases call it several times over.
        accepted.sort(key=lambda tool: (self.known[tool.name].seconds > SLOW, not tool.read_only))
        names = {tool.name for tool in profile.tools}
        for tool in accepted:
            good = tool.arguments or {}
            values.setdefault("tool", {"name": tool.name, "arguments": good})
            schema = tool.definition.get("inputSchema")
            if (made := arguments.without_required(schema, good)) is not None:
                values.setdefault("incomplete", {"name": tool.name, "arguments": made})
            if (made := arguments.mistyped(schema, good)) is not None:
                values.setdefault("mistyped", {"name": tool.name, "arguments": made})
            if (other := tool.name.swapcase()) not in names:
                values.setdefault("uncased", {"name": other, "arguments": good})
        for exchange in self.session.exchanges:
            listing = exchange.result if exchange.method == "tools/list" else None
            if isinstance(listing, dict) and isinstance(cursor := listing.get("nextCursor"), str):
                values.setdefault("cursor", cursor)
        values |= occasions.find(self.session, calls, self.known, self.hints)
        if (asking := self._asking(profile)) is not None:
            values["asking"] = asking
        profile.values = values
        profile.missing = {
            name: self._why_missing(name, profile, bool(accepted)) for name in _REFERABLE if name not in values
        }

    def _asking(self, profile: RevisionProfile) -> JSON:
        """The first call that asked for input, of a tool that changes nothing: cases call it several times over."""
        harmless = [tool.name for tool in profile.tools if tool.read_only]
        for exchange in self.session.exchanges:
            params = exchange.params if exchange.method == "tools/call" and needs_input(exchange) else None
            if isinstance(params, dict) and params.get("name") in harmless:
                return {"name": params["name"], "arguments": params.get("arguments")}
        return None

    def _why_missing(self, name: str, profile: RevisionProfile, accepted: bool) -> str:
        if name in occasions.MISSING:
            return occasions.MISSING[name]
        if name == "cursor":
            return "tools/list has only one page"
        if not profile.tools:
            return "the server lists no tools"
        if not any(tool.callable for tool in profile.tools):
            return (
                f"none of the {len(profile.tools)} tools may be called with --mcp-call={self.level}: "
                "name safe ones in the hints file, or use --mcp-call=all on a server that can't do harm"
            )
        if name == "asking":
            return "no read-only tool that was called asked for input"
        if not accepted:
            return "no call of a tool was accepted: give good arguments in the hints file"
        return {
            "incomplete": "no tool that may be called requires an argument",
            "mistyped": "no tool that may be called has an argument whose type could be broken for certain",
            "uncased": "no tool that may be called has a name that differs in another letter case",
        }[name]


_REFERABLE = ("tool", "incomplete", "mistyped", "uncased", "cursor", "asking", *occasions.MISSING)
