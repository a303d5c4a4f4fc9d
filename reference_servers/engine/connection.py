"""One conversation with one client, from its first byte to its last: messages in, messages out, no I/O.

Each decision of the protocol is one method, so that a server with one fault overrides one method (see the package's
docstring).
"""

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Protocol, Self, TypeVar

import anyio
from anyio.abc import TaskGroup

from . import messages, pages
from .messages import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    JSON,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    RESOURCE_NOT_FOUND,
    Malformed,
    Notification,
    ProtocolError,
    Request,
    RequestId,
    Response,
)
from .revisions import Revision
from .server import Call, Progress, Server, Tool, ToolError


class Listed(Protocol):
    """What stands in a list: it knows how it looks there."""

    def as_json(self) -> dict[str, JSON]: ...


Item = TypeVar("Item", bound=Listed)

Send = Callable[[bytes], Awaitable[None]]
"""Puts one encoded message on the wire, whole and in order; the transport adds its framing."""


Handler = Callable[[Request], Awaitable[JSON]]
"""Answers a request: returns its result, or raises ProtocolError."""


class Method(NamedTuple):
    handler: str
    capability: str | None


METHODS = {
    "initialize": Method("on_initialize", None),
    "ping": Method("on_ping", None),
    "tools/list": Method("on_tools_list", "tools"),
    "tools/call": Method("on_tools_call", "tools"),
    "resources/list": Method("on_resources_list", "resources"),
    "resources/templates/list": Method("on_resources_templates_list", "resources"),
    "resources/read": Method("on_resources_read", "resources"),
}
"""The requests that are understood: the method that answers each, and the capability without which it doesn't exist."""


class Connection:
    """A session: ``async with connection:``, and within it each incoming message goes to `handle`, in order of arrival.

    Requests run at the same time, and answers may overtake each other; `initialize` alone is finished before the next
    message is looked at. Leaving the block waits `grace` seconds for requests still running, and cancels what is left.
    """

    grace = 1.0

    def __init__(self, server: Server, send: Send) -> None:
        self.server = server
        self.send = send
        self.revision: Revision | None = None
        """The negotiated revision; None until `initialize` succeeded."""
        self._open: dict[RequestId, anyio.CancelScope] = {}
        self._tasks: TaskGroup

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        if isinstance(error, Exception):  # of the block itself: pass it on as it is, not in a group
            self._tasks.cancel_scope.cancel()
            await self._tasks.__aexit__(None, None, None)
            return None
        self._tasks.cancel_scope.deadline = anyio.current_time() + self.grace
        return await self._tasks.__aexit__(kind, error, traceback)

    # --------------------------------------------------------------------------------------------- what comes in

    async def at_start(self) -> None:
        """Called by a process transport before it reads anything."""

    async def at_end_of_input(self) -> None:
        """Called by a process transport when there is no more to read; the server ends afterwards."""

    async def handle(self, raw: bytes) -> None:
        """Take one message. Returns when it is accepted, which for most requests is before it is answered."""
        try:
            value = messages.parse(raw)
        except ValueError as error:
            await self.parse_error(str(error))
            return
        match messages.classify(value):
            case Request() as request:
                await self.on_request(request)
            case Notification() as notification:
                await self.on_notification(notification)
            case Response() as response:
                await self.on_response(response)
            case Malformed() as malformed:
                await self.invalid_request(malformed)

    async def on_request(self, request: Request) -> None:
        """Start to work on a request."""
        if request.id in self._open:
            await self.repeated_id(request)
            return
        self._open[request.id] = scope = anyio.CancelScope()
        handler = self.route(request)
        if request.method == "initialize":  # finished at once, since what follows depends on it
            await self._answer(request, handler, scope)
        else:
            self._tasks.start_soon(self._answer, request, handler, scope)

    def route(self, request: Request) -> Handler:
        """Decide what answers a request. This happens on its arrival, before any later message can change the state."""
        method = METHODS.get(request.method)
        if method is None or (method.capability and method.capability not in self.capabilities()):
            return self.on_unknown_method
        if request.method == "initialize" and self.revision:
            return self.second_initialize
        if request.method not in ("initialize", "ping") and not self.revision:
            return self.before_initialize
        if _params_problem(request):
            return self.malformed_params
        handler: Handler = getattr(self, method.handler)
        return handler

    async def _answer(self, request: Request, handler: Handler, scope: anyio.CancelScope) -> None:
        outcome: JSON | ProtocolError = None
        with scope:
            if not scope.cancel_called:  # it may have been cancelled before its turn came
                outcome = await self._outcome(request, handler)
        del self._open[request.id]
        if scope.cancel_called:
            return
        if isinstance(outcome, ProtocolError):
            await self.fail(request.id, outcome)
        else:
            await self.reply(request.id, outcome)

    async def _outcome(self, request: Request, handler: Handler) -> JSON | ProtocolError:
        try:
            return await handler(request)
        except ProtocolError as error:
            return error
        except Exception as error:
            return self.internal_error(request, error)

    async def on_notification(self, notification: Notification) -> None:
        """Take note of a notification. Unknown and malformed ones are ignored, none is ever answered."""
        if notification.method == "notifications/cancelled":
            await self.on_cancelled(notification)

    async def on_cancelled(self, notification: Notification) -> None:
        """Stop a running request and don't answer it; a notification that names none is ignored.

        Source: basic/utilities/cancellation.
        """
        request_id = notification.params.get("requestId") if isinstance(notification.params, dict) else None
        if messages.is_request_id(request_id) and (scope := self._open.get(request_id)):
            scope.cancel()

    async def on_response(self, response: Response) -> None:
        """Take a response. This server asks the client for nothing, so there is nothing that it could answer."""

    # --------------------------------------------------------------------------------------------- the requests

    def negotiate(self, requested: str) -> str:
        """The version that is spoken: the requested one if it is known, else the newest.

        Source: basic/lifecycle#version-negotiation.
        """
        known = [revision.name for revision in self.server.revisions]
        return requested if requested in known else known[-1]

    def capabilities(self) -> dict[str, JSON]:
        """What is declared: exactly what is there.

        Nothing announces changes, so there is no listChanged and no subscribe.
        """
        declared: dict[str, JSON] = {}
        if self.server.tools:
            declared["tools"] = {}
        if self.server.resources:
            declared["resources"] = {}
        return declared

    async def on_initialize(self, request: Request) -> JSON:
        requested = _member(request.params, "protocolVersion", str)
        _member(request.params, "capabilities", dict)
        client = _member(request.params, "clientInfo", dict)
        _member(client, "name", str, of="clientInfo")
        _member(client, "version", str, of="clientInfo")

        spoken = self.negotiate(requested)
        known = {revision.name: revision for revision in self.server.revisions}
        self.revision = known.get(spoken, self.server.revisions[-1])
        identity = {"name": self.server.name, "version": self.server.version}
        if self.server.title:
            identity["title"] = self.server.title
        result: dict[str, JSON] = {
            "protocolVersion": spoken,
            "capabilities": self.capabilities(),
            "serverInfo": identity,
        }
        if self.server.instructions:
            result["instructions"] = self.server.instructions
        return result

    async def on_ping(self, request: Request) -> JSON:
        return {}

    async def on_tools_list(self, request: Request) -> JSON:
        return self.page(request, "tools", self.server.tools, lambda tool: tool.name)

    async def on_tools_call(self, request: Request) -> JSON:
        name = _member(request.params, "name", str)
        arguments = _member(request.params, "arguments", dict, default={})
        tool = next((tool for tool in self.server.tools if tool.name == name), None)
        if tool is None:
            raise ProtocolError(INVALID_PARAMS, f"Unknown tool: {name}")

        from .validation import problems

        if found := problems(tool.input_schema, arguments):
            return await self.invalid_arguments(tool, found)
        try:
            output = await tool.run(Call(arguments, self._progress(request)))
        except ToolError as error:
            return _tool_failure(str(error))
        if isinstance(output, list):
            return {"content": output}
        return {"content": [_text(messages.dumps(output))], "structuredContent": output}

    async def on_resources_list(self, request: Request) -> JSON:
        assert self.server.resources
        return self.page(request, "resources", self.server.resources.list(), lambda resource: resource.uri)

    async def on_resources_templates_list(self, request: Request) -> JSON:
        assert self.server.resources
        templates = self.server.resources.templates
        return self.page(request, "resourceTemplates", templates, lambda template: template.uri_template)

    async def on_resources_read(self, request: Request) -> JSON:
        assert self.server.resources
        uri = _member(request.params, "uri", str)
        contents = await self.server.resources.read(uri)
        if contents is None:
            raise ProtocolError(RESOURCE_NOT_FOUND, "Resource not found", {"uri": uri})
        return {"contents": [part.as_json() for part in contents]}

    # -------------------------------------------------------------------------------------------- decisions on the way

    def page(self, request: Request, member: str, items: Sequence[Item], key: Callable[[Item], str]) -> JSON:
        """One page of a list as a result, with `nextCursor` while there is more."""
        cursor = _member(request.params, "cursor", str, default=None)
        try:
            page, following = pages.cut(items, key, self.server.page_size, cursor, of=member)
        except ValueError as error:
            raise ProtocolError(INVALID_PARAMS, f"Invalid cursor: {error}") from error
        result: dict[str, JSON] = {member: [item.as_json() for item in page]}
        if following is not None:
            result["nextCursor"] = following
        return result

    async def invalid_arguments(self, tool: Tool, found: Sequence[str]) -> JSON:
        """Answer arguments that break the input schema: the revisions differ in how (`Revision`)."""
        assert self.revision
        text = f"Invalid arguments for tool {tool.name}: {'; '.join(found)}"
        if self.revision.invalid_arguments_are_results:
            return _tool_failure(text)
        raise ProtocolError(INVALID_PARAMS, text)

    async def on_unknown_method(self, request: Request) -> JSON:
        """Refuse a method that doesn't exist, or belongs to a capability that isn't declared."""
        raise ProtocolError(METHOD_NOT_FOUND, f"Method not found: {request.method}")

    async def before_initialize(self, request: Request) -> JSON:
        """Refuse a request that came too early (basic/lifecycle#initialization)."""
        raise ProtocolError(INVALID_REQUEST, f"{request.method} came before a successful initialize; send that first")

    async def second_initialize(self, request: Request) -> JSON:
        raise ProtocolError(INVALID_REQUEST, "this session is initialized already; open another one to start anew")

    async def malformed_params(self, request: Request) -> JSON:
        """Refuse params whose general shape is wrong, whatever the method."""
        raise ProtocolError(INVALID_PARAMS, _params_problem(request) or "params are malformed")

    async def repeated_id(self, request: Request) -> None:
        """Refuse a request whose id belongs to one still running.

        Their answers couldn't be told apart, nor could a cancellation say which it means.
        """
        await self.fail(request.id, ProtocolError(INVALID_REQUEST, "this id belongs to a request still in progress"))

    async def parse_error(self, problem: str) -> None:
        """Answer input that is no JSON."""
        await self.fail(None, ProtocolError(PARSE_ERROR, f"Parse error: {problem}"))

    async def invalid_request(self, malformed: Malformed) -> None:
        """Answer JSON that is no message."""
        await self.fail(malformed.id, ProtocolError(INVALID_REQUEST, f"Invalid request: {malformed.problem}"))

    def internal_error(self, request: Request, error: Exception) -> ProtocolError:
        """The error for a bug of ours. The client learns that there was one, stderr learns which."""
        import traceback

        traceback.print_exception(error, file=sys.stderr)
        return ProtocolError(INTERNAL_ERROR, f"Internal error while answering {request.method}")

    def _progress(self, request: Request) -> Progress:
        async def report(value: float, total: float | None = None, message: str | None = None) -> None:
            if (token := request.progress_token) is None or request.id not in self._open:
                return
            params: dict[str, JSON] = {"progressToken": token, "progress": value}
            if total is not None:
                params["total"] = total
            if message is not None:
                params["message"] = message
            await self.notify("notifications/progress", params)

        return report

    # --------------------------------------------------------------------------------------------- what goes out

    async def reply(self, request_id: RequestId, result: JSON) -> None:
        await self.deliver({"jsonrpc": "2.0", "id": request_id, "result": result})

    async def fail(self, request_id: RequestId | None, error: ProtocolError) -> None:
        """Send an error. When no id could be read there is none to send, or null: `Revision.null_id`.

        Before a revision is agreed the newest one's way is taken.
        """
        message: dict[str, JSON] = {"jsonrpc": "2.0"}
        if request_id is not None or (self.revision or self.server.revisions[-1]).null_id:
            message["id"] = request_id
        await self.deliver(message | {"error": error.as_json()})

    async def notify(self, method: str, params: dict[str, JSON]) -> None:
        await self.deliver({"jsonrpc": "2.0", "method": method, "params": params})

    async def deliver(self, message: dict[str, JSON]) -> None:
        """The one way out for every message."""
        await self.send(self.encode(message))

    def encode(self, message: dict[str, JSON]) -> bytes:
        return messages.encode(message)

    def delimit(self, encoded: bytes) -> bytes:
        """What stdio writes for one encoded message (basic/transports#stdio)."""
        return encoded + b"\n"


_REQUIRED = object()
_NAMES: Mapping[type, str] = {str: "a string", dict: "an object"}


def _member(holder: dict[str, JSON], name: str, kind: type, *, default: JSON = _REQUIRED, of: str = "params") -> JSON:
    """A member of the right type, or its default when it is absent; anything else is an error of the caller."""
    if name not in holder and default is not _REQUIRED:
        return default
    if not isinstance(holder.get(name), kind):
        raise ProtocolError(INVALID_PARAMS, f"{of}.{name} must be {_NAMES[kind]}")
    return holder[name]


def _params_problem(request: Request) -> str | None:
    if not isinstance(request.params, dict):
        return "params must be an object"
    meta = request.params.get("_meta", {})
    if not isinstance(meta, dict):
        return "params._meta must be an object"
    if "progressToken" in meta and not messages.is_request_id(meta["progressToken"]):
        return "params._meta.progressToken must be a string or an integer"
    return None


def _tool_failure(text: str) -> dict[str, JSON]:
    return {"content": [_text(text)], "isError": True}


def _text(text: str) -> dict[str, JSON]:
    return {"type": "text", "text": text}
