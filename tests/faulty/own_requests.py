"""Requests of the server's own that nobody answers, and its pings (basic/lifecycle#timeouts, basic/utilities/ping)."""

from typing import Any

import anyio

from reference_servers.engine import JSON, Connection, Notification, Request
from reference_servers.engine.server import ToolError

from . import _features as features
from . import fault, variant
from ._spoiling import Message, crash, errors, for_ever
from ._workshop import asking
from .envelopes import ALL_ERRORS

TIMEOUT = {"request-timeout": 0.2}
GIVEN_UP = "timeouts.unanswered-request.is-given-up"


@variant("gives-up-requests-of-its-own", server=asking, hints=TIMEOUT)
class GivesUp(Connection):
    patience = 0.2


@fault("waits-for-ever-for-its-answer", breaks="lifecycle.timeout-set", cases=[GIVEN_UP], server=asking, hints=TIMEOUT)
class WaitsForEver(Connection):
    patience = 3600.0


@fault("gives-up-without-a-word", breaks="lifecycle.timeout-cancel", cases=[GIVEN_UP], server=asking, hints=TIMEOUT)
class GivesUpSilently(Connection):
    async def inquire(self, method: str, params: dict[str, JSON]) -> dict[str, JSON]:
        result: dict[str, JSON] = {}
        with anyio.move_on_after(0.2) as waiting:
            result = await super().inquire(method, params)
        if waiting.cancelled_caught:
            raise ToolError("no answer in time")
        return result


@fault("answers-nothing-once-it-gave-up", breaks="lifecycle.error-request-timeout", cases=[GIVEN_UP], server=asking,
       hints=TIMEOUT)  # fmt: skip
class DeafAfterwards(GivesUp):
    gave_up = False

    async def inquire(self, method: str, params: dict[str, JSON]) -> dict[str, JSON]:
        try:
            return await super().inquire(method, params)
        except ToolError:
            self.gave_up = True
            raise

    async def on_request(self, request: Request) -> None:
        if self.gave_up:
            await for_ever()
        await super().on_request(request)


@variant("one-request-after-the-other", server=asking, hints=TIMEOUT)
class OneAfterTheOther(GivesUp):
    """Right: takes up a request when the one before is done, also while that waits for the client."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.turn = anyio.Lock()

    async def on_request(self, request: Request) -> None:
        async with self.turn:
            await super().on_request(request)


# --------------------------------------------------------------------------------------------------------------- pings

EXCESSIVE, PERIODIC = "ping.own.are-not-excessive", "ping.server-pings-an-idle-session"


@fault("pings-with-each-message", breaks="ping.not-excessive", cases=[EXCESSIVE])
class PingsALot(Connection):
    count = 0

    async def deliver(self, message: Message) -> None:
        await super().deliver(message)
        if "method" not in message and self.revision:
            self.count += 1
            await super().deliver({"jsonrpc": "2.0", "id": f"ping-{self.count}", "method": "ping"})


class PingsNow(Connection):
    """Pings every half a second, four times."""

    times = 4

    async def on_notification(self, notification: Notification) -> None:
        await super().on_notification(notification)
        if notification.method == "notifications/initialized":
            self._tasks.start_soon(self.ping)

    async def ping(self) -> None:
        with anyio.CancelScope() as scope:
            self._background.append(scope)
            for number in range(self.times):
                await anyio.sleep(0.5)
                await self.deliver({"jsonrpc": "2.0", "id": f"ping-{number}", "method": "ping"})


variant("pings-every-half-a-second", hints={"ping-interval": 0.5})(PingsNow)


@fault("never-pings-though-it-is-said-to", breaks="ping.periodic", cases=[PERIODIC], hints={"ping-interval": 0.1})
class NeverPings(PingsNow):
    times = 0


# --------------------------------------------------------------------------------------- what its messages must be like


@fault("says-what-another-version-has", breaks="lifecycle.respect-version", cases=["lifecycle.version.is-respected"])
class OfAnotherVersion(Connection):
    """It tells of a subscription, which only the era without sessions has."""

    async def on_notification(self, notification: Notification) -> None:
        await super().on_notification(notification)
        if notification.method == "notifications/initialized":
            await self.notify("notifications/subscriptions/acknowledged", {"notifications": {}})


COPES = "lifecycle.capabilities.missing-are-coped-with"


@fault("dies-of-a-client-without-roots", breaks="lifecycle.error-capability-negotiation", cases=[COPES],
       may={"lifecycle.capabilities.none-of-the-client": "it declares none either",
            "shutdown.exits-on-end-of-input": "it declares none either"},
       several="the other case sees no more of it than a missing answer", undecided="the server is gone")  # fmt: skip
class NeedsRoots(features.Asks):
    async def on_notification(self, notification: Notification) -> None:
        if notification.method == "notifications/initialized" and "roots" not in self.declared_by_client:
            crash("KeyError: 'roots'")
        await Connection.on_notification(self, notification)


IS_MESSAGE, PURE = "base.messages.are-json-rpc", "stdio.stdout-is-pure"


@fault("sends-an-object-that-is-no-message", breaks=["jsonrpc.conform", "stdio.stdout-only-mcp"],
       cases=[IS_MESSAGE, PURE])  # fmt: skip
class NoMessage(Connection):
    async def on_tools_call(self, request: Request) -> JSON:
        await self.deliver({"jsonrpc": "2.0", "params": {"progress": "calling"}})
        return await super().on_tools_call(request)


@fault("method-of-a-notification-is-a-number", breaks=["jsonrpc.conform", "stdio.stdout-only-mcp"],
       cases=[IS_MESSAGE, PURE])  # fmt: skip
class NumberedMethod(Connection):
    async def on_tools_call(self, request: Request) -> JSON:
        await self.deliver({"jsonrpc": "2.0", "method": 12})
        return await super().on_tools_call(request)


@fault("notification-with-an-id", breaks="jsonrpc.notification-no-id", cases=["base.notifications.have-no-id"])
class NotificationWithId(Connection):
    count = 0

    async def on_tools_call(self, request: Request) -> JSON:
        self.count += 1
        await self.deliver({"jsonrpc": "2.0", "id": f"n{self.count}", "method": "notifications/vendor/called"})
        return await super().on_tools_call(request)


TYPES = ("schema.JSONRPCError", "schema.JSONRPCErrorResponse")
OBJECT, GIVEN = "base.error-object", "base.errors.have-code-and-message"
LONG = "Traceback (most recent call last):\n  File \"server.py\", line 7, in handle\nKeyError: 'method'"

fault(
    "errors-without-a-message", breaks=["jsonrpc.error-code-and-message", *TYPES], cases=[OBJECT, GIVEN], **ALL_ERRORS
)(errors(lambda m: m["error"].pop("message")))
fault("errors-with-a-code-of-text", breaks=["jsonrpc.error-code-integer", *TYPES], cases=[OBJECT, GIVEN], **ALL_ERRORS)(
    errors(lambda m: m["error"].update(code="-32601"))
)
CONCISE = "base.errors.are-concise"
fault("errors-with-a-stack-trace", breaks="jsonrpc.error-message-concise", cases=[CONCISE])(
    errors(lambda m: m["error"].update(message=LONG))
)
fault("errors-of-several-lines", breaks="jsonrpc.error-message-concise", cases=[CONCISE])(
    errors(lambda m: m["error"].update(message="This did not work.\nTry again, or read the manual."))
)
fault("errors-of-a-thousand-words", breaks="jsonrpc.error-message-concise", cases=[CONCISE])(
    errors(lambda m: m["error"].update(message="on and on " * 300))
)
