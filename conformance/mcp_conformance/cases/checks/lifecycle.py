"""Passive checks of the lifecycle: version, capabilities, who may speak when (basic/lifecycle)."""

from mcp_conformance.cases.checks import Report, check
from mcp_conformance.jsonrpc import MISSING
from mcp_conformance.methods import find_method
from mcp_conformance.observation import Observation
from mcp_conformance.revisions import REVISIONS, STATEFUL
from mcp_conformance.wire import short


@check("lifecycle.initialize.is-answered", judges=["lifecycle.server-responds"])
def initialize_is_answered(observation: Observation, report: Report) -> None:
    """The answer to initialize holds the server's capabilities and its name and version."""
    for exchange in observation.answered("initialize"):
        report.saw()
        result = exchange.result
        if not isinstance(result, dict):
            report.problem(
                "a result", short(exchange.error if result is MISSING else result), at="/result", events=exchange.events
            )
            continue
        for path in ("capabilities", "serverInfo", "serverInfo/name", "serverInfo/version"):
            *parents, member = path.split("/")
            holder = result.get(parents[0]) if parents else result
            if isinstance(holder, dict) and member not in holder:
                report.problem(
                    f'a member "{member}"',
                    "nothing",
                    at=f"/result/{path}",
                    events=exchange.events,
                    cause=f"schema:initialize:/{path}:required",
                )


@check("lifecycle.version.same-is-kept", judges=["lifecycle.server-same-version"])
def same_version_is_kept(observation: Observation, report: Report) -> None:
    """A version that the server speaks is answered with that version."""
    # The engine surveys only revisions that the server has offered itself, to this request or to another.
    for exchange in observation.results("initialize"):
        report.saw()
        version = exchange.result.get("protocolVersion", MISSING)
        if version != observation.revision and isinstance(version, str):
            report.problem(
                f"{short(observation.revision)}, which the server offers itself when it is asked for another version",
                short(version),
                at="/result/protocolVersion",
                events=exchange.events,
            )


@check(
    "lifecycle.capabilities.only-negotiated",
    judges=["lifecycle.negotiated-capabilities-only"],
    everywhere=True,
    idle="the server sent nothing that needs a capability",
)
def only_negotiated_capabilities(observation: Observation, report: Report) -> None:
    """The server sends only requests that the client declared, and only notifications that it declared itself."""
    declared = observation.server_capabilities
    for event, message in observation.received():
        if message.kind == "request" and message.method in _CLIENT_FEATURES:
            report.saw()
            feature = _CLIENT_FEATURES[message.method]
            if feature not in observation.client_capabilities:
                report.problem(
                    f"no {message.method}: the client didn't declare {feature}",
                    f"a {message.method} request",
                    at="/method",
                    events=(event.number,),
                    cause=f"lifecycle.negotiated-capabilities-only|{message.method}",
                )
        elif message.kind == "notification" and message.method in _SERVER_FEATURES and declared is not None:
            report.saw()
            capability, flag = _SERVER_FEATURES[message.method]
            own = declared.get(capability, MISSING)
            if own is MISSING or (flag and not (isinstance(own, dict) and own.get(flag))):
                name = f"{capability}.{flag}" if flag else capability
                report.problem(
                    f"{message.method} only with the capability {name}",
                    f"a {message.method} notification without it",
                    at="/method",
                    events=(event.number,),
                    cause=f"undeclared:{message.method}",
                    remedy=f"declare {name} in the result of initialize",
                )


_CLIENT_FEATURES = {"sampling/createMessage": "sampling", "roots/list": "roots", "elicitation/create": "elicitation"}
_SERVER_FEATURES = {
    "notifications/message": ("logging", ""),
    "notifications/tools/list_changed": ("tools", "listChanged"),
    "notifications/resources/list_changed": ("resources", "listChanged"),
    "notifications/prompts/list_changed": ("prompts", "listChanged"),
    "notifications/resources/updated": ("resources", "subscribe"),
}


@check(
    "lifecycle.version.is-respected",
    judges=["lifecycle.respect-version"],
    everywhere=True,
    idle="the server sent nothing but answers",
    revisions=STATEFUL,
)
def version_is_respected(observation: Observation, report: Report) -> None:
    """What the server sends of itself the negotiated version knows; nothing is from another version only."""
    for event, message in observation.received():
        if message.kind not in ("request", "notification") or not message.method:
            continue
        if find_method(observation.revision, message.method, "server") is not None:
            report.saw()
            continue
        others = [one.date for one in REVISIONS if find_method(one.date, message.method, "server") is not None]
        if others:  # what no version knows is the server's own, and no sign of another version
            report.problem(
                f"only messages of {observation.revision}, the version of this session",
                f"{message.method}, which is of {' and '.join(others)}",
                at="/method",
                events=(event.number,),
                # A feature of a client's that didn't exist yet can't have been declared either.
                cause=f"lifecycle.negotiated-capabilities-only|{message.method}"
                if message.method in _CLIENT_FEATURES
                else f"of-another-version:{message.method}",
                remedy="keep to the version that was negotiated, whatever else the server speaks",
            )
