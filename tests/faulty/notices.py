"""Progress and log messages: what is said while a request is under way (utilities/progress, utilities/logging)."""

# ruff: noqa: RUF012 - the class attributes here are constants, each of one fault

from reference_servers.engine import JSON, Connection, Request, RequestId, metadata

from . import _features as features
from . import fault, variant


class Progress(features.Speaks):
    """Right: reports progress twice in each call whose client wants it."""

    occasion = "progress"
    steps: tuple[float, ...] = (0.5, 1)

    def token(self, request: Request) -> JSON:
        return request.progress_token

    async def say(self, request: Request | None) -> None:
        for step in self.steps if request else ():
            await self.notify("notifications/progress", {"progressToken": self.token(request), "progress": step})


variant("reports-progress")(Progress)


class OnSubscriptions(features.Announces):
    """Says during each call something that belongs to it, on a subscription."""

    method, params = "notifications/progress", {}
    subscription: RequestId | None = None

    async def acknowledge(self, subscription: RequestId, honoured: dict[str, JSON]) -> None:
        await Connection.acknowledge(self, subscription, honoured)
        self.subscription = subscription

    async def on_tools_call(self, request: Request) -> JSON:
        if self.subscription is not None and metadata.LOG_LEVEL in request.meta:
            own = {"progressToken": request.progress_token} if "progress" in self.params else {}
            meta = {metadata.SUBSCRIPTION_ID: self.subscription}
            await self.notify(self.method, {**own, **self.params, "_meta": meta})
        return await super().on_tools_call(request)


@fault("progress-on-subscriptions", breaks="progress.not-on-listen-stream", era="stateless",
       cases=["progress.not-on-subscriptions"])  # fmt: skip
class ProgressOnSubscriptions(OnSubscriptions):
    params = {"progress": 1}


@fault("log-messages-on-subscriptions", breaks="logging.not-on-listen-stream", era="stateless",
       cases=["logging.messages.not-on-subscriptions"])  # fmt: skip
class LogsOnSubscriptions(OnSubscriptions):
    declared = {"logging": {}, "tools": {"listChanged": True}}
    method, params = "notifications/message", {"level": "info", "data": "calling"}


ASKED = "logging.messages.are-asked-for"


@fault("logs-that-nobody-asked-for", breaks="logging.opt-in-only", era="stateless", cases=[ASKED])
class LogsUnasked(features.Logs):
    occasion = "call"


@fault("logs-although-it-declares-no-logging", breaks="logging.declare-capability", era="stateless",
       cases=["logging.capability.is-declared"])  # fmt: skip
class LogsUndeclared(features.Logs):
    declared = {}


@fault("log-levels-that-do-not-exist-are-taken", breaks="logging.invalid-level-error", era="stateless",
       cases=["stateless.logging.unknown-level"])  # fmt: skip
class TakesAnyLevel(features.Logs):
    def params_problem(self, request: Request) -> str | None:
        problem = super().params_problem(request)
        return None if problem and "logLevel" in problem else problem
