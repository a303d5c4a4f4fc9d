"""What a server says only to a client that asks for it: log messages during a call, and in the stateless era the news
of a subscription.

The survey asks for all of it once, at its end: whatever was said before, nobody had asked for.
"""

from dataclasses import dataclass, field

from mcp_conformance.calls import SLOW, ToolCalls
from mcp_conformance.client import LOG_LEVEL_KEY, SUBSCRIPTION_KEY
from mcp_conformance.jsonrpc import JSON, same_id
from mcp_conformance.observation import Call
from mcp_conformance.profile import RevisionProfile, Tool
from mcp_conformance.session import Exchange, Session

_MAX_CALLS = 10
_MAX_URIS = 3
_ALL_LISTS = {"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True}
_BY_NAME = "conformance-subscription"
"""The id of one of the two subscriptions: a string, where the other one has a number."""


@dataclass(slots=True)
class Invitations:
    """Asks in one session. `calls` are those of its survey: a tool is called again if it may be without any harm."""

    session: Session
    profile: RevisionProfile
    calls: ToolCalls
    _subscriptions: list[Exchange] = field(default_factory=list)

    async def run(self) -> None:
        """Subscribe, call, and end the subscriptions."""
        if self.profile.declares("subscriptions"):
            await self._subscribe()
        # Each call has asked for progress before; log messages are asked for now, or at another level than before.
        logs = self.session.era == "stateless" or self.profile.declares("logging")
        again = [tool for tool in self.profile.tools if logs and self._may_be_repeated(tool)]
        for number, tool in enumerate(again[:_MAX_CALLS]):
            if self.session.alive:
                await self._call(tool, number)
        if self._subscriptions and self.session.alive:
            await self._unsubscribe()

    def _may_be_repeated(self, tool: Tool) -> bool:
        known = self.calls.known.get(tool.name)
        return tool.arguments is not None and tool.read_only and known is not None and known.seconds <= SLOW

    async def _call(self, tool: Tool, number: int) -> None:
        # Tokens of both kinds: a server that knows only one of them is found.
        meta: dict[str, JSON] = {"progressToken": f"conformance-{number}" if number % 2 else 7000 + number}
        if self.session.era == "stateless":
            meta[LOG_LEVEL_KEY] = "debug"
        params: JSON = {"name": tool.name, "arguments": tool.arguments, "_meta": meta}
        exchange = await self.session.request("tools/call", params)
        await self.session.answered_in_patience(exchange)
        self.calls.made.append(Call(tool.definition, await self.session.answer_input(exchange)))

    async def _subscribe(self) -> None:
        """One subscription to everything, also to what isn't declared, and one to nothing."""
        everything: dict[str, JSON] = {**_ALL_LISTS, "resourceSubscriptions": self._uris()}
        self._subscriptions = [
            await self.session.request("subscriptions/listen", {"notifications": everything}),
            await self.session.request("subscriptions/listen", {"notifications": {}}, id=_BY_NAME),
        ]
        await self.session.barrier()
        await self.session.until(self._are_settled, self.session.deadline)

    def _uris(self) -> list[JSON]:
        found: list[JSON] = []
        for exchange in self.session.exchanges:
            listed = exchange.result.get("resources") if isinstance(exchange.result, dict) else None
            found += [one["uri"] for one in listed or () if isinstance(one, dict) and isinstance(one.get("uri"), str)]
        return found[:_MAX_URIS]

    def _are_settled(self) -> bool:
        return all(one.done.is_set() or self._is_acknowledged(one) for one in self._subscriptions)

    def _is_acknowledged(self, subscription: Exchange) -> bool:
        for event in self.session.transcript.since(subscription.sent.number):
            message = event.message
            if event.direction == "received" and message is not None and message.kind == "notification":
                params = message.value.get("params")
                meta = params.get("_meta") if isinstance(params, dict) else None
                if isinstance(meta, dict) and same_id(meta.get(SUBSCRIPTION_KEY), subscription.id):
                    return True
        return False

    async def _unsubscribe(self) -> None:
        await self.session.barrier()
        for subscription in self._subscriptions:
            if not subscription.done.is_set():
                await self.session.cancel(subscription, "it was heard enough")
        await self.session.barrier()
