"""The server's side of the Model Context Protocol: a correct server by the letter, and a place to break it on purpose.

From the inside out: `messages` tells what a piece of input is, `revisions` what differs between protocol revisions,
`server` describes what a server offers, `call` what it can do in answering, and `shapes` how that looks in a revision.
`connection` holds one conversation (no I/O): its rules are in `core` (messages in, answers out), `features` (tools and
resources), `prompts`, `completions`, `stateful` (handshake, session) and `stateless` (each request for itself;
`metadata`, `questions`). `exchange` tells where an answer belongs; `stdio`, `memory` and `http` move the bytes;
`command_line` starts a server.

A correct server is a description handed to `serve`::

    async def add(call: Call) -> dict[str, JSON]:
        return {"sum": call.arguments["a"] + call.arguments["b"]}

    raise SystemExit(serve(Server(name="adder", version="1", tools=(Tool("add", schema, add),))))

Its `revisions` say what it speaks, and so its era: those with a handshake (`STATEFUL`, the default), those without
(`STATELESS`), or both (`REVISIONS`), where the client's opening decides. A tool may report progress, log, and ask the
client (`Call`); so may a prompt, and a resource.

A wrong server is the same, with a `Connection` that differs in one method. Each decision of the protocol is one
method, whatever the transport::

    class ForgetsTheId(Connection):
        async def reply(self, request_id: RequestId, result: JSON) -> None:
            await self.deliver({"jsonrpc": "2.0", "result": result})

    raise SystemExit(serve(github, connection=ForgetsTheId))

The seams on `Connection`:

- in both eras: `on_tools_list`, `on_tools_call`, `on_resources_list`, `on_resources_templates_list`,
  `on_resources_read`, `on_prompts_list`, `on_prompts_get`, `on_complete`, `completion`, `on_unknown_method`,
  `malformed_params`, `repeated_id`, `on_notification`, `on_cancelled`, `on_response`, `invalid_arguments`,
  `unknown_prompt`, `invalid_prompt_arguments`, `resource_not_found`, `page`, `call`, `progress`, `log`, `parse_error`,
  `invalid_request`, `internal_error`, `capabilities`, `complete`, `reply`, `fail`, `notify`, `deliver`, `encode`,
  `delimit`; and for a process `at_start`, before the first byte is read, and `at_end_of_input`;
- with a handshake: `negotiate`, `on_initialize`, `on_ping`, `before_initialize`, `second_initialize`, `on_batch`,
  `takes_batches`, `on_set_level`, `on_subscribe`, `on_unsubscribe`, `tell`, `inquire`;
- without: `is_stateless`, `malformed_metadata`, `unsupported_version`, `refuse_initialize`, `supported_versions`,
  `on_discover`, `completed`, `on_listen`, `honoured`, `acknowledge`, `tell_subscriber`, `end_of_subscription`,
  `round_questions`, `missing_capability`, `missing_url_mode`.

`self.speaking` is the revision whose rules hold for the message at hand. `send` puts raw bytes on the wire as one
message: ``await self.send(b"Welcome!")``.

What HTTP adds is decided by an endpoint, `http.Streamable` or `http.HttpSse`, again with one method a decision::

    class AcceptsWith200(Streamable):
        async def accept(self, http: Http) -> None:
            await http.respond(200)

    raise SystemExit(serve(github, ["--transport=http"], endpoint=AcceptsWith200))

The seams on both: `forbidden` (Origin, Host), `serve`, `connect`, `refuse`, `error_body`, `respond_json`,
`start_stream`, `stream_fields`, `write_event`, `keep_alive`, `on_get`, `on_post`, `not_allowed`; `Http` has `start`,
`write` and `end`, and `stream`, the socket, for bytes that no library would send. Further ones:

- `Streamable`: `era_of`, `accept`, `not_acceptable`, `unsupported_media_type`;
- its stateful side: `stateful_post`, `answer_post`, `session_of_post`, `session_of`, `new_session_id`, `open_session`,
  `session_missing`, `session_unknown`, `refuses_version`, `stated_revision`, `on_delete`, `resume`, `send_events`,
  `prime`, `ask_to_poll`;
- its stateless side: `stateless_post`, `header_problem`, `streams`, `status_of`;
- `HttpSse`: `endpoint_event`, `status_of`.

To change what is offered rather than how, give `dataclasses.replace` a server: ``replace(github(), page_size=1)``.
"""

from .call import Call, ToolError
from .changes import Change, Changes
from .command_line import serve
from .connection import Connection
from .messages import JSON, Notification, ProtocolError, Request, RequestId
from .revisions import REVISIONS, STATEFUL, STATELESS, Revision
from .server import (
    BlobContents,
    Caching,
    Composed,
    Prompt,
    PromptArgument,
    PromptMessage,
    Resource,
    ResourceProvider,
    ResourceTemplate,
    Server,
    Structured,
    TextContents,
    Tool,
)

__all__ = [
    "JSON",
    "REVISIONS",
    "STATEFUL",
    "STATELESS",
    "BlobContents",
    "Caching",
    "Call",
    "Change",
    "Changes",
    "Composed",
    "Connection",
    "Notification",
    "Prompt",
    "PromptArgument",
    "PromptMessage",
    "ProtocolError",
    "Request",
    "RequestId",
    "Resource",
    "ResourceProvider",
    "ResourceTemplate",
    "Revision",
    "Server",
    "Structured",
    "TextContents",
    "Tool",
    "ToolError",
    "serve",
]
