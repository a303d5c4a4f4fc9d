"""Messages in, answers out: what every conversation is made of, whatever is talked about. No I/O."""

import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias

import anyio
from anyio.abc import TaskGroup

from . import messages
from .call import Ask
from .exchange import CURRENT, Batch, Kind, within
from .messages import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    JSON,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    Malformed,
    Notification,
    ProtocolError,
    Request,
    RequestId,
    Response,
)
from .revisions import Era, Revision
from .server import Server

Send: TypeAlias = Callable[[bytes], Awaitable[None]]
"""Puts one encoded message on the wire, whole and in order; the transport adds its framing."""

Handler: TypeAlias = Callable[[Request], Awaitable[JSON]]
"""Answers a request: returns its result, or raises ProtocolError."""

SERVED: ContextVar[Request | None] = ContextVar("SERVED", default=None)
"""The request that is being answered, as it came."""


class InputRequired(BaseException):
    """Ends the work on a request with a result that asks for what its next round needs (basic/patterns/mrtr).

    No Exception, since a tool that mends its own errors isn't to mend this.
    """

    def __init__(self, result: dict[str, JSON]) -> None:
        super().__init__()
        self.result = result


class Method(NamedTuple):
    """A request that is understood: what answers it, the capability without which it doesn't exist, and its eras.

    The capability may be a member of another one: ``resources.subscribe``.
    """

    handler: str
    capability: str | None
    eras: tuple[Era, ...]


_BOTH: tuple[Era, ...] = ("stateful", "stateless")

METHODS: Mapping[str, Method] = {
    "initialize": Method("on_initialize", None, ("stateful",)),
    "ping": Method("on_ping", None, ("stateful",)),
    "logging/setLevel": Method("on_set_level", "logging", ("stateful",)),
    "resources/subscribe": Method("on_subscribe", "resources.subscribe", ("stateful",)),
    "resources/unsubscribe": Method("on_unsubscribe", "resources.subscribe", ("stateful",)),
    "server/discover": Method("on_discover", None, ("stateless",)),
    "subscriptions/listen": Method("on_listen", None, ("stateless",)),
    "tools/list": Method("on_tools_list", "tools", _BOTH),
    "tools/call": Method("on_tools_call", "tools", _BOTH),
    "prompts/list": Method("on_prompts_list", "prompts", _BOTH),
    "prompts/get": Method("on_prompts_get", "prompts", _BOTH),
    "completion/complete": Method("on_complete", "completions", _BOTH),
    "resources/list": Method("on_resources_list", "resources", _BOTH),
    "resources/templates/list": Method("on_resources_templates_list", "resources", _BOTH),
    "resources/read": Method("on_resources_read", "resources", _BOTH),
}


class Core:
    """A conversation: ``async with connection:``, and within it each incoming message goes to `handle`, in order.

    Requests run at the same time, and answers may overtake each other; `initialize` alone is finished before the next
    message is looked at. Leaving the block waits `grace` seconds for requests still running, and cancels what is left.
    """

    grace = 1.0

    def __init__(self, server: Server, send: Send) -> None:
        self.server = server
        self.revision: Revision | None = None
        """The negotiated revision; None until `initialize` succeeded, and in the stateless era."""
        self.opening: Era | None = None
        """The era, where the transport knows it before the first message does."""
        self.one_channel = True
        """Whether the messages of all requests share one channel, as on stdio."""
        self.closing = anyio.Event()
        """Set when the conversation ends: whatever would go on for ever comes to its end."""
        self._send = send
        self._open: dict[RequestId, anyio.CancelScope] = {}
        self._background: list[anyio.CancelScope] = []
        self._tasks: TaskGroup

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        self.closing.set()
        for scope in self._background:
            scope.cancel()
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
            await self._done()
            return
        if isinstance(value, list) and value and self.takes_batches():
            await self.on_batch(value)
        else:
            await self._take(value)

    async def _take(self, value: JSON) -> None:
        match messages.classify(value):
            case Request() as request:
                await self.on_request(request)
                return
            case Notification() as notification:
                await self.on_notification(notification)
            case Response() as response:
                await self.on_response(response)
            case Malformed() as malformed:
                await self.invalid_request(malformed)
        await self._done()

    def takes_batches(self) -> bool:
        """Whether an array is a batch, and not merely something that is no message."""
        return self.revision is not None and self.revision.batches

    async def on_batch(self, parts: list[JSON]) -> None:
        """Take the messages of a batch. What they are answered with goes back as one batch."""
        batch = Batch(CURRENT.get() or _Channel(self._send))
        for part in parts:
            with within(batch.part()):
                await self._take(part)
        await batch.complete()

    async def on_request(self, request: Request) -> None:
        """Start to work on a request."""
        if request.id in self._open:
            await self.repeated_id(request)
            await self._done()
            return
        self._open[request.id] = scope = anyio.CancelScope()
        handler = self.route(request)
        if request.method == "initialize":  # finished at once, since what follows depends on it
            await self._answer(request, handler, scope)
        else:
            self._tasks.start_soon(self._answer, request, handler, scope)

    async def _answer(self, request: Request, handler: Handler, scope: anyio.CancelScope) -> None:
        with _serving(request):
            outcome: JSON | ProtocolError = None
            with scope:
                if not scope.cancel_called:  # it may have been cancelled before its turn came
                    outcome = await self._outcome(request, handler)
            del self._open[request.id]
            if not scope.cancel_called:
                if isinstance(outcome, ProtocolError):
                    await self.fail(request.id, outcome)
                else:
                    await self.reply(request.id, outcome)
            await self._done()

    async def _outcome(self, request: Request, handler: Handler) -> JSON | ProtocolError:
        try:
            result = await handler(request)
        except InputRequired as interim:
            result = interim.result
        except ProtocolError as error:
            return error
        except Exception as error:
            return self.internal_error(request, error)
        return self.complete(request, result)

    async def on_notification(self, notification: Notification) -> None:
        """Take note of a notification. Unknown and malformed ones are ignored, none is ever answered."""
        if notification.method == "notifications/cancelled":
            await self.on_cancelled(notification)

    async def on_cancelled(self, notification: Notification) -> None:
        """Stop a running request and don't answer it; a notification that names none is ignored.

        Source: basic/utilities/cancellation; 2026-07-28 basic/patterns/cancellation.
        """
        request_id = notification.params.get("requestId") if isinstance(notification.params, dict) else None
        if messages.is_request_id(request_id) and (scope := self._open.get(request_id)):
            scope.cancel()

    async def on_response(self, response: Response) -> None:
        """Take a response. One that answers nothing is ignored."""

    # ------------------------------------------------------------------------------------------ what the eras decide

    def route(self, request: Request) -> Handler:
        """Decide what answers a request. This happens on its arrival, before any later message can change the state."""
        raise NotImplementedError

    @property
    def speaking(self) -> Revision:
        """The revision whose rules hold for the message at hand."""
        raise NotImplementedError

    def capabilities(self) -> dict[str, JSON]:
        """What is declared."""
        raise NotImplementedError

    def complete(self, request: Request, result: JSON) -> JSON:
        """Add to a result what every result has."""
        raise NotImplementedError

    def questions(self, request: Request) -> Ask:
        """How a tool asks the client while this request is answered."""
        raise NotImplementedError

    def client_capabilities_of(self, request: Request) -> Mapping[str, JSON]:
        """What the client of a request can do."""
        raise NotImplementedError

    def log_level(self, request: Request) -> str | None:
        """The lowest severity of log messages that the client wants because of this request; None: none at all."""
        raise NotImplementedError

    # -------------------------------------------------------------------------------------------- decisions on the way

    async def on_unknown_method(self, request: Request) -> JSON:
        """Refuse a method that doesn't exist, or belongs to a capability that isn't declared."""
        raise ProtocolError(METHOD_NOT_FOUND, f"Method not found: {request.method}")

    async def malformed_params(self, request: Request) -> JSON:
        """Refuse params whose general shape is wrong, whatever the method."""
        raise ProtocolError(INVALID_PARAMS, self.params_problem(request) or "params are malformed")

    def params_problem(self, request: Request) -> str | None:
        """What is wrong with the general shape of params; None if nothing is."""
        raise NotImplementedError

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

    # --------------------------------------------------------------------------------------------- what goes out

    async def reply(self, request_id: RequestId, result: JSON) -> None:
        await self.deliver({"jsonrpc": "2.0", "id": request_id, "result": result})

    async def fail(self, request_id: RequestId | None, error: ProtocolError) -> None:
        """Send an error. When no id could be read there is none to send, or null: `Revision.null_id`."""
        message: dict[str, JSON] = {"jsonrpc": "2.0"}
        if request_id is not None or self.speaking.null_id:
            message["id"] = request_id
        await self.deliver(message | {"error": error.as_json()})

    async def notify(self, method: str, params: dict[str, JSON]) -> None:
        await self.deliver({"jsonrpc": "2.0", "method": method, "params": params})

    async def deliver(self, message: dict[str, JSON]) -> None:
        """The one way out for every message."""
        await self.send(self.encode(message), _kind(message))

    def encode(self, message: dict[str, JSON]) -> bytes:
        return messages.encode(message)

    async def send(self, raw: bytes, kind: Kind = "raw") -> None:
        """Put bytes on the wire as one message: where that which is being handled belongs, or on the common channel."""
        if exchange := CURRENT.get():
            await exchange.send(raw, kind)
        else:
            await self._send(raw)

    def delimit(self, encoded: bytes) -> bytes:
        """What stdio writes for one encoded message (basic/transports#stdio)."""
        return encoded + b"\n"

    async def let_go(self) -> None:
        """Have the connection closed that waits for what is being handled, if its client knows to come back."""
        if exchange := CURRENT.get():
            await exchange.let_go()

    async def _done(self) -> None:
        """Nothing more is said because of the message at hand."""
        if exchange := CURRENT.get():
            await exchange.finish()


class _Channel:
    """The channel that all messages share, as an exchange."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def send(self, raw: bytes, kind: Kind) -> None:
        await self._send(raw)

    async def let_go(self) -> None:
        pass

    async def finish(self) -> None:
        pass


def _kind(message: dict[str, JSON]) -> Kind:
    if "method" not in message:
        return "answer"
    return "request" if "id" in message else "notification"


@contextmanager
def _serving(request: Request) -> Iterator[None]:
    token = SERVED.set(request)
    try:
        yield
    finally:
        SERVED.reset(token)
