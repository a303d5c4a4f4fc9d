"""Calls under way: cancelled, reporting progress, side by side (basic/utilities/cancellation, …/progress)."""

from collections.abc import Iterable
from typing import Any

from reference_servers.engine import JSON, Connection, Notification, ProtocolError, Request, RequestId
from reference_servers.engine.server import Progress

from . import _features as features
from . import fault, variant
from ._spoiling import Message, Rewriting, a_moment, crash
from ._workshop import SLOW, workshop

variant("reports-progress-and-logs", server=workshop, hints=SLOW)(Connection)

# ------------------------------------------------------------------------------------------- calls that are cancelled

NO_RESPONSE, STOPPED, NO_HARM = (
    f"cancellation.running-call.{kind}" for kind in ("gets-no-response", "is-stopped", "does-no-harm")
)
OTHERS, TWO = "concurrency.slow-call.others-are-answered", "concurrency.calls.two-at-once"


@fault("answers-a-cancelled-call-with-an-error", breaks="cancellation.no-response", cases=[NO_RESPONSE],
       server=workshop, hints=SLOW)  # fmt: skip
class AnswersCancelled(Connection):
    async def on_cancelled(self, notification: Notification) -> None:
        number = notification.params.get("requestId")
        running = isinstance(number, str | int) and number in self._open
        await super().on_cancelled(notification)
        if running:
            await self.fail(number, ProtocolError(0, "Request cancelled"))


@fault("works-on-after-a-cancellation", breaks="cancellation.stop-processing", cases=[STOPPED],
       server=workshop, hints=SLOW)  # fmt: skip
class WorksOn(Connection):
    """It hears of the cancellation and sends no answer, but the work goes on."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.given_up: set[RequestId] = set()

    async def on_cancelled(self, notification: Notification) -> None:
        number = notification.params.get("requestId")
        if isinstance(number, str | int) and number in self._open:
            self.given_up.add(number)

    async def reply(self, request_id: RequestId, result: JSON) -> None:
        if request_id not in self.given_up:
            await super().reply(request_id, result)


@variant("goes-on-to-the-end-of-a-cancelled-call", server=workshop, hints=SLOW)
class CannotCancel(Connection):
    async def on_cancelled(self, notification: Notification) -> None:
        pass


@fault("dies-of-the-cancellation-of-a-running-call", breaks="cancellation.race", cases=[NO_HARM],
       may={NO_RESPONSE: "it dies of this one too", STOPPED: "it dies of this one too"}, server=workshop, hints=SLOW,
       undecided="what the rest of the case would have shown stays open")  # fmt: skip
class DiesOfCancellation(Connection):
    async def on_cancelled(self, notification: Notification) -> None:
        if notification.params.get("requestId") == 30001:
            crash("task destroyed while it was pending")
        await super().on_cancelled(notification)


# ----------------------------------------------------------------------------------------------- requests side by side


@fault("loses-what-comes-during-a-slow-call", breaks="jsonrpc.request-answered", cases=[OTHERS],
       may={NO_RESPONSE: "it asks for something during a slow call", STOPPED: "it does too"},
       undecided="what the answer would have shown stays open", server=workshop, hints=SLOW)  # fmt: skip
class LosesPings(Connection):
    napping: JSON = None

    async def on_request(self, request: Request) -> None:
        if request.params.get("name") == "nap":
            self.napping = request.id
        if request.method not in ("ping", "server/discover") or self.napping not in self._open:
            await super().on_request(request)


@fault("dies-of-two-calls-at-once", breaks="jsonrpc.request-answered", cases=[TWO], server=workshop, hints=SLOW)
class DiesOfTwo(Connection):
    calls = 0

    async def on_request(self, request: Request) -> None:
        if request.method == "tools/call" and self.calls:
            crash("the database is locked")
        self.calls += request.method == "tools/call"
        await super().on_request(request)

    async def on_tools_call(self, request: Request) -> JSON:
        await a_moment()
        try:
            return await super().on_tools_call(request)
        finally:
            self.calls -= 1


# ----------------------------------------------------------------------------------------------------------- progress

KNOWN, ENDS, RISE = "progress.tokens.are-known", "progress.ends-with-the-answer", "progress.values.increase"
READABLE, RATE = "progress.messages.are-readable", "progress.rate.is-limited"


class Reporting(Connection):
    """Reports something else in place of what a tool reports."""

    def spoil(self, params: dict[str, JSON], request: Request) -> Iterable[dict[str, JSON]]:
        """What is reported in place of these params."""
        return [params]

    def progress(self, request: Request) -> Progress:
        async def report(value: float, total: float | None = None, message: str | None = None) -> None:
            if (token := request.progress_token) is not None:
                params: dict[str, JSON] = {"progressToken": token, "progress": value}
                if message is not None and self.speaking.name >= "2025-03-26":
                    params["message"] = message
                for spoilt in self.spoil(params, request):
                    await self.notify("notifications/progress", spoilt)

        return report


@fault("progress-falls", breaks="progress.increases", cases=[RISE], server=workshop)
class Falls(Reporting):
    def spoil(self, params: dict[str, JSON], request: Request) -> Iterable[dict[str, JSON]]:
        return [params | {"progress": 10 - params["progress"]}]


@fault("progress-stands-still", breaks="progress.increases", cases=[RISE], server=workshop)
class StandsStill(Reporting):
    def spoil(self, params: dict[str, JSON], request: Request) -> Iterable[dict[str, JSON]]:
        return [params | {"progress": 50}]


@fault("progress-falls-in-the-last-report-of-the-slow-call", breaks="progress.increases", cases=[RISE], server=workshop)
class FallsAtLast(Reporting):
    def spoil(self, params: dict[str, JSON], request: Request) -> Iterable[dict[str, JSON]]:
        return [params | {"progress": 0}] if params["progress"] == 6 else [params]


@fault("progress-under-the-id-of-the-request", breaks="progress.known-token", cases=[KNOWN], server=workshop)
class UnderTheId(Reporting):
    def spoil(self, params: dict[str, JSON], request: Request) -> Iterable[dict[str, JSON]]:
        return [params | {"progressToken": f"request {request.id}"}]


@fault("progress-tokens-as-text", breaks="progress.known-token", cases=[KNOWN], server=workshop)
class TokensAsText(Reporting):
    def spoil(self, params: dict[str, JSON], request: Request) -> Iterable[dict[str, JSON]]:
        return [params | {"progressToken": str(params["progressToken"])}]


@fault("progress-without-being-asked", breaks="progress.known-token", cases=["tools.call.is-answered"],
       may={"tools.call.missing-argument": "it gives no token either", "tools.call.mistyped-argument": "nor this",
            "tools.call.name-in-other-case": "nor this", "tools.call.unknown-tool": "nor this",
            "tools.call.without-name": "nor this", OTHERS: "nor this", NO_HARM: "nor this"})  # fmt: skip
class Unasked(Connection):
    async def on_tools_call(self, request: Request) -> JSON:
        if request.progress_token is None:
            await self.notify("notifications/progress", {"progressToken": "0", "progress": 1})
        return await super().on_tools_call(request)


BOTH_ENDS = ("progress.stops-after-completion", "progress.in-progress-only")


@fault("progress-after-the-answer", breaks=BOTH_ENDS, cases=[ENDS], server=workshop)
class AfterTheAnswer(Rewriting):
    def rewrite(self, message: Message, request: Request | None) -> Iterable[Message]:
        yield message
        if request is not None and request.progress_token is not None:
            params = {"progressToken": request.progress_token, "progress": 100}
            yield {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}


@fault("progress-of-the-call-before", breaks=BOTH_ENDS, cases=[ENDS], server=workshop)
class OfTheCallBefore(Reporting):
    before: JSON = None

    def spoil(self, params: dict[str, JSON], request: Request) -> Iterable[dict[str, JSON]]:
        token, self.before = self.before, params["progressToken"]
        if token is not None and token != params["progressToken"]:
            yield {"progressToken": token, "progress": 1000}
        yield params


@fault("progress-messages-without-a-word", breaks="progress.message-readable", cases=[READABLE], server=workshop)
class WithoutWords(Reporting):
    def spoil(self, params: dict[str, JSON], request: Request) -> Iterable[dict[str, JSON]]:
        return [params | {"message": "..."}]


@fault("progress-floods", breaks="progress.rate-limit", cases=[RATE], server=workshop)
class Floods(Reporting):
    def spoil(self, params: dict[str, JSON], request: Request) -> Iterable[dict[str, JSON]]:
        return [params | {"progress": params["progress"] + part / 100} for part in range(100)]


# ------------------------------------------------------------------------------- progress on the server's own requests

TYPED, UNIQUE = "progress.own-tokens.have-a-type", "progress.own-tokens.are-unique"


class WantsProgress(Connection):
    """Pings the client twice at once, and wants to hear how far that is."""

    tokens: tuple[JSON, ...] = ("ping-a", 7)

    async def on_notification(self, notification: Notification) -> None:
        await super().on_notification(notification)
        if notification.method == "notifications/initialized":
            pings = [
                {"jsonrpc": "2.0", "id": f"p{number}", "method": "ping", "params": {"_meta": {"progressToken": token}}}
                for number, token in enumerate(self.tokens)
            ]
            await self.send(b"\n".join(self.encode(ping) for ping in pings))


variant("wants-progress-on-its-pings")(WantsProgress)


@fault("own-progress-token-with-a-fraction", breaks="progress.token-type", cases=[TYPED, "base.requests-are-valid"])
class FractionalToken(WantsProgress):
    tokens = (1.5,)


@fault("own-progress-token-is-an-object", breaks="progress.token-type", cases=[TYPED, "base.requests-are-valid"])
class ObjectToken(WantsProgress):
    tokens = ({"of": "ping"},)


@fault("one-progress-token-for-all-its-requests", breaks="progress.token-unique", cases=[UNIQUE])
class OneToken(WantsProgress):
    tokens = ("all", "all")


# -------------------------------------------------------------------------------------- what the server cancels itself

OWN = tuple(
    f"cancellation.own.{kind}" for kind in ("names-own-request", "is-under-way", "has-id", "late-answer-is-ignored")
)


@fault("cancels-what-it-never-asked", breaks="cancellation.same-direction", cases=[OWN[0]])
class CancelsNothing(features.Cancels):
    cancellation = {"requestId": "ping-2"}  # noqa: RUF012


@fault("cancels-a-request-of-the-clients", breaks="cancellation.same-direction", cases=[OWN[0]])
class CancelsOurs(Connection):
    async def on_tools_call(self, request: Request) -> JSON:
        await self.notify("notifications/cancelled", {"requestId": request.id, "reason": "too busy"})
        return await super().on_tools_call(request)


@fault("cancels-what-was-answered-long-ago", breaks="cancellation.in-progress-only", cases=[OWN[1]])
class CancelsAnswered(features.Asks):
    async def on_tools_call(self, request: Request) -> JSON:
        await self.notify("notifications/cancelled", {"requestId": "ping-1"})
        return await super().on_tools_call(request)


@fault("cancels-without-an-id", breaks="cancellation.request-id-present", cases=[OWN[2]])
class CancelsNameless(features.Cancels):
    cancellation = {"reason": "never mind"}  # noqa: RUF012


class CancelsAtOnce(Connection):
    """Pings and takes it back in one breath, so that the answer comes too late."""

    async def on_notification(self, notification: Notification) -> None:
        await super().on_notification(notification)
        if notification.method == "notifications/initialized":
            ping = {"jsonrpc": "2.0", "id": "ping-1", "method": "ping"}
            cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "ping-1"}}
            await self.send(self.encode(ping) + b"\n" + self.encode(cancelled))


variant("takes-its-ping-back-at-once")(CancelsAtOnce)


@fault("refuses-an-answer-that-comes-too-late", breaks="cancellation.sender-ignores-late", cases=[OWN[3]])
class RefusesLateAnswers(CancelsAtOnce):
    async def on_response(self, response: Any) -> None:
        await self.fail(None, ProtocolError(-32600, "no such request"))
