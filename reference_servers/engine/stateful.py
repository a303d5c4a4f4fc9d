"""The stateful era: a handshake settles version and capabilities for the session, and either side may ask the other.

Source: basic/lifecycle of 2024-11-05 to 2025-11-25.
"""

from dataclasses import dataclass, field

import anyio

from . import metadata, shapes
from .call import ToolError
from .changes import Change
from .core import Handler, Send
from .exchange import within
from .features import Features, member
from .messages import INVALID_PARAMS, INVALID_REQUEST, JSON, Notification, ProtocolError, Request, Response
from .server import Server


@dataclass(slots=True)
class _Inquiry:
    """A request of ours that waits for its response."""

    response: dict[str, JSON] | None = None
    answered: anyio.Event = field(default_factory=anyio.Event)


class Stateful(Features):
    """Holds what a session remembers: what the client can do, what it subscribed to, which logs it wants."""

    patience = 300.0
    """Seconds that a tool waits for the client's answer, which may be a user's."""

    def __init__(self, server: Server, send: Send) -> None:
        super().__init__(server, send)
        self.client_capabilities: dict[str, JSON] = {}
        self._initialized = anyio.Event()
        self._log_level = "info"
        self._subscriptions: set[str] = set()
        self._inquiries: dict[str, _Inquiry] = {}
        self._count = 0

    # --------------------------------------------------------------------------------------------- the handshake

    def route_stateful(self, request: Request) -> Handler | None:
        """What answers a request where the handshake, or the lack of it, decides; None where it doesn't."""
        if request.method == "initialize" and self.revision:
            return self.second_initialize
        if request.method not in ("initialize", "ping") and not self.revision:
            return self.before_initialize
        return None

    def negotiate(self, requested: str) -> str:
        """The version that is spoken: the requested one if it is known, else the newest.

        Source: basic/lifecycle#version-negotiation.
        """
        known = [revision.name for revision in self.server.of_era("stateful")]
        return requested if requested in known else known[-1]

    async def on_initialize(self, request: Request) -> JSON:
        requested = member(request.params, "protocolVersion", str)
        capabilities = member(request.params, "capabilities", dict)
        client = member(request.params, "clientInfo", dict)
        member(client, "name", str, of="clientInfo")
        member(client, "version", str, of="clientInfo")

        spoken = self.negotiate(requested)
        known = {revision.name: revision for revision in self.server.of_era("stateful")}
        self.revision = known.get(spoken) or self.server.of_era("stateful")[-1]
        self.client_capabilities = capabilities
        result: dict[str, JSON] = {
            "protocolVersion": spoken,
            "capabilities": shapes.known("capabilities", self.capabilities(), self.revision),
            "serverInfo": shapes.known("implementation", self.server.identity(), self.revision),
        }
        if self.server.instructions:
            result["instructions"] = self.server.instructions
        return result

    async def on_notification(self, notification: Notification) -> None:
        await super().on_notification(notification)
        if notification.method == "notifications/initialized" and self.revision and not self._initialized.is_set():
            self._initialized.set()
            if self.server.announces and self.server.changes:
                with within(None):  # what changes has nothing to do with the message that is being handled
                    self._tasks.start_soon(self._tell_changes)

    async def on_ping(self, request: Request) -> JSON:
        return {}

    async def before_initialize(self, request: Request) -> JSON:
        """Refuse a request that came too early (basic/lifecycle#initialization)."""
        raise ProtocolError(INVALID_REQUEST, f"{request.method} came before a successful initialize; send that first")

    async def second_initialize(self, request: Request) -> JSON:
        raise ProtocolError(INVALID_REQUEST, "this session is initialized already; open another one to start anew")

    # ---------------------------------------------------------------------------------- what the client wants to hear

    async def on_set_level(self, request: Request) -> JSON:
        """Set the lowest severity of log messages; before, it is info (server/utilities/logging)."""
        level = member(request.params, "level", str)
        if level not in metadata.LEVELS:
            raise ProtocolError(INVALID_PARAMS, f"params.level must be one of {', '.join(metadata.LEVELS)}")
        self._log_level = level
        return {}

    async def on_subscribe(self, request: Request) -> JSON:
        assert self.server.resources
        uri = member(request.params, "uri", str)
        if await self.server.resources.read(uri) is None:
            raise self.resource_not_found(uri)
        self._subscriptions.add(uri)
        return {}

    async def on_unsubscribe(self, request: Request) -> JSON:
        self._subscriptions.discard(member(request.params, "uri", str))
        return {}

    async def _tell_changes(self) -> None:
        assert self.server.changes
        with anyio.CancelScope() as scope, self.server.changes.listen() as news:
            self._background.append(scope)
            async for change in news:
                await self.tell(change)

    async def tell(self, change: Change) -> None:
        """Tell the client of a change if it wants to know (server/resources#subscriptions)."""
        if change.of == "resource":
            if change.uri in self._subscriptions:
                await self.notify("notifications/resources/updated", {"uri": change.uri})
        elif self.declares(f"{change.of}.listChanged"):
            await self.deliver({"jsonrpc": "2.0", "method": f"notifications/{change.of}/list_changed"})

    # ------------------------------------------------------------------------------------------ what we ask the client

    async def inquire(self, method: str, params: dict[str, JSON]) -> dict[str, JSON]:
        """Put a request to the client and wait for its result. ToolError when there is none that can be used."""
        from .questions import REQUIRED, answer_problem, supports

        if not supports(self.client_capabilities, method, self.speaking.name, params.get("mode", "form")):
            raise ToolError(f"this needs a client with the capability {REQUIRED[method][0]}")
        self._count += 1
        request_id = f"server-{self._count}"
        with anyio.move_on_after(self.patience) as waiting:
            await self._initialized.wait()  # before, there may be nothing but pings (basic/lifecycle#initialization)
            result = await self._exchange(request_id, method, params)
        if waiting.cancelled_caught:
            await self.notify("notifications/cancelled", {"requestId": request_id, "reason": "no answer in time"})
            raise ToolError(f"the client did not answer {method} within {self.patience:g} s")
        if problem := answer_problem(method, params, result):
            raise ToolError(f"the client's answer to {method} cannot be used: {problem}")
        return result

    async def _exchange(self, request_id: str, method: str, params: dict[str, JSON]) -> dict[str, JSON]:
        inquiry = self._inquiries[request_id] = _Inquiry()
        message: dict[str, JSON] = {"jsonrpc": "2.0", "id": request_id, "method": method}
        try:
            await self.deliver(message | {"params": params} if params else message)
            await inquiry.answered.wait()
        finally:
            del self._inquiries[request_id]
        response = inquiry.response or {}
        if not isinstance(response.get("result"), dict):
            raise ToolError(f"the client refused {method}: {_reason(response.get('error'))}")
        result: dict[str, JSON] = response["result"]
        return result

    async def on_response(self, response: Response) -> None:
        """Give a response to the request of ours that it answers. One that answers nothing is ignored."""
        request_id = response.value.get("id")
        if isinstance(request_id, str) and (inquiry := self._inquiries.get(request_id)):
            inquiry.response = response.value
            inquiry.answered.set()


def _reason(error: JSON) -> str:
    return str(error.get("message")) if isinstance(error, dict) else "no result"
