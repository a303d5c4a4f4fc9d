"""What a survey found that only some servers give occasion for: slow tools, tools that log, tools that ask the client;
and what only the hints file can tell."""

from mcp_conformance.calls import SLOW, Accepted
from mcp_conformance.hints import Hints
from mcp_conformance.jsonrpc import JSON
from mcp_conformance.observation import Call
from mcp_conformance.session import Session

MISSING = {
    "slow": "no tool that was called is known to be slow: name one in the hints file (slow: true), with arguments with "
    "which it takes a second or longer",
    "logger": "no tool that was called with success logged anything",
    "asker": "no tool that was called with success asked the client for anything",
    "pings": "only the server's owner knows whether and how often it pings: give ping-interval in the hints file",
    "timeout": "only the server's owner knows when it gives up a request of its own: give request-timeout in the hints "
    "file",
}
"""Values that cases can refer to, with the reason why one isn't there, and what would help."""

_LONG = 1.0  # seconds that a call has to take, by itself, to be cancelled on its way
_LONGEST = 20.0  # seconds: a case waits for a slow call to its usual end
_ASKS = ("sampling/createMessage", "elicitation/create", "roots/list")


def find(session: Session, calls: list[Call], known: dict[str, Accepted], hints: Hints) -> dict[str, JSON]:
    """The values that there are.

    `slow`, `logger` and `asker` are a tool's `name` with `arguments` that it accepts; `slow` has also `patience`, the
    seconds in which its call ends by itself. `pings` and `timeout` have only that.
    """
    values: dict[str, JSON] = {}
    slow = [
        (accepted.seconds, name, accepted.arguments)
        for name, accepted in known.items()
        if accepted.seconds <= _LONGEST and (accepted.seconds >= _LONG or hints.tool(name).slow)
        if hints.tool(name).call != "never"
    ]
    if slow:
        seconds, name, arguments = min(slow, key=lambda one: one[0])
        values["slow"] = {"name": name, "arguments": arguments, "patience": 1.5 * seconds + 0.5}
    for call in calls:
        exchange = call.exchange
        if not isinstance(exchange.result, dict) or exchange.result.get("isError") or exchange.seconds > SLOW:
            continue
        assert exchange.answer is not None
        assert isinstance(exchange.params, dict)
        made: JSON = {"name": exchange.params["name"], "arguments": exchange.params["arguments"]}
        for event in session.transcript.since(exchange.sent.number):
            if event.number > exchange.answer.number:
                break
            message = event.message if event.direction == "received" else None
            if message is None:
                continue
            if message.kind == "notification" and message.method == "notifications/message":
                params = message.value.get("params")
                if isinstance(params, dict) and params.get("level") != "emergency":
                    values.setdefault("logger", made)
            elif message.kind == "request" and message.method in _ASKS:
                values.setdefault("asker", made)
    if hints.ping_interval is not None:
        values["pings"] = {"patience": 2 * hints.ping_interval + 1}
    if hints.request_timeout is not None:
        values["timeout"] = {"patience": 2 * hints.request_timeout + 1}
    return values
