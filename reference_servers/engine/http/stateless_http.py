"""Streamable HTTP in the stateless era: each POST is a conversation of its own, and closing it is cancelling it.

Source: 2026-07-28 basic/transports/streamable-http.
"""

from collections.abc import Mapping

import anyio

from reference_servers.engine import messages, metadata
from reference_servers.engine.connection import Connection
from reference_servers.engine.exchange import Kind, within
from reference_servers.engine.messages import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    JSON,
    METHOD_NOT_FOUND,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    PARSE_ERROR,
    UNSUPPORTED_PROTOCOL_VERSION,
    Notification,
    ProtocolError,
    Request,
)
from reference_servers.engine.server import Server

from . import headers
from .endpoint import DEFAULTS, Endpoint, Settings
from .streams import Event
from .wire import Http

STATUS: Mapping[int, int] = {
    METHOD_NOT_FOUND: 404,
    HEADER_MISMATCH: 400,
    MISSING_REQUIRED_CLIENT_CAPABILITY: 400,
    UNSUPPORTED_PROTOCOL_VERSION: 400,
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
}
"""Statuses of errors by their codes; for any other the text names none, and it is 200 as for a result."""


class StatelessHttp(Endpoint):
    """The endpoint of the stateless era."""

    def __init__(
        self, server: Server, connection: type[Connection] = Connection, settings: Settings = DEFAULTS
    ) -> None:
        super().__init__(server, connection, settings)
        self._conversations: set[Connection] = set()

    async def end(self) -> None:
        await super().end()
        for conversation in self._conversations:
            conversation.closing.set()

    async def stateless_post(self, http: Http, body: JSON) -> None:
        """Take a message: 202 for a notification, else an answer, as JSON or at the end of a stream."""
        message = messages.classify(body)
        reply = Reply(self, http, message if isinstance(message, Request) else None)
        async with self.connect(_nowhere) as connection:
            connection.opening = "stateless"
            self._conversations.add(connection)
            try:
                with within(reply):
                    if isinstance(message, Request) and (error := self.header_problem(http, connection, message)):
                        await connection.fail(message.id, error)
                        await reply.finish()
                    else:
                        await connection.handle(http.body)
                if isinstance(message, Request):
                    await reply.complete()
                elif not http.started and isinstance(message, Notification):
                    await self.accept(http)
                elif not http.started:
                    await self.refuse(http, 400, "a message is a request or a notification")
            finally:
                self._conversations.discard(connection)

    def header_problem(self, http: Http, connection: Connection, request: Request) -> ProtocolError | None:
        """What is wrong with the headers that repeat the body; None if nothing is, or the body has to be refused.

        Which headers there are depends on the version, so that this is looked at first (#server-validation).
        """
        try:
            headers.check_version(http.headers, request)
            if metadata.missing(request) or connection.requested_revision(request) is None:
                return None
            headers.check_names(http.headers, request)
            if request.method == "tools/call":
                name = request.params.get("name")
                if tool := next((tool for tool in self.server.tools if tool.name == name), None):
                    headers.check_arguments(http.headers, tool.input_schema, request.params.get("arguments"))
        except ProtocolError as error:
            if request.method == "initialize":  # whoever sends that learns here what is spoken instead
                supported = connection.supported_versions()
                return ProtocolError(
                    error.code, f"{error.message}; this server speaks {', '.join(supported)}", {"supported": supported}
                )
            return error
        return None

    def streams(self, request: Request | None) -> bool:
        """Whether a request is answered by a stream, rather than by one JSON object."""
        return request is not None and (self.settings.answers == "stream" or request.method == "subscriptions/listen")

    def status_of(self, request: Request | None, answer: bytes) -> int:
        """The status of an answer that is known before anything else was said."""
        code = _error_code(answer)
        if code == INVALID_PARAMS and request is not None and metadata.missing(request):
            return 400
        return 200 if code is None else STATUS.get(code, 200)


class Reply:
    """What is said to one POST: whether it becomes JSON or a stream shows when the first message comes.

    So an error can have its status even where a result is the end of a stream.
    """

    def __init__(self, endpoint: StatelessHttp, http: Http, request: Request | None) -> None:
        """`request` is None when the message is none."""
        self._endpoint = endpoint
        self._http = http
        self._request = request
        self._streams = endpoint.streams(request)
        self._finished = anyio.Event()

    async def send(self, raw: bytes, kind: Kind) -> None:
        http, endpoint = self._http, self._endpoint
        if http.started and not http.streaming:
            return  # the response is complete
        if kind == "answer" and not http.started:
            status = endpoint.status_of(self._request, raw)
            if status != 200 or not self._streams:
                await endpoint.respond_json(http, status, raw)
                return
        elif not self._streams:
            return  # one JSON object has no room for it
        if not http.started:
            await endpoint.start_stream(http)
        await endpoint.write_event(http, Event(raw))

    async def let_go(self) -> None:
        """A connection that is closed here cancels its request, so that it is kept."""

    async def finish(self) -> None:
        self._finished.set()

    async def complete(self) -> None:
        """Wait until there is no more to say, and end the response."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._endpoint.keep_alive, self._http)
            await self._finished.wait()
            tasks.cancel_scope.cancel()
        if not self._http.started:  # there was no answer at all
            await self._endpoint.start_stream(self._http)
        if self._http.streaming:
            await self._http.end()


async def _nowhere(raw: bytes) -> None:
    """Where that goes which belongs to no request: nobody listens."""


def _error_code(answer: bytes) -> int | None:
    try:
        value = messages.parse(answer)
    except ValueError:
        return None
    error = value.get("error") if isinstance(value, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) else None
