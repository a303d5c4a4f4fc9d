"""Ping, cancellation and the end (basic/utilities, basic/lifecycle#shutdown)."""

import subprocess
import sys

from reference_servers.engine import JSON, Connection, Notification, ProtocolError, Request

from . import Spread, fault
from ._spoiling import a_moment, crash, for_ever, result_of, silent

PINGS = tuple(f"ping.{kind}" for kind in ("is-answered", "string-id", "with-metadata", "several-at-once"))
EMPTY, EMPTY_CHECK = "ping.empty-result", "ping.result-is-valid"
CORE = "lifecycle.core.handshake-then-ping"
ALL_PINGS: Spread = {
    "may": dict.fromkeys(
        (
            *PINGS,
            EMPTY,
            CORE,
            "cancellation.finished-request",
            "base.requests-are-answered",
            *(f"base.ids.{kind}" for kind in ("interleaved", "large-integer", "string-in-result", "zero")),
        ),
        "it pings too",
    ),
    "undecided": "there is no answer to a ping to look at",
}

fault("ping-result-null", breaks=["schema.EmptyResult", "ping.empty-result"], cases=[EMPTY, EMPTY_CHECK])(
    result_of("ping", None)
)
fault("ping-result-with-members", breaks="ping.empty-result", cases=[EMPTY])(result_of("ping", {"pong": True}))
fault("ping-result-as-text", breaks=["ping.empty-result", "schema.EmptyResult"], cases=[EMPTY, EMPTY_CHECK])(
    result_of("ping", "pong")
)


@fault("ping-is-refused", breaks=["ping.respond", "base.core-components"], cases=[*PINGS, CORE], era="stateful",
       **ALL_PINGS)  # fmt: skip
class RefusesPing(Connection):
    async def on_ping(self, request: Request) -> JSON:
        raise ProtocolError(-32601, "no such method")


@fault("ping-with-metadata-is-refused", breaks="ping.respond", cases=["ping.with-metadata"])
class RefusesMetadata(Connection):
    async def on_ping(self, request: Request) -> JSON:
        if "_meta" in request.params:
            raise ProtocolError(-32602, "ping takes no params")
        return {}


@fault("ping-with-string-id-is-refused", breaks="ping.respond", cases=["ping.string-id"], **ALL_PINGS)
class RefusesStringIds(Connection):
    async def on_ping(self, request: Request) -> JSON:
        if isinstance(request.id, str):
            raise ProtocolError(-32600, "ids are numbers")
        return {}


fault(
    "ping-is-never-answered",
    breaks="ping.respond",
    cases=["ping.is-answered", "base.requests-are-answered"],
    **ALL_PINGS,
)(silent(lambda r: r.method == "ping"))
fault("ping-with-string-id-is-never-answered", breaks="ping.respond", cases=["ping.string-id"])(
    silent(lambda r: r.method == "ping" and r.id == "ping-by-name")
)


@fault("several-pings-are-refused", breaks="ping.respond", cases=["ping.several-at-once"], **ALL_PINGS)
class BusyPing(Connection):
    busy = False

    async def on_ping(self, request: Request) -> JSON:
        if self.busy:
            raise ProtocolError(-32000, "busy")
        self.busy = True
        await a_moment()
        self.busy = False
        return {}


IGNORED_UNKNOWN = ("jsonrpc.notification-no-response", "cancellation.ignore-unknown")
UNKNOWN_REQUEST, FINISHED, MALFORMED = (
    f"cancellation.{kind}" for kind in ("unknown-request", "finished-request", "malformed")
)


class Cancelling(Connection):
    def concerns(self, params: JSON) -> bool:
        return True

    async def on_cancelled(self, notification: Notification) -> None:
        if self.concerns(notification.params):
            await self.react(notification.params)

    async def react(self, params: JSON) -> None:
        await self.deliver({"jsonrpc": "2.0", "id": None, "error": {"code": -32602, "message": "no such request"}})


def unknown(params: JSON) -> bool:
    return bool(params.get("requestId") == "never-sent")


def finished(params: JSON) -> bool:
    return bool(params.get("requestId") == "soon-finished")


def malformed(params: JSON) -> bool:
    return not isinstance(params.get("requestId"), str | int)


@fault(
    "error-for-every-cancellation",
    breaks="jsonrpc.notification-no-response",
    cases=[UNKNOWN_REQUEST, FINISHED, MALFORMED],
)
class ErrorForCancellations(Cancelling):
    pass


@fault("error-for-the-cancellation-of-an-unknown-request", breaks=IGNORED_UNKNOWN,
       cases=[UNKNOWN_REQUEST])  # fmt: skip
class ErrorForUnknown(Cancelling):
    def concerns(self, params: JSON) -> bool:
        return unknown(params)


@fault("answers-the-cancelled-id-of-an-unknown-request", breaks=IGNORED_UNKNOWN,
       cases=[UNKNOWN_REQUEST])  # fmt: skip
class AnswersCancelledId(ErrorForUnknown):
    async def react(self, params: JSON) -> None:
        await self.reply(params["requestId"], {})


@fault(
    "error-for-the-cancellation-of-a-finished-request",
    breaks=["cancellation.race", "cancellation.ignore-completed"],
    cases=[FINISHED],
)
class ErrorForFinished(Cancelling):
    def concerns(self, params: JSON) -> bool:
        return finished(params)


@fault("answers-the-finished-request-again", breaks="jsonrpc.one-response", cases=[FINISHED])
class AnswersAgain(ErrorForFinished):
    async def react(self, params: JSON) -> None:
        await self.fail(params["requestId"], ProtocolError(-32800, "cancelled"))


@fault(
    "dies-of-the-cancellation-of-a-finished-request",
    breaks=["cancellation.race", "cancellation.ignore-completed"],
    cases=[FINISHED],
)
class DiesOfFinished(ErrorForFinished):
    async def react(self, params: JSON) -> None:
        crash("no such request")


@fault("dies-of-the-cancellation-of-an-unknown-request", breaks="cancellation.ignore-unknown", cases=[UNKNOWN_REQUEST])
class DiesOfUnknown(ErrorForUnknown):
    async def react(self, params: JSON) -> None:
        crash("no such request")


@fault("error-for-a-malformed-cancellation", breaks="cancellation.ignore-malformed", cases=[MALFORMED])
class ErrorForMalformed(Cancelling):
    def concerns(self, params: JSON) -> bool:
        return malformed(params)


@fault("dies-of-a-malformed-cancellation", breaks="cancellation.ignore-malformed", cases=[MALFORMED])
class DiesOfMalformed(ErrorForMalformed):
    async def react(self, params: JSON) -> None:
        crash("unhashable type: 'dict'")


EXIT, EXIT_EARLY = (f"shutdown.exits-on-end-of-input{when}" for when in ("", "-before-initialize"))
EOF = "lifecycle.stdio-exit-on-eof"


@fault("ignores-the-end-of-its-input", breaks=EOF, cases=[EXIT, EXIT_EARLY], only_stdio=True)
class IgnoresEnd(Connection):
    async def at_end_of_input(self) -> None:
        await for_ever()


@fault("ignores-the-end-of-its-input-before-initialize", breaks=EOF, cases=[EXIT_EARLY], only_stdio=True,
       era="stateful")  # fmt: skip
class IgnoresEarlyEnd(Connection):
    async def at_end_of_input(self) -> None:
        if self.revision is None:
            await for_ever()


@fault("leaves-a-child-running", breaks=EOF, cases=[EXIT], may={EXIT_EARLY: "the same end, earlier"}, only_stdio=True)
class LeavesChild(Connection):
    async def at_end_of_input(self) -> None:
        ignored = subprocess.DEVNULL
        nap = [sys.executable, "-c", "import time; time.sleep(60)"]
        subprocess.Popen(nap, stdin=ignored, stdout=ignored, stderr=ignored)  # noqa: ASYNC220 - it only starts one
