"""Right servers with features that the reference server doesn't have; faults are built on them."""

# ruff: noqa: RUF012 - the class attributes here are constants

from dataclasses import replace
from typing import Literal

from reference_servers.engine import (
    JSON,
    Call,
    Connection,
    Notification,
    ProtocolError,
    Request,
    RequestId,
    Server,
    Tool,
    metadata,
)
from reference_servers.engine.connection import METHODS, Handler
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
        era = "stateless" if self.is_stateless(request) else "stateful"
        known = METHODS.get(request.method)
        refused = self.route_stateless(request) if era == "stateless" else self.revision is None
        if request.method in self.handlers() and not refused and (known is None or era in known.eras):
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


class Speaks(MoreMethods):
    """Says something unasked. In the stateful era that is when the session begins, progress apart, which belongs to a
    call whose client asked for it. In the stateless one it is at the `occasion` that the era has for it: on the stream
    of a subscription, or while a call of a tool is under way, of any or of one whose client asked for log messages or
    for progress."""

    occasion: Literal["subscription", "call", "log", "progress"] = "call"
    about = ""
    """The member of a subscription's filter without which it stays silent; empty: it speaks on any subscription."""

    async def say(self, request: Request | None) -> None:
        """What is said; `request` is what it belongs to in the stateless era."""

    async def on_notification(self, notification: Notification) -> None:
        await super().on_notification(notification)
        if notification.method == "notifications/initialized" and self.occasion != "progress":
            await self.say(None)

    async def on_listen(self, request: Request) -> JSON:
        self.listens = request
        return await super().on_listen(request)

    async def acknowledge(self, subscription: RequestId, honoured: dict[str, JSON]) -> None:
        await super().acknowledge(subscription, honoured)
        if self.occasion == "subscription" and (not self.about or honoured.get(self.about)):
            await self.say(self.listens)

    async def on_tools_call(self, request: Request) -> JSON:
        wanted = {
            "call": True,
            "log": metadata.LOG_LEVEL in request.meta,
            "progress": request.progress_token is not None,
        }
        if (self.is_stateless(request) or self.occasion == "progress") and wanted.get(self.occasion):
            await self.say(request)
        return await super().on_tools_call(request)


class Logs(Speaks):
    """Logs a line when the session begins; in the stateless era, during a call whose client wants to hear of it."""

    declared = {"logging": {}}
    entry: JSON = {"level": "info", "logger": "session", "data": {"text": "ready"}}
    occasion = "log"

    def handlers(self) -> dict[str, Handler]:
        return {"logging/setLevel": self.on_set_level}

    async def on_set_level(self, request: Request) -> JSON:
        if request.params.get("level") not in LEVELS:
            raise ProtocolError(-32602, "no such level")
        return {}

    async def say(self, request: Request | None) -> None:
        await self.notify("notifications/message", self.entry)


class Announces(Speaks):
    """Says that its list of tools has changed when the session begins, or to a subscriber at once."""

    declared = {"tools": {"listChanged": True}}
    news: JSON = {"method": "notifications/tools/list_changed"}
    occasion, about = "subscription", "toolsListChanged"

    async def say(self, request: Request | None) -> None:
        await self.deliver({"jsonrpc": "2.0", **(of_subscription(self.news, request) if request else self.news)})


def of_subscription(message: dict[str, JSON], request: Request) -> dict[str, JSON]:
    """A notification with the id of its subscription, unless its params are spoilt."""
    params = message.get("params", {})
    meta = params.get("_meta", {}) if isinstance(params, dict) else None
    if not isinstance(meta, dict):
        return message
    return {**message, "params": {**params, "_meta": {**meta, metadata.SUBSCRIPTION_ID: request.id}}}


class Asks(Connection):
    """Asks a client that declared roots for them when the session begins, twice, and pings any client; in the stateless
    era, as what each call of a tool needs to go on."""

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

    def questions_of(self, request: Request) -> dict[str, JSON]:
        """What is asked between two rounds of a call, in the stateless era."""
        return {"roots": {"method": "roots/list"}} if "roots" in metadata.capabilities(request) else {}

    async def on_tools_call(self, request: Request) -> JSON:
        result = await super().on_tools_call(request)
        if not self.is_stateless(request) or result.get("isError"):
            return result
        answers = request.params.get("inputResponses", {})
        questions = {key: asked for key, asked in self.questions_of(request).items() if key not in answers}
        return {"resultType": "input_required", "inputRequests": questions} if questions else result


class Cancels(Asks):
    """Pings the client and changes its mind; in the stateless era it ends every subscription at once."""

    cancellation: JSON = {"requestId": "ping-1", "reason": "never mind"}

    def capabilities(self) -> dict[str, JSON]:
        return super().capabilities() | {"tools": {"listChanged": True}}

    async def on_notification(self, notification: Notification) -> None:
        await super().on_notification(notification)
        if notification.method == "notifications/initialized":
            await self.notify("notifications/cancelled", self.cancellation)

    def questions_of(self, request: Request) -> dict[str, JSON]:
        return {}

    async def on_listen(self, request: Request) -> JSON:
        await self.acknowledge(request.id, {})
        meta = {"_meta": {metadata.SUBSCRIPTION_ID: request.id}}
        id_ = self.cancellation.get("requestId")
        its = {**meta, **self.cancellation, "requestId": request.id if id_ == "ping-1" else id_}
        await self.notify("notifications/cancelled", its)
        return meta


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
