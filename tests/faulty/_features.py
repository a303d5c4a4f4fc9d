"""Right servers with features that the reference server doesn't have; faults are built on them."""

# ruff: noqa: RUF012 - the class attributes here are constants

from dataclasses import replace

from reference_servers.engine import JSON, Call, Connection, Notification, ProtocolError, Request, Server, Tool
from reference_servers.engine.connection import Handler
from reference_servers.engine.metadata import LEVELS
from reference_servers.github.server import github

READ_ONLY = {"readOnlyHint": True}
ANYTHING = {"type": "object"}


class MoreMethods(Connection):
    """A server with further methods: their handlers and the capabilities that they belong to."""

    declared: dict[str, JSON] = {}

    def handlers(self) -> dict[str, Handler]:
        return {}

    def capabilities(self) -> dict[str, JSON]:
        return super().capabilities() | self.declared

    def route(self, request: Request) -> Handler:
        if self.revision and request.method in self.handlers():
            return self.handlers()[request.method]
        return super().route(request)


class Prompts(MoreMethods):
    """Has two prompts; one of them takes an argument."""

    declared = {"prompts": {}}

    def handlers(self) -> dict[str, Handler]:
        return {"prompts/list": self.on_prompts_list, "prompts/get": self.on_prompts_get}

    async def on_prompts_list(self, request: Request) -> JSON:
        argument = {"name": "code", "description": "What to review", "required": True}
        return {"prompts": [{"name": "greeting"}, {"name": "review", "arguments": [argument]}]}

    async def on_prompts_get(self, request: Request) -> JSON:
        if request.params.get("name") not in ("greeting", "review"):
            raise ProtocolError(-32602, "unknown prompt")
        return {"messages": [{"role": "user", "content": {"type": "text", "text": "Say hello."}}]}


class Logs(MoreMethods):
    """Logs a line when the session begins."""

    declared = {"logging": {}}
    entry: JSON = {"level": "info", "logger": "session", "data": {"text": "ready"}}

    def handlers(self) -> dict[str, Handler]:
        return {"logging/setLevel": self.on_set_level}

    async def on_set_level(self, request: Request) -> JSON:
        if request.params.get("level") not in LEVELS:
            raise ProtocolError(-32602, "no such level")
        return {}

    async def on_notification(self, notification: Notification) -> None:
        await super().on_notification(notification)
        if notification.method == "notifications/initialized":
            await self.notify("notifications/message", self.entry)


class Announces(MoreMethods):
    """Says that its list of tools has changed when the session begins."""

    declared = {"tools": {"listChanged": True}}
    news: JSON = {"method": "notifications/tools/list_changed"}

    async def on_notification(self, notification: Notification) -> None:
        await super().on_notification(notification)
        if notification.method == "notifications/initialized":
            await self.deliver({"jsonrpc": "2.0", **self.news})


class Asks(Connection):
    """Asks a client that declared roots for them when the session begins, twice, and pings any client."""

    ids: tuple[JSON, ...] = ("roots-1", 2)
    declared_by_client: dict[str, JSON]

    async def on_initialize(self, request: Request) -> JSON:
        result = await super().on_initialize(request)
        self.declared_by_client = request.params["capabilities"]
        return result

    async def on_notification(self, notification: Notification) -> None:
        await super().on_notification(notification)
        if notification.method == "notifications/initialized":
            if "roots" in self.declared_by_client:
                for request_id in self.ids:
                    await self.ask(request_id, "roots/list")
            await self.ask("ping-1", "ping")

    async def ask(self, request_id: JSON, method: str, params: JSON = None) -> None:
        message = {"jsonrpc": "2.0", "id": request_id, "method": method}
        await self.deliver(message if params is None else message | {"params": params})


class Cancels(Asks):
    """Pings the client and changes its mind."""

    cancellation: JSON = {"requestId": "ping-1", "reason": "never mind"}

    async def on_notification(self, notification: Notification) -> None:
        await super().on_notification(notification)
        if notification.method == "notifications/initialized":
            await self.notify("notifications/cancelled", self.cancellation)


class AfterInitialize(Connection):
    """Does something between the answer to initialize and the client's initialized notification."""

    async def on_request(self, request: Request) -> None:
        await super().on_request(request)
        if request.method == "initialize":
            await self.early()

    async def early(self) -> None:
        """What it does."""


async def embed(call: Call) -> list[dict[str, JSON]]:
    resource = {"uri": "repo://alice/hello-world/contents/README.md", "mimeType": "text/markdown", "text": "# Hello"}
    return [{"type": "resource", "resource": resource}]


def embedding() -> Server:
    """A server one of whose tools embeds a resource."""
    offered = github()
    tool = Tool("read_readme", ANYTHING, embed, annotations=READ_ONLY)
    return replace(offered, tools=(*offered.tools, tool))


def paged() -> Server:
    """A server whose list of tools has several pages."""
    return replace(github(), page_size=2)
