"""The dated revisions of the protocol, and the messages that each of them knows. Data and look-up only, no I/O.

Source: the lists of methods and of who sends them are those of the schema page of each revision
(`ClientRequest`, `ServerRequest`, `ClientNotification`, `ServerNotification`); which capability a method belongs to is
said in the table "Capability Negotiation" of the page on the lifecycle and on the page of the feature.
"""

import re
from dataclasses import dataclass
from typing import Literal

Era = Literal["stateful", "stateless"]
Kind = Literal["request", "notification"]
Sender = Literal["client", "server"]


@dataclass(frozen=True)
class Revision:
    """A dated version of the protocol, as it stands in `protocolVersion`."""

    date: str
    era: Era


REVISIONS = (
    Revision("2024-11-05", "stateful"),
    Revision("2025-03-26", "stateful"),
    Revision("2025-06-18", "stateful"),
    Revision("2025-11-25", "stateful"),
    Revision("2026-07-28", "stateless"),
)
"""Every revision, oldest first."""

JUDGED = ("2025-06-18", "2025-11-25")
"""The revisions that have suites, schemas and a table of methods here, oldest first."""


@dataclass(frozen=True)
class Method:
    """A method of a revision.

    `params` and `result` name definitions of the revision's schema: the whole request or notification (with its
    `method`), and the `result` member of the answer; a notification has no result. `capability` is the dotted name of
    what the *receiver* of a request must have declared, or the *sender* of a notification, before it may be sent;
    None if nothing need be declared.
    """

    name: str
    kind: Kind
    sender: Literal["client", "server", "both"]
    params: str | None
    result: str | None = None
    capability: str | None = None


def _request(
    name: str,
    sender: Literal["client", "server", "both"],
    params: str,
    result: str,
    capability: str | None = None,
) -> Method:
    return Method(name, "request", sender, params, result, capability)


def _notification(
    name: str, sender: Literal["client", "server", "both"], params: str, capability: str | None = None
) -> Method:
    return Method(name, "notification", sender, params, None, capability)


_SINCE_2025_06_18 = (
    _request("initialize", "client", "InitializeRequest", "InitializeResult"),
    _request("ping", "both", "PingRequest", "EmptyResult"),
    _request("tools/list", "client", "ListToolsRequest", "ListToolsResult", "tools"),
    _request("tools/call", "client", "CallToolRequest", "CallToolResult", "tools"),
    _request("resources/list", "client", "ListResourcesRequest", "ListResourcesResult", "resources"),
    _request(
        "resources/templates/list",
        "client",
        "ListResourceTemplatesRequest",
        "ListResourceTemplatesResult",
        "resources",
    ),
    _request("resources/read", "client", "ReadResourceRequest", "ReadResourceResult", "resources"),
    _request("resources/subscribe", "client", "SubscribeRequest", "EmptyResult", "resources.subscribe"),
    _request("resources/unsubscribe", "client", "UnsubscribeRequest", "EmptyResult", "resources.subscribe"),
    _request("prompts/list", "client", "ListPromptsRequest", "ListPromptsResult", "prompts"),
    _request("prompts/get", "client", "GetPromptRequest", "GetPromptResult", "prompts"),
    _request("completion/complete", "client", "CompleteRequest", "CompleteResult", "completions"),
    _request("logging/setLevel", "client", "SetLevelRequest", "EmptyResult", "logging"),
    _request("roots/list", "server", "ListRootsRequest", "ListRootsResult", "roots"),
    _request("sampling/createMessage", "server", "CreateMessageRequest", "CreateMessageResult", "sampling"),
    _request("elicitation/create", "server", "ElicitRequest", "ElicitResult", "elicitation"),
    _notification("notifications/initialized", "client", "InitializedNotification"),
    _notification("notifications/cancelled", "both", "CancelledNotification"),
    _notification("notifications/progress", "both", "ProgressNotification"),
    _notification("notifications/message", "server", "LoggingMessageNotification", "logging"),
    _notification("notifications/tools/list_changed", "server", "ToolListChangedNotification", "tools.listChanged"),
    _notification(
        "notifications/resources/list_changed", "server", "ResourceListChangedNotification", "resources.listChanged"
    ),
    _notification("notifications/resources/updated", "server", "ResourceUpdatedNotification", "resources.subscribe"),
    _notification(
        "notifications/prompts/list_changed", "server", "PromptListChangedNotification", "prompts.listChanged"
    ),
    _notification("notifications/roots/list_changed", "client", "RootsListChangedNotification", "roots.listChanged"),
)

_ONLY_2025_11_25 = (
    _request("tasks/get", "both", "GetTaskRequest", "GetTaskResult", "tasks"),
    _request("tasks/result", "both", "GetTaskPayloadRequest", "GetTaskPayloadResult", "tasks"),
    _request("tasks/list", "both", "ListTasksRequest", "ListTasksResult", "tasks.list"),
    _request("tasks/cancel", "both", "CancelTaskRequest", "CancelTaskResult", "tasks.cancel"),
    _notification("notifications/tasks/status", "both", "TaskStatusNotification", "tasks"),
    # What must be declared here is the client's: the server only ends what it asked for in URL mode.
    _notification("notifications/elicitation/complete", "server", "ElicitationCompleteNotification"),
)

METHODS: dict[str, tuple[Method, ...]] = {
    "2025-06-18": _SINCE_2025_06_18,
    "2025-11-25": _SINCE_2025_06_18 + _ONLY_2025_11_25,
}
"""The methods of each judged revision."""


def find_method(revision: str, name: str, sender: Sender) -> Method | None:
    """The method `name` as `sender` may send it in `revision`, or None if that side has no such method.

    Raises `LookupError` for a revision without a table of methods.
    """
    try:
        methods = METHODS[revision]
    except KeyError:
        raise LookupError(f'no methods are known for revision "{revision}"; there are {", ".join(METHODS)}') from None
    return next((method for method in methods if method.name == name and method.sender in (sender, "both")), None)


_NEVER_JUDGED = ("2024-10-07",)  # published before the specification was, and still spoken


def may_be_published(version: str) -> bool:
    """Whether a version can be one of the protocol: a published one, a draft, or one later than those that are known
    here."""
    known = {revision.date for revision in REVISIONS} | set(_NEVER_JUDGED)
    later = re.fullmatch(r"20\d\d-(0\d|1[0-2])-([0-2]\d|3[01])", version) is not None and version > REVISIONS[-1].date
    return version in known or later or version.startswith("DRAFT")
