"""The server's side of the Model Context Protocol: a correct server by the letter, and a place to break it on purpose.

From the inside out: `messages` tells what a line of input is, `revisions` what differs between protocol revisions,
`server` describes what a server offers, `connection` holds one conversation (no I/O), `stdio` and `memory` move its
bytes, `command_line` starts a server.

A correct server is a description handed to `serve`::

    async def add(call: Call) -> dict[str, JSON]:
        return {"sum": call.arguments["a"] + call.arguments["b"]}

    raise SystemExit(serve(Server(name="adder", version="1", tools=(Tool("add", schema, add),))))

A wrong server is the same, with a `Connection` that differs in one method. Each decision of the protocol is one
method::

    class ForgetsTheId(Connection):
        async def reply(self, request_id: RequestId, result: JSON) -> None:
            await self.deliver({"jsonrpc": "2.0", "result": result})

    raise SystemExit(serve(github, connection=ForgetsTheId))

The seams, all on `Connection`: `negotiate`, `capabilities`, `on_initialize`, `on_ping`, `on_tools_list`,
`on_tools_call`, `on_resources_list`, `on_resources_templates_list`, `on_resources_read`, `on_unknown_method`,
`before_initialize`, `second_initialize`, `malformed_params`, `repeated_id`, `on_notification`, `on_cancelled`,
`on_response`, `invalid_arguments`, `page`, `parse_error`, `invalid_request`, `internal_error`, `reply`, `fail`,
`notify`, `deliver`, `encode`, `delimit`; and for a process `at_start`, before the first byte is read, and
`at_end_of_input`. `send` puts raw bytes on the wire as one line: ``await self.send(b"Welcome!")``. To change what is
offered rather than how, give `dataclasses.replace` a server: ``replace(github(), page_size=1)``.
"""

from .command_line import serve
from .connection import Connection
from .messages import JSON, Notification, ProtocolError, Request, RequestId
from .server import (
    BlobContents,
    Call,
    Resource,
    ResourceProvider,
    ResourceTemplate,
    Server,
    TextContents,
    Tool,
    ToolError,
)

__all__ = [
    "JSON",
    "BlobContents",
    "Call",
    "Connection",
    "Notification",
    "ProtocolError",
    "Request",
    "RequestId",
    "Resource",
    "ResourceProvider",
    "ResourceTemplate",
    "Server",
    "TextContents",
    "Tool",
    "ToolError",
    "serve",
]
